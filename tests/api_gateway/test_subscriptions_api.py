"""Subscriptions over REST and gRPC, with a notifier that really tells a real receiver."""

import json

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from mistral.v1 import subscription_service_pb2 as service
from mistral.v1 import subscription_service_pb2_grpc as service_grpc
from tests.api_gateway.telling import PATH, UNKNOWN, body


@pytest.fixture
def subscription(channel: grpc.aio.Channel) -> service_grpc.SubscriptionServiceStub:
    return service_grpc.SubscriptionServiceStub(channel)


async def test_it_is_shown_with_all_but_its_secrets(rest, made, name):
    shown = await made(event_types=["WORKFLOW_*"], secrets={"secret": "hush", "headers": {"x": "hush"}})

    assert shown["secrets"] == ["headers", "secret"]
    assert json.loads(shown["publisher"]) == {
        "format": "cloudevents",
        "type": "webhook",
        "url": "https://hooks.example/a",
    }
    assert (shown["enabled"], shown["pending"], shown["dead"]) == (True, 0, 0)
    for address in (f"{PATH}/{shown['id']}", f"{PATH}/{name}"):
        answer = await rest.get(address)
        assert answer.json() == shown
        assert "hush" not in answer.text
    assert "hush" not in (await rest.get(PATH)).text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": ""}, "The name of a subscription has 1 to 255 characters"),
        ({"publisher": {}}, "The publisher needs a type"),
        ({"publisher": {"type": "webhook"}}, "A webhook needs a url of http or https"),
        ({"publisher": {"type": "webhook", "url": "ftp://a/"}}, "A webhook needs a url of http or https"),
        ({"publisher": {"type": "webhook", "url": "http://u:p@a/"}}, "A url holds no password"),
        ({"publisher": {"type": "webhook", "url": "http://a/", "secret": "s"}}, "Among the secrets"),
        ({"publisher": {"type": "webhook", "url": "http://a/", "redirects": 9}}, "redirects are 0 to 5"),
        ({"publisher": {"type": "webhook", "url": "http://a/", "format": "morse"}}, "The format is one of"),
        ({"publisher": {"type": "log", "ordered": "no"}}, "ordered is true or false"),
        ({"secrets": {"url": "http://a/"}}, "Both publisher and secrets have: url"),
        ({"secrets": {"type": "log"}, "publisher": {"type": "log"}}, "Both publisher and secrets have: type"),
        ({"event_types": ["WORKFLOW_EATEN"]}, "No event is called 'WORKFLOW_EATEN'"),
        ({"event_types": [""]}, "An entry of event_types has 1 to 255 characters"),
        ({"states": ["HAPPY"]}, "There is no state 'HAPPY'"),
        ({"condition": "true"}, "The condition is no expression"),
        ({"condition": "<% $.a + %>"}, "Parse error"),
        ({"bogus": 1}, "Unknown attribute for argument subscription: bogus"),
        ({"workflow_names": ["a"] * 101}, "workflow_names has at most 100 entries"),
    ],
)
async def test_what_cannot_work_is_refused(rest, name, given, said):
    answer = await rest.post(PATH, json=body(name) | given)

    assert answer.status_code == 400
    assert said in answer.json()["faultstring"]


async def test_a_name_is_taken_once(rest, made, name):
    await made()

    assert (await rest.post(PATH, json=body(name))).status_code == 409


async def test_a_change_keeps_what_it_does_not_name(rest, made, name):
    first = await made(event_types=["TASK_FAILED"], secrets={"secret": "a"}, tags=["t"])

    answer = await rest.put(f"{PATH}/{name}", json={"enabled": False, "tags": []})

    changed = answer.json()
    assert (changed["enabled"], changed["tags"], changed["event_types"]) == (False, [], ["TASK_FAILED"])
    assert changed["secrets"] == first["secrets"]
    assert changed["updated_at"] is not None


