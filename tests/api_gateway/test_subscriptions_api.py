"""Subscriptions and dead letters over REST and gRPC, with a notifier that really tells a real receiver."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import uuid4

import grpc
import httpx
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from mistral.v1 import dead_letter_service_pb2 as letters
from mistral.v1 import dead_letter_service_pb2_grpc as letters_grpc
from mistral.v1 import subscription_service_pb2 as service
from mistral.v1 import subscription_service_pb2_grpc as service_grpc
from mistral_notifier.app import running as notifier_running
from mistral_notifier.settings import NotifierSettings
from tests.engine.conftest import until

PATH = "/v2/subscriptions"
UNKNOWN = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
async def notifier(database: str, nats: str) -> AsyncIterator[int]:
    environ = {
        "MISTRAL_DATABASE_URL": database,
        "MISTRAL_NATS_URL": nats,
        "MISTRAL_EGRESS_ALLOWED": "127.0.0.0/8",
        "MISTRAL_NOTIFIER_ATTEMPTS": "1",
    }
    async with notifier_running(NotifierSettings.read(environ)) as port:
        yield port


@pytest.fixture
async def hook(unused_tcp_port: int) -> AsyncIterator[Any]:
    """A receiver of this loop: ``hook.url``, ``hook.requests``, ``hook.status``."""
    import asyncio

    class Hook:
        url = f"http://127.0.0.1:{unused_tcp_port}/hook"
        status = 200

        def __init__(self) -> None:
            self.requests: list[dict[str, Any]] = []

    found = Hook()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = next(
            int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
        )
        found.requests.append(json.loads(await reader.readexactly(size)))
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % found.status)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", unused_tcp_port)
    async with server:
        yield found


@pytest.fixture
def unused_tcp_port() -> int:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def subscription(channel: grpc.aio.Channel) -> service_grpc.SubscriptionServiceStub:
    return service_grpc.SubscriptionServiceStub(channel)


@pytest.fixture
def dead(channel: grpc.aio.Channel) -> letters_grpc.DeadLetterServiceStub:
    return letters_grpc.DeadLetterServiceStub(channel)


def body(name: str, **given: Any) -> dict[str, Any]:
    return {"name": name, "publisher": {"type": "webhook", "url": "https://hooks.example/a"}, **given}


@pytest.fixture
def made(rest: httpx.AsyncClient, name: str) -> Callable[..., Awaitable[dict[str, Any]]]:
    async def make(**given: Any) -> dict[str, Any]:
        answer = await rest.post(PATH, json=body(name, **given))
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    return make


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


async def given_up(pool: Any, rest: httpx.AsyncClient, subscription_id: str, url: str, times: int = 2) -> list[Any]:
    """Have deliveries of a subscription fail for good."""
    payload = json.dumps({"event": "WORKFLOW_FAILED", "project_id": "<default-project>", "id": str(uuid4())})
    await pool.execute(
        "INSERT INTO notification (execution_id, event, payload, publisher, subscription_id)"
        " SELECT gen_random_uuid(), 'WORKFLOW_FAILED', $1, $2, $3 FROM generate_series(1, $4)",
        payload,
        json.dumps({"type": "webhook", "url": url}),
        subscription_id,
        times,
    )
    query = {"subscription_id": subscription_id}

    async def found() -> list[Any]:
        return list((await rest.get("/v2/dead_letters", params=query)).json()["dead_letters"])

    return list(await until(found, lambda all_of_it: len(all_of_it) == times))


async def test_dead_letters_are_listed_and_replayed(rest, made, name, notifier, hook, pool):
    hook.status = 500
    shown = await made(publisher={"type": "webhook", "url": hook.url})
    first, second = await given_up(pool, rest, shown["id"], hook.url)

    assert (first["event"], first["error"], first["attempts"]) == ("WORKFLOW_FAILED", "HTTP 500", 1)
    assert "payload" not in first
    whole = (await rest.get(f"/v2/dead_letters/{first['id']}")).json()
    assert json.loads(whole["payload"])["event"] == "WORKFLOW_FAILED"
    assert (await rest.get(f"{PATH}/{name}")).json()["dead"] == 2
    hook.status = 200
    hook.requests.clear()
    answer = await rest.post("/v2/dead_letters/replay", json={"ids": [first["id"]]})
    assert answer.json() == {"replayed": 1}
    await until(lambda: len(hook.requests), lambda count: count == 1)
    assert (await rest.delete(f"/v2/dead_letters/{second['id']}")).status_code == 204
    assert (await rest.delete(f"/v2/dead_letters/{second['id']}")).status_code == 404
    assert (await rest.get(f"{PATH}/{name}")).json()["dead"] == 0


async def test_all_dead_letters_of_a_subscription_are_replayed_at_once(rest, made, notifier, hook, pool):
    hook.status = 500
    shown = await made(publisher={"type": "webhook", "url": hook.url})
    await given_up(pool, rest, shown["id"], hook.url, 5)
    hook.status = 200
    hook.requests.clear()

    answer = await rest.post("/v2/dead_letters/replay", json={"subscription_id": shown["id"]})

    assert answer.json() == {"replayed": 5}
    await until(lambda: len(hook.requests), lambda count: count == 5)


@pytest.mark.parametrize(
    ("sent", "status"), [({}, 400), ({"ids": ["x"]}, 400), ({"ids": [UNKNOWN]}, 404), ({"all": True}, 200)]
)
async def test_a_replay_says_which(rest, sent, status):
    assert (await rest.post("/v2/dead_letters/replay", json=sent)).status_code == status


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


async def test_over_grpc_dead_letters(dead, rest, made, notifier, hook, pool):
    hook.status = 500
    shown = await made(publisher={"type": "webhook", "url": hook.url})
    first, _ = await given_up(pool, rest, shown["id"], hook.url)

    found = await dead.ListDeadLetters(letters.ListDeadLettersRequest(filter=f"subscription_id = {shown['id']}"))
    one = await dead.GetDeadLetter(letters.GetDeadLetterRequest(id=first["id"]))
    deleted = await dead.DeleteDeadLetters(letters.DeleteDeadLettersRequest(subscription_id=shown["id"]))

    assert len(found.dead_letters) == 2
    assert one.dead_letter.error == "HTTP 500"
    assert deleted.deleted == 2
