"""Applications called over HTTP: registered over REST and gRPC, and refused by name when something is wrong."""

from typing import Any

import grpc
import httpx
import pytest

from mistral.v1 import http_worker_service_pb2 as service
from mistral.v1.http_worker_service_pb2_grpc import HttpWorkerServiceStub

PATH = "/v2/http_workers"
SECRET = "do not tell anybody"


def wanted(name: str, **more: Any) -> dict[str, Any]:
    schema = {"type": "object", "required": ["amount"]}
    return {
        "name": name,
        "url": "https://billing.example/actions",
        "actions": [{"name": f"{name}.charge", "description": "Charges a card.", "input_schema": schema}],
        **more,
    }


async def test_an_application_is_answered_with_all_but_its_secrets(rest: httpx.AsyncClient, name: str) -> None:
    sent = wanted(name, secret=SECRET, headers={"Authorization": SECRET}, labels={"region": "eu"}, queues=["q"])

    answer = await rest.post(PATH, json=sent)

    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert SECRET not in answer.text
    assert {key: made[key] for key in ("url", "header_names", "is_signed", "queues", "concurrency", "attempts")} == {
        "url": "https://billing.example/actions",
        "header_names": ["Authorization"],
        "is_signed": True,
        "queues": ["q"],
        "concurrency": 10,
        "attempts": 5,
    }
    assert (await rest.get(f"{PATH}/{name}")).json() == made
    assert SECRET not in (await rest.get(PATH)).text


async def test_what_is_not_sent_stays_as_it_is(rest: httpx.AsyncClient, name: str, pool: Any) -> None:
    await rest.post(PATH, json=wanted(name, secret=SECRET, headers={"X-A": "1"}, labels={"region": "eu"}))

    changed = await rest.put(PATH, json={"name": name, "enabled": False, "lease_seconds": 60})

    assert changed.status_code == 200, changed.text
    assert (changed.json()["enabled"], changed.json()["lease_seconds"]) == (False, 60)
    kept = await pool.fetchrow("SELECT secret, headers, labels FROM http_worker WHERE name = $1", name)
    assert tuple(kept) == (SECRET, '{"X-A":"1"}', '{"region":"eu"}')
    assert (await rest.put(PATH, json={"name": name, "secret": ""})).json()["is_signed"] is False
    assert (await rest.delete(f"{PATH}/{name}")).status_code == 204
    assert (await rest.get(f"{PATH}/{name}")).status_code == 404


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": ""}, "Name of the HTTP worker"),
        ({"name": "n" * 201}, "200"),
        ({"url": ""}, "URL"),
        ({"url": "ftp://a.example/"}, "URL"),
        ({"url": "https://user:pass@a.example/"}, "headers"),
        ({"url": "https://a.example:99999/"}, "Port out of range"),
        ({"url": "https://a.example/ b"}, "blanks"),
        ({"actions": []}, "actions"),
        ({"actions": [{"name": "std.echo"}]}, "std."),
        ({"actions": [{"name": "a"}, {"name": "a"}]}, "twice"),
        ({"actions": [{"name": "a", "input_schema": 7}]}, "$[0].input_schema"),
        ({"actions": [{"name": "a", "colour": "red"}]}, "colour"),
        ({"labels": {"a": 1}}, "labels"),
        ({"headers": {"Host": "a"}}, "Host"),
        ({"headers": {"webhook-signature": "a"}}, "webhook-signature"),
        ({"headers": {"a b": "c"}}, "headers"),
        ({"headers": {"a": "c\nd"}}, "headers"),
        ({"secret": "short"}, "16"),
        ({"queues": [""]}, "queues"),
        ({"concurrency": 0}, "concurrency"),
        ({"timeout_seconds": 3601}, "timeout_seconds"),
        ({"lease_seconds": 9}, "lease_seconds"),
        ({"attempts": 21}, "attempts"),
    ],
)
async def test_what_is_wrong_is_named(rest: httpx.AsyncClient, name: str, change: dict[str, Any], says: str) -> None:
    answer = await rest.post(PATH, json={**wanted(name), **change})

    assert answer.status_code == 400, answer.text
    assert says in answer.json()["faultstring"]
    assert (await rest.get(PATH, params={"name": name})).json()["http_workers"] == []


async def test_two_applications_of_a_project_have_two_names(rest: httpx.AsyncClient, name: str) -> None:
    await rest.post(PATH, json=wanted(name))

    assert (await rest.post(PATH, json=wanted(name))).status_code == 409


async def test_an_application_over_grpc_is_the_same_as_over_rest(
    channel: grpc.aio.Channel, rest: httpx.AsyncClient, name: str
) -> None:
    stub = HttpWorkerServiceStub(channel)
    request = service.CreateHttpWorkerRequest(
        name=name, url="http://a.example/", actions='[{"name": "a.b"}]', labels='{"gpu": "yes"}', request_id=name
    )

    made = (await stub.CreateHttpWorker(request)).http_worker
    again = (await stub.CreateHttpWorker(request)).http_worker
    changed = await stub.UpdateHttpWorker(
        service.UpdateHttpWorkerRequest(name=name, description="b", queues=["x"], etag=made.etag)
    )
    listed = await stub.ListHttpWorkers(service.ListHttpWorkersRequest(filter=f'name = "{name}"'))

    assert again == made
    assert (dict(made.labels), made.enabled, made.is_signed) == ({"gpu": "yes"}, True, False)
    assert [(one.description, list(one.queues)) for one in listed.http_workers] == [("b", ["x"])]
    with pytest.raises(grpc.aio.AioRpcError) as stale:
        await stub.DeleteHttpWorker(service.DeleteHttpWorkerRequest(name=name, etag=made.etag))
    assert stale.value.code() is grpc.StatusCode.ABORTED
    await stub.DeleteHttpWorker(service.DeleteHttpWorkerRequest(name=name, etag=changed.http_worker.etag))
