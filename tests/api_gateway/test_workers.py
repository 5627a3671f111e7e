"""Workers that come through the gateway: by stream, by calls, over REST; and what they may not."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from mistral.v1 import worker_pb2
from mistral.v1 import worker_service_pb2 as pb2
from mistral.v1.worker_service_pb2_grpc import WorkerServiceStub
from tests.api_gateway.api_keys import Keys, bearer
from tests.api_gateway.isolation import World, world


@pytest.fixture
async def two(database: str, nats: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database, nats, tmp_path) as found:
        yield found


def described(two: World, **more: Any) -> worker_pb2.WorkerDescription:
    fields = {"id": f"w{two.a}", "instance": "i", "sdk": "tests", "slots": 4, **more}
    return worker_pb2.WorkerDescription(actions=[{"name": f"act{two.a}", "safe_rerun": True}], **fields)


async def began(two: World, secret: str, worker: worker_pb2.WorkerDescription) -> tuple[Any, pb2.ServerWelcome]:
    call = WorkerServiceStub(two.channel).Work(metadata=(("authorization", f"Bearer {secret}"),))
    await call.write(pb2.WorkRequest(hello=pb2.WorkerHello(worker=worker)))
    first = await call.read()
    assert first is not grpc.aio.EOF, await call.code()
    return call, first.welcome


async def ran(two: World, given: Any) -> dict[str, Any]:
    """Run the action on its own and wait for its result."""
    body = {"name": f"act{two.a}", "input": {"v": given}, "params": {"run_sync": True}}
    answer: dict[str, Any] = await two.made("a", "POST", "/v2/action_executions", json=body)
    return answer


async def test_a_session_is_passed_on_and_its_worker_runs_actions(two: World) -> None:
    call, welcome = await began(two, two.secrets["a"], described(two))
    assert welcome.executor == "executor-0"
    await call.write(pb2.WorkRequest(credits={"more": 1}))
    running = asyncio.create_task(ran(two, "x" * 600_000))
    assignment = (await call.read()).assignments.assignments[0]
    assert assignment.project_id == two.a
    result = {"token": assignment.token, "success": {"output": assignment.input}}
    await call.write(pb2.WorkRequest(results={"results": [result]}))
    assert (await running)["state"] == "SUCCESS"
    assert list((await call.read()).recorded.tokens) == [assignment.token]
    await call.done_writing()
    assert await call.read() is grpc.aio.EOF
    assert await call.code() is grpc.StatusCode.OK


async def test_what_the_executor_refuses_is_told_in_its_words(two: World) -> None:
    call = WorkerServiceStub(two.channel).Work(metadata=two.metadata("a"))
    await call.write(pb2.WorkRequest(hello=pb2.WorkerHello(worker=described(two, id=""))))
    assert await call.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "name is needed" in await call.details()


@pytest.mark.parametrize(("who", "code"), [("", "UNAUTHENTICATED"), ("a", "PERMISSION_DENIED")])
async def test_who_may_not_publish_actions_offers_them_to_nobody_else(two: World, who: str, code: str) -> None:
    worker = described(two)
    worker.actions[0].public = True
    call = WorkerServiceStub(two.channel).Work(metadata=two.metadata(who) if who else ())
    await call.write(pb2.WorkRequest(hello=pb2.WorkerHello(worker=worker)))
    assert (await call.code()).name == code


async def test_a_session_ends_when_its_key_is_revoked(two: World) -> None:
    keys = Keys(two.channel, two.secrets["root"])
    made = await keys.create("of a worker", project_id=two.a)
    call, _ = await began(two, made.secret, described(two))
    await keys.revoke(made.api_key.id)
    async with asyncio.timeout(10):
        assert await call.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_the_metadata_of_gateways_cannot_be_sent_by_workers(two: World) -> None:
    metadata = (*two.metadata("b"), ("mistral-project", two.a))
    listed = await WorkerServiceStub(two.channel).ListWorkers(pb2.ListWorkersRequest(), metadata=metadata)
    call, _ = await began(two, two.secrets["a"], described(two))
    listed = await WorkerServiceStub(two.channel).ListWorkers(pb2.ListWorkersRequest(), metadata=metadata)
    assert not listed.workers
    call.cancel()


async def test_a_run_is_taken_kept_and_ended_over_rest(two: World) -> None:
    schema = {"type": "object", "required": ["v"]}
    offer = {"name": f"act{two.a}", "input_schema": schema, "safe_rerun": True}
    worker = {"id": "curl", "labels": {"a": "b"}, "actions": [offer]}
    polled = await two.made("a", "POST", "/v2/workers/poll", json={"worker": worker, "wait": 0})
    running = asyncio.create_task(ran(two, 2**70))
    taken = await two.made("a", "POST", "/v2/workers/poll", json={"session": polled["session"], "wait": 20})
    [run] = taken["assignments"]
    assert run["input"] == {"v": 2**70}
    progress = [{"token": run["token"], "percent": 50, "details": {"at": 1}, "lines": [{"message": "half"}]}]
    heard = await two.made("a", "POST", "/v2/workers/heartbeat", json={"tokens": [run["token"]], "progress": progress})
    assert heard["rejections"] == []
    [shown] = (await two.made("a", "GET", f"/v2/workers?action=act{two.a}"))["workers"]
    assert (shown["id"], shown["running"], shown["transport"]) == ("curl", 1, "poll")
    assert await two.made("a", "GET", "/v2/workers/curl") == shown
    results = [{"token": run["token"], "output": {"r": 2**70}}]
    assert (await two.made("a", "POST", "/v2/workers/complete", json={"results": results})) == {
        "recorded": [run["token"]],
        "rejections": [],
    }
    assert json.loads((await running)["output"]) == {"result": {"r": 2**70}}


async def test_a_token_of_another_project_is_unknown_over_rest(two: World) -> None:
    worker = {"id": "curl", "actions": [{"name": f"act{two.a}", "safe_rerun": True}]}
    polled = await two.made("a", "POST", "/v2/workers/poll", json={"worker": worker, "wait": 0})
    running = asyncio.create_task(ran(two, 1))
    taken = await two.made("a", "POST", "/v2/workers/poll", json={"session": polled["session"], "wait": 20})
    token = taken["assignments"][0]["token"]
    results = {"results": [{"token": token, "output": "stolen"}]}
    stolen = await two.made("b", "POST", "/v2/workers/complete", json=results)
    assert [(each["token"], each["reason"]) for each in stolen["rejections"]] == [(token, "unknown_token")]
    await two.made("a", "POST", "/v2/workers/complete", json={"results": [{"token": token, "output": "mine"}]})
    assert json.loads((await running)["output"]) == {"result": "mine"}


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("poll", {"limit": 2**40, "worker": {"id": "w"}}, "limit"),
        ("poll", {"wait": -1, "worker": {"id": "w"}}, "wait"),
        ("poll", {}, "worker.id"),
        ("poll", {"worker": {"id": "w", "slots": -1}}, "worker.slots"),
        ("complete", {"results": [{"token": "t"}]}, "results[0]"),
        ("complete", {"results": [{"token": "t", "output": 1, "deferred": True}]}, "results[0]"),
        ("heartbeat", {"progress": [{"token": "t", "lines": [{"message": "m", "level": "loud"}]}]}, "level"),
        ("heartbeat", {"tokens": "t"}, "tokens"),
    ],
)
async def test_what_cannot_be_over_rest_is_refused_by_name(two: World, path: str, body: Any, named: str) -> None:
    answer = await two.rest.post(f"/v2/workers/{path}", json=body, headers=bearer(two.secrets["a"]))
    assert answer.status_code == 400
    assert named in answer.text
