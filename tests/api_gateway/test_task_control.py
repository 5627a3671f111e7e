"""Replaying, suspending and resuming tasks as users do it, with a real engine and executor behind the gateway."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import grpc
import httpx
import pytest

from mistral.v1 import state_pb2
from mistral.v1 import task_service_pb2 as service
from mistral.v1 import task_service_pb2_grpc as service_grpc
from mistral_api_gateway.app import Ports
from mistral_api_gateway.app import running as gateway_running
from mistral_api_gateway.settings import GatewaySettings
from mistral_engine.app import running as engine_running
from mistral_engine.settings import Settings as EngineSettings
from mistral_executor.app import running as executor_running
from mistral_executor.settings import ExecutorSettings

FLOW = """version: '2.0'
{name}:
  output: {{mood: <% $.mood %>}}
  tasks:
    a: {{action: std.echo output=<% env().mood %>, publish: {{mood: <% task().result %>}}, on-success: b}}
    b: {{action: std.noop}}
"""
HELD = """version: '2.0'
{name}:
  tasks:
    a: {{action: std.async_noop, on-success: b}}
    b: {{action: std.noop}}
"""


@pytest.fixture
async def ports(database: str, nats: str) -> AsyncIterator[Ports]:
    """A gateway, an engine and an executor, in one process."""
    environ = {"MISTRAL_DATABASE_URL": database, "MISTRAL_NATS_URL": nats, "MISTRAL_DRAIN_SECONDS": "1"}
    async with (
        engine_running(EngineSettings.read(environ)) as engine_port,
        executor_running(ExecutorSettings.read({"MISTRAL_NATS_URL": nats})),
    ):
        addresses = {"MISTRAL_ENGINE_ADDRESSES": f"127.0.0.1:{engine_port}", "MISTRAL_HTTP_LISTEN": "127.0.0.1:0"}
        async with gateway_running(GatewaySettings.read({**environ, **addresses})) as found:
            yield found


async def begun(rest: httpx.AsyncClient, text: str, name: str, **params: Any) -> str:
    answer = await rest.post("/v2/workflows", content=text.format(name=name))
    assert answer.status_code == 201, answer.text
    answer = await rest.post("/v2/executions", json={"workflow_name": name, "params": params})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def until(rest: httpx.AsyncClient, execution: str, state: str) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while True:
            shown = (await rest.get(f"/v2/executions/{execution}")).json()
            if shown["state"] == state:
                return dict(shown)
            await asyncio.sleep(0.02)


async def tasks(rest: httpx.AsyncClient, execution: str) -> list[dict[str, Any]]:
    return list((await rest.get(f"/v2/executions/{execution}/tasks")).json()["tasks"])


async def test_a_task_that_succeeded_is_replayed_when_the_flag_says_so(rest, name):
    execution = await begun(rest, FLOW, name, env={"mood": "good"})
    await until(rest, execution, "SUCCESS")
    old = (await tasks(rest, execution))[0]
    url = f"/v2/tasks/{old['id']}"

    refused = await rest.put(url, json={"state": "RUNNING", "reset": True})
    assert refused.status_code == 400, refused.text
    given = {"state": "RUNNING", "replay": True, "env": {"mood": "better"}}
    first, again = await rest.put(url, json=given), await rest.put(url, json={"state": "RUNNING", "replay": True})

    assert (first.status_code, again.status_code) == (200, 200), first.text
    assert first.json()["id"] == again.json()["id"] != old["id"]
    final = await until(rest, execution, "SUCCESS")
    assert json.loads(final["output"]) == {"mood": "better"}
    shown = (await rest.get(url)).json()
    assert shown["state"] == "SUCCESS"
    assert json.loads(shown["runtime_context"])["superseded_by"] == first.json()["id"]
    assert [task["name"] for task in await tasks(rest, execution)] == ["a", "b", "a", "b"]
    wrong = await rest.put(url, json={"state": "SKIPPED", "replay": True})
    assert (wrong.status_code, "RUNNING" in wrong.text) == (400, True)


async def test_a_task_is_suspended_and_resumed_by_its_state(rest, name):
    execution = await begun(rest, HELD, name)
    task = (await tasks(rest, execution))[0]
    action = (await rest.get(f"/v2/tasks/{task['id']}/action_executions")).json()["action_executions"][0]

    suspended = await rest.put(f"/v2/tasks/{task['id']}", json={"state": "PAUSED"})
    await rest.put(f"/v2/action_executions/{action['id']}", json={"state": "SUCCESS"})

    assert suspended.json()["state"] == "PAUSED", suspended.text
    assert json.loads(suspended.json()["runtime_context"])["suspended"] == {"state": "RUNNING"}
    assert [(task["name"], task["state"]) for task in await tasks(rest, execution)] == [("a", "PAUSED")]
    assert (await rest.get(f"/v2/executions/{execution}")).json()["state"] == "RUNNING"
    resumed = await rest.put(f"/v2/tasks/{task['id']}", json={"state": "RUNNING"})
    assert resumed.status_code == 200, resumed.text
    await until(rest, execution, "SUCCESS")
    late = await rest.put(f"/v2/tasks/{task['id']}", json={"state": "PAUSED"})
    assert (late.status_code, "SUCCESS cannot be suspended" in late.text) == (400, True)


async def test_over_grpc(rest, channel, name):
    stub = service_grpc.TaskServiceStub(channel)
    execution = await begun(rest, HELD, name)
    task = (await tasks(rest, execution))[0]["id"]

    suspended = await stub.SuspendTask(service.SuspendTaskRequest(id=task))
    assert suspended.task.state == state_pb2.STATE_PAUSED
    resumed = await stub.ResumeTask(service.ResumeTaskRequest(id=task))
    assert resumed.task.state == state_pb2.STATE_RUNNING
    with pytest.raises(grpc.aio.AioRpcError) as early:
        await stub.ReplayTask(service.ReplayTaskRequest(id=task))
    assert early.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    action = (await rest.get(f"/v2/tasks/{task}/action_executions")).json()["action_executions"][0]
    await rest.put(f"/v2/action_executions/{action['id']}", json={"state": "SUCCESS"})
    await until(rest, execution, "SUCCESS")
    replayed = await stub.ReplayTask(service.ReplayTaskRequest(id=task))

    assert (replayed.task.name, replayed.task.state) == ("a", state_pb2.STATE_RUNNING)
    assert replayed.task.id != task
