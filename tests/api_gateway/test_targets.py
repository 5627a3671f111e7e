"""Tasks with a target run where that is served; until somebody serves it they wait, and say for what."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

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
  input: [group]
  output: {{where: <% $.where %>}}
  tasks:
    here: {{action: std.echo output=1, on-success: there}}
    there: {{action: std.echo output=<% $.group %>, target: <% $.group %>, publish: {{where: <% task().result %>}}}}
"""


@pytest.fixture
async def executors(nats: str) -> AsyncIterator[Callable[[str], Awaitable[None]]]:
    """Call it with queues, commas between, to start an executor that serves them."""
    async with AsyncExitStack() as stack:

        async def start(queues: str) -> None:
            environ = {"MISTRAL_NATS_URL": nats, "MISTRAL_EXECUTOR_QUEUES": queues}
            await stack.enter_async_context(executor_running(ExecutorSettings.read(environ)))

        yield start


@pytest.fixture
async def ports(database: str, nats: str, executors: Any) -> AsyncIterator[Ports]:
    """A gateway, an engine, and an executor for actions without a target."""
    await executors("default")
    environ = {"MISTRAL_DATABASE_URL": database, "MISTRAL_NATS_URL": nats, "MISTRAL_DRAIN_SECONDS": "1"}
    async with engine_running(EngineSettings.read(environ)) as engine_port:
        addresses = {"MISTRAL_ENGINE_ADDRESSES": f"127.0.0.1:{engine_port}", "MISTRAL_HTTP_LISTEN": "127.0.0.1:0"}
        async with gateway_running(GatewaySettings.read({**environ, **addresses})) as found:
            yield found


async def until(look: Callable[[], Awaitable[Any]], fits: Callable[[Any], bool]) -> Any:
    async with asyncio.timeout(20):
        while True:
            found = await look()
            if fits(found):
                return found
            await asyncio.sleep(0.05)


async def test_a_task_waits_visibly_until_an_executor_serves_its_target(
    rest: httpx.AsyncClient, channel: Any, name: str, executors: Any
) -> None:
    group = f"gpu {name}.1"
    await rest.post("/v2/workflows", content=FLOW.format(name=name))
    begun = (await rest.post("/v2/executions", json={"workflow_name": name, "input": {"group": group}})).json()["id"]

    async def there() -> dict[str, Any]:
        tasks = (await rest.get(f"/v2/executions/{begun}/tasks")).json()["tasks"]
        found = [task["id"] for task in tasks if task["name"] == "there"]
        return dict((await rest.get(f"/v2/tasks/{found[0]}")).json()) if found else {"runtime_context": "{}"}

    def waits_for(task: dict[str, Any]) -> Any:
        return json.loads(task["runtime_context"]).get("waits_for_executors_of")

    task = await until(there, waits_for)
    assert (task["state"], waits_for(task)) == ("RUNNING", [group])
    shown = await service_grpc.TaskServiceStub(channel).GetTask(service.GetTaskRequest(id=task["id"]))
    assert json.loads(shown.task.runtime_context)["waits_for_executors_of"] == [group]

    await executors(group)

    done = await until(there, lambda task: task.get("state") == "SUCCESS")
    assert waits_for(done) is None
    final = (await rest.get(f"/v2/executions/{begun}")).json()
    assert (final["state"], json.loads(final["output"])) == ("SUCCESS", {"where": group})
