"""Actions that workers offer, from outside: listed beside the others, run by workflows and alone, and followed."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import grpc
import httpx
import pytest

from mistral.v1 import (
    action_execution_service_pb2,
    action_execution_service_pb2_grpc,
    action_service_pb2,
    action_service_pb2_grpc,
    worker_pb2,
)
from mistral.v1 import worker_service_pb2 as pb2
from mistral_api_gateway.app import Ports
from mistral_api_gateway.app import running as gateway_running
from mistral_api_gateway.settings import GatewaySettings
from mistral_engine.app import running as engine_running
from mistral_engine.settings import Settings as EngineSettings
from mistral_executor.app import running as executor_running
from mistral_executor.settings import ExecutorSettings
from tests.executor.worker_client import TestWorker, connected, described, failure

SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"width": {"type": "integer"}, "height": {"type": "integer", "default": 5}},
        "required": ["width"],
        "additionalProperties": False,
    }
)


@pytest.fixture
async def mesh(database: str, nats: str) -> AsyncIterator[Ports]:
    """A gateway and an engine, and two executors for workers."""
    common = {"MISTRAL_NATS_URL": nats, "MISTRAL_DRAIN_SECONDS": "1"}
    stored = {**common, "MISTRAL_DATABASE_URL": database}
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(engine_running(EngineSettings.read(stored)))
        engines = {"MISTRAL_ENGINE_ADDRESSES": f"127.0.0.1:{engine}"}
        executors = []
        for number in range(2):
            environ = {**common, **engines, "MISTRAL_SERVICE_NAME": f"executor-{number}"}
            executors.append(await stack.enter_async_context(executor_running(ExecutorSettings.read(environ))))
        addresses = {
            **engines,
            "MISTRAL_EXECUTOR_ADDRESSES": ",".join(f"127.0.0.1:{port}" for port in executors),
            "MISTRAL_HTTP_LISTEN": "127.0.0.1:0",
        }
        yield await stack.enter_async_context(gateway_running(GatewaySettings.read({**stored, **addresses})))


class Outside:
    """Clients of the mesh, and workers that connect to it."""

    def __init__(self, ports: Ports, rest: httpx.AsyncClient, stack: AsyncExitStack) -> None:
        self.ports = ports
        self.rest = rest
        self._stack = stack
        # Of this test alone: what is offered stays known.
        self.name = f"t{uuid4().hex[:12]}"

    async def worker(self, *offers: Any, credits: int = 10, **more: Any) -> TestWorker:
        worker = described(*offers, **more)
        found = await self._stack.enter_async_context(connected(self.ports.grpc, worker, credits=credits))
        for each in worker.actions:
            # What the gateway has heard of, the executors have.
            await self.until(f"/v2/actions/{each.name}", lambda shown: worker.id in _ids(shown))
        return found

    async def start(self, text: str, **given: Any) -> str:
        """Store a workflow of the name ``w`` under one of its own and start it."""
        name = f"{self.name}_{uuid4().hex[:6]}"
        answer = await self.rest.post("/v2/workflows", content=f"version: '2.0'\n{name}:\n{text}")
        assert answer.status_code == 201, answer.text
        started = await self.rest.post("/v2/executions", json={"workflow_name": name, "input": given})
        assert started.status_code == 201, started.text
        return str(started.json()["id"])

    async def until(self, path: str, fits: Callable[[Any], bool]) -> Any:
        async with asyncio.timeout(20):
            while True:
                answer = await self.rest.get(path)
                if answer.status_code == 200 and fits(answer.json()):
                    return answer.json()
                await asyncio.sleep(0.05)

    async def ended(self, execution_id: str) -> dict[str, Any]:
        found = await self.until(f"/v2/executions/{execution_id}", lambda e: e["state"] in ("SUCCESS", "ERROR"))
        return dict(found)

    async def task(self, execution_id: str) -> dict[str, Any]:
        return dict((await self.rest.get(f"/v2/executions/{execution_id}/tasks")).json()["tasks"][0])


def _ids(shown: dict[str, Any]) -> list[str]:
    return list(shown.get("offer", {}).get("worker_ids", ()))


@pytest.fixture
async def outside(mesh: Ports) -> AsyncIterator[Outside]:
    async with AsyncExitStack() as stack:
        client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{mesh.http}", timeout=30)
        yield Outside(mesh, await stack.enter_async_context(client), stack)


async def serve(worker: TestWorker, run: Callable[[Any], Any]) -> None:
    """Answer every assignment, for ever."""
    for done in range(10_000):
        await worker.assigned(done + 1, seconds=60)
        assignment = worker.assignments[done]
        await worker.ack(assignment.token)
        await worker.succeed(assignment.token, run(json.loads(assignment.input)))
        await worker.credit(1)


async def test_offered_actions_stand_beside_the_others(outside: Outside) -> None:
    action = f"{outside.name}.resize"
    offer = worker_pb2.ActionOffer(
        name=action, description="Makes images smaller.\nMore.", input_schema=SCHEMA, safe_rerun=True
    )
    worker = await outside.worker(offer, queues=["gpu", "default"])
    shown = (await outside.rest.get(f"/v2/actions/{action}")).json()
    assert (shown["id"], shown["input"], shown["scope"]) == (action, "width, height=5", "private")
    assert shown["offer"]["queues"] == ["default", "gpu"]
    assert shown["offer"]["worker_ids"] == [worker.worker.id]
    assert json.loads(shown["offer"]["input_schema"])["required"] == ["width"]
    assert "offer" not in (await outside.rest.get("/v2/actions/std.echo")).json()

    (listed,) = (await outside.rest.get("/v2/actions", params={"name": f"eq:{action}"})).json()["actions"]
    assert listed["description"].startswith("Makes")
    assert "offer" not in listed
    asked = (await outside.rest.get("/v2/actions", params={"fields": "offer", "name": f"eq:{action}"})).json()
    assert asked["actions"][0]["offer"]["safe_rerun"] is True

    async with grpc.aio.insecure_channel(f"127.0.0.1:{outside.ports.grpc}") as channel:
        actions = action_service_pb2_grpc.ActionServiceStub(channel)
        found = (await actions.GetAction(action_service_pb2.GetActionRequest(identifier=action))).action
        assert (found.is_system, list(found.offer.worker_ids)) == (True, [worker.worker.id])
        builtin = (await actions.GetAction(action_service_pb2.GetActionRequest(identifier="std.echo"))).action
        assert not builtin.HasField("offer")


async def test_one_is_run_on_its_own(outside: Outside) -> None:
    action = f"{outside.name}.resize"
    worker = await outside.worker(worker_pb2.ActionOffer(name=action, input_schema=SCHEMA))
    serving = asyncio.create_task(serve(worker, lambda given: given["width"] * 2))
    run = {"name": action, "input": json.dumps({"width": 4}), "params": json.dumps({"run_sync": True})}
    answer = await outside.rest.post("/v2/action_executions", json=run)
    assert answer.status_code == 201, answer.text
    assert json.loads(answer.json()["output"]) == {"result": 8}
    wrong = await outside.rest.post("/v2/action_executions", json={**run, "input": json.dumps({"widht": 4})})
    assert wrong.status_code == 400
    assert "widht" in wrong.text
    serving.cancel()


async def test_progress_and_the_worker_are_shown_with_the_run(outside: Outside) -> None:
    action = f"{outside.name}.slow"
    worker = await outside.worker(action)
    execution = await outside.start(f"  tasks:\n    t: {{action: {action}, retry: {{count: 3, delay: 0}}}}")
    (first,) = await worker.assigned()
    await worker.ack(first.token)
    told = worker_pb2.AssignmentProgress(token=first.token, percent=40, details=b'{"step": 4}')
    told.lines.append(worker_pb2.LogLine(level=worker_pb2.LOG_LEVEL_WARNING, message="It is hot."))
    told.lines[0].time.GetCurrentTime()
    await worker.say(progress=pb2.WorkerProgress(progress=[told]))
    path = f"/v2/action_executions/{first.action_execution_id}"
    shown = await outside.until(path, lambda run: "progress" in run)
    assert "worker" not in shown
    progress = shown["progress"]
    assert (progress["percent"], progress["details"], progress["attempt"]) == (40, {"step": 4}, 1)
    assert [(line["level"], line["message"]) for line in progress["lines"]] == [("WARNING", "It is hot.")]
    assert progress["worker"] == worker.worker.id

    await worker.end(failure(first.token, "no"))
    again = (await worker.assigned(2))[1]
    assert json.loads(again.progress_details) == {"step": 4}
    await worker.end(failure(again.token, "never", type="Broken", permanent=True))
    assert (await outside.ended(execution))["state"] == "ERROR"
    assert len(worker.assignments) == 2
    over = (await outside.rest.get(f"/v2/action_executions/{again.action_execution_id}")).json()
    assert (over["worker"], json.loads(over["output"])["result"]) == (
        worker.worker.id,
        {"type": "Broken", "message": "never"},
    )
    async with grpc.aio.insecure_channel(f"127.0.0.1:{outside.ports.grpc}") as channel:
        stub = action_execution_service_pb2_grpc.ActionExecutionServiceStub(channel)
        request = action_execution_service_pb2.GetActionExecutionRequest(id=first.action_execution_id)
        found = (await stub.GetActionExecution(request)).action_execution
        assert (found.worker, found.progress.percent, json.loads(found.progress.details)) == (
            worker.worker.id,
            40,
            {"step": 4},
        )
        assert found.progress.lines[0].level == worker_pb2.LOG_LEVEL_WARNING


async def test_labels_decide_who_gets_what(outside: Outside) -> None:
    action = f"{outside.name}.cut"
    plain = await outside.worker(action)
    strong = await outside.worker(action, labels={"gpu": "yes"})
    for _ in range(3):
        expected = len(strong.assignments) + 1
        execution = await outside.start(f"  tasks:\n    t: {{action: {action}, worker: {{labels: {{gpu: 'yes'}}}}}}")
        await strong.assigned(expected)
        await strong.succeed(strong.assignments[-1].token)
        assert (await outside.ended(execution))["state"] == "SUCCESS"
    assert plain.assignments == []


async def test_a_sticky_task_goes_back_to_the_worker_of_the_one_before(outside: Outside) -> None:
    action = f"{outside.name}.load"
    workers = [await outside.worker(action) for _ in range(3)]
    serving = [asyncio.create_task(serve(each, lambda given, each=each: each.worker.id)) for each in workers]
    text = (
        "  tasks:\n"
        f"    a: {{action: {action}, publish: {{first: <% task().result %>}}, on-success: b}}\n"
        f"    b: {{action: {action}, worker: {{sticky: true}}, publish: {{then: <% task().result %>}}}}\n"
    )
    executions = [await outside.start(text) for _ in range(6)]
    for execution in executions:
        output = json.loads((await outside.ended(execution))["output"])
        assert output["first"] == output["then"]
    for each in serving:
        each.cancel()


async def test_a_concurrency_limit_holds_over_all_executors(outside: Outside) -> None:
    action = f"{outside.name}.call"
    workers = [await outside.worker(action) for _ in range(4)]
    text = (
        f"  tasks:\n    t:\n      action: {action}\n      with-items: i in <% range(8) %>\n"
        "      worker: {limit: {key: account-7, concurrency: 2}}\n"
    )
    execution = await outside.start(text)

    async def all_assigned(count: int) -> None:
        async with asyncio.timeout(20):
            waits = [asyncio.create_task(each.until(lambda: given() >= count, 20)) for each in workers]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()

    def given() -> int:
        return sum(len(each.assignments) for each in workers)

    most = 0
    for done in range(8):
        await all_assigned(done + 1)
        # A third one would have come along with the second.
        await asyncio.sleep(0.2)
        most = max(most, given() - done)
        ended = {token for each in workers for token in each.recorded}
        worker, assignment = next((w, a) for w in workers for a in w.assignments if a.token not in ended)
        await worker.succeed(assignment.token)
        await worker.until(lambda w=worker, t=assignment.token: t in w.recorded)
    assert (await outside.ended(execution))["state"] == "SUCCESS"
    assert most == 2


async def test_an_action_that_nobody_offers_is_seen_to_wait_and_goes_on_when_somebody_comes(outside: Outside) -> None:
    action = f"{outside.name}.later"
    execution = await outside.start(f"  tasks:\n    t: {{action: {action}, worker: {{queue: night}}}}")
    told = f"Waiting for a worker that offers '{action}' on queue 'night'"
    await outside.until(f"/v2/executions/{execution}/tasks", lambda found: found["tasks"][0]["state_info"] == told)
    worker = await outside.worker(action, queues=["night"])
    (assignment,) = await worker.assigned()
    await worker.succeed(assignment.token, 1)
    assert (await outside.ended(execution))["state"] == "SUCCESS"
    assert (await outside.task(execution))["state_info"] is None


@pytest.mark.parametrize("credits", [0, 1])
async def test_a_worker_that_is_busy_does_not_begin_in_time(outside: Outside, credits: int) -> None:
    action = f"{outside.name}.busy"
    worker = await outside.worker(action, credits=credits)
    begin = "worker: {schedule-to-start: 1}"
    execution = await outside.start(
        f"  tasks:\n    t: {{action: {action}, {begin}}}\n    u: {{action: {action}, {begin}}}"
    )
    expected = ["ERROR"] * (2 - credits) + ["RUNNING"] * credits
    found = await outside.until(
        f"/v2/executions/{execution}/tasks", lambda found: sorted(t["state"] for t in found["tasks"]) == expected
    )
    (late, *_) = [task for task in found["tasks"] if task["state"] == "ERROR"]
    assert "No worker began the action in time" in late["state_info"]
    # What was begun in time may take as long as it likes.
    assert len(worker.assignments) == credits