async def test_secrets_do_not_move_to_another_place(rest, made, name):
    await made(secrets={"secret": "a"})
    elsewhere = {"type": "webhook", "url": "https://thief.example/"}

    refused = await rest.put(f"{PATH}/{name}", json={"publisher": elsewhere})
    renewed = await rest.put(f"{PATH}/{name}", json={"publisher": elsewhere, "secrets": {"secret": "b"}})

    assert refused.status_code == 400
    assert "send its secrets anew" in refused.json()["faultstring"]
    assert renewed.status_code == 200


async def test_a_secret_url_is_kept(rest, name):
    sent = {"name": name, "publisher": {"type": "webhook"}, "secrets": {"url": "https://hooks.example/token"}}
    assert (await rest.post(PATH, json=sent)).status_code == 201

    changed = await rest.put(f"{PATH}/{name}", json={"description": "d"})

    assert changed.status_code == 200
    assert "token" not in changed.text


async def test_a_removed_one_is_gone(rest, made, name):
    await made()

    assert (await rest.delete(f"{PATH}/{name}")).status_code == 204
    assert (await rest.get(f"{PATH}/{name}")).status_code == 404
    assert (await rest.delete(f"{PATH}/{UNKNOWN}")).status_code == 404


async def test_a_trial_is_delivered_and_logged(rest, made, name, notifier, hook):
    await made(publisher={"type": "webhook", "url": hook.url})

    good = (await rest.post(f"{PATH}/{name}/test")).json()
    hook.status = 500
    bad = (await rest.post(f"{PATH}/{name}/test")).json()

    assert (good["delivered"], good["error"]) == (True, "")
    assert (bad["delivered"], bad["error"]) == (False, "HTTP 500")
    assert [one["data"]["event"] for one in hook.requests] == ["SUBSCRIPTION_TEST"] * 2
    log = (await rest.get(f"{PATH}/{name}/attempts", params={"sort_keys": "created_at"})).json()["delivery_attempts"]
    assert [(one["delivered"], one["error"], one["attempt"]) for one in log] == [(True, "", 1), (False, "HTTP 500", 1)]
    failed = await rest.get(f"{PATH}/{name}/attempts", params={"delivered": "false"})
    assert [one["error"] for one in failed.json()["delivery_attempts"]] == ["HTTP 500"]
    # A trial that failed is no dead letter.
    assert (await rest.get(f"{PATH}/{name}")).json()["dead"] == 0


async def test_over_grpc_it_is_made_once_changed_by_mask_and_removed(subscription, name):
    request = service.CreateSubscriptionRequest(
        name=name, publisher='{"type": "noop"}', event_types=["*"], condition="<% $.x %>", request_id=name
    )
    made = (await subscription.CreateSubscription(request)).subscription
    again = (await subscription.CreateSubscription(request)).subscription
    assert made.id == again.id

    changed = await subscription.UpdateSubscription(
        service.UpdateSubscriptionRequest(
            identifier=name, enabled=False, update_mask=FieldMask(paths=["enabled", "condition"]), etag=made.etag
        )
    )
    assert (changed.subscription.enabled, changed.subscription.condition) == (False, "")
    assert list(changed.subscription.event_types) == ["*"]
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await subscription.DeleteSubscription(service.DeleteSubscriptionRequest(identifier=name, etag=made.etag))
    assert refused.value.code() is grpc.StatusCode.ABORTED
    found = await subscription.ListSubscriptions(service.ListSubscriptionsRequest(filter=f"name = {name}"))
    assert [one.id for one in found.subscriptions] == [made.id]
    await subscription.DeleteSubscription(service.DeleteSubscriptionRequest(identifier=made.id))
    with pytest.raises(grpc.aio.AioRpcError) as gone:
        await subscription.GetSubscription(service.GetSubscriptionRequest(identifier=made.id))
    assert gone.value.code() is grpc.StatusCode.NOT_FOUND


async def test_over_grpc_a_trial_and_its_log(subscription, made, name, notifier, hook):
    await made(publisher={"type": "webhook", "url": hook.url})

    trial = await subscription.TestSubscription(service.TestSubscriptionRequest(identifier=name))
    log = await subscription.ListDeliveryAttempts(service.ListDeliveryAttemptsRequest(identifier=name))

    assert trial.delivered
    assert [one.event for one in log.delivery_attempts] == ["SUBSCRIPTION_TEST"]
