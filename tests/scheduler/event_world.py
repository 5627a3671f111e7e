"""A gateway, an engine, an executor and schedulers in this process, for tests of event triggers."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import grpc.aio
import httpx

from mistral_api_gateway.app import running as gateway_running
from mistral_api_gateway.settings import GatewaySettings
from mistral_engine.app import running as engine_running
from mistral_engine.settings import Settings as EngineSettings
from mistral_executor.app import running as executor_running
from mistral_executor.settings import ExecutorSettings
from mistral_persistence.database import Pool, connected
from mistral_runtime.bus import Bus, connect
from mistral_scheduler.app import running as scheduler_running
from mistral_scheduler.settings import SchedulerSettings

GREETING = """
version: '2.0'
{name}:
  input: [who: nobody, n: 0]
  output: {{said: <% $.who %>, n: <% $.n %>}}
  tasks:
    t: {{action: std.noop}}
"""
WAITING = """
version: '2.0'
{name}:
  input: [order]
  output: {{paid: <% task(paid).result %>}}
  tasks:
    paid: {{action: std.async_noop}}
"""


@dataclass(slots=True)
class World:
    """What tests talk to."""

    rest: httpx.AsyncClient
    channel: grpc.aio.Channel
    pool: Pool
    bus: Bus
    environ: dict[str, str]
    stack: AsyncExitStack
    schedulers: dict[str, AsyncExitStack] = field(default_factory=dict)

    async def made(self, path: str, status: int = 201, **given: Any) -> dict[str, Any]:
        """Create something that must be taken."""
        answer = await self.rest.post(f"/v2/{path}", **given)
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        return dict(answer.json())

    async def got(self, path: str, **params: Any) -> dict[str, Any]:
        """Read something that is there."""
        answer = await self.rest.get(f"/v2/{path}", params=params)
        assert answer.status_code == 200, (path, answer.text)
        return dict(answer.json())

    async def workflow(self, text: str = GREETING) -> dict[str, Any]:
        """Store a workflow under a new name."""
        name = f"w{uuid4().hex[:10]}"
        sent = text.format(name=name)
        stored = await self.made("workflows", content=sent, headers={"content-type": "text/plain"})
        return dict(stored["workflows"][0])

    async def trigger(self, workflow: dict[str, Any] | None, event: str, **more: Any) -> dict[str, Any]:
        """Make a trigger for events of a type, of the exchange ``test`` and the topic ``t``."""
        given = {"exchange": "test", "topic": "t", "event": event, **more}
        if workflow is not None:
            given["workflow_id"] = workflow["id"]
        return await self.made("event_triggers", json=given)

    async def source(self, kind: str = "nats", **more: Any) -> dict[str, Any]:
        """Make a source of events of the exchange ``test`` and the topic ``t``."""
        given = {"name": f"s{uuid4().hex[:10]}", "kind": kind, "exchange": "test", "topic": "t", **more}
        return await self.made("event_sources", json=given)

    async def publish(self, event_type: str, payload: Any = None, *, subject: str = "test.t", **more: Any) -> str:
        """Put an event on the bus and return its id."""
        event_id = more.pop("id", f"e{uuid4().hex}")
        body = {"event_type": event_type, "message_id": event_id, "payload": payload, **more}
        await self.bus.publish(f"mistral.triggers.{subject}", json.dumps(body).encode())
        return str(event_id)

    async def executions(self, workflow: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the executions of a workflow."""
        found = await self.got("executions", workflow_name=workflow["name"], include_output="true")
        return list(found["executions"])

    async def event(self, event_id: str) -> dict[str, Any]:
        """Wait until an event was received and is done with."""

        async def found() -> dict[str, Any] | None:
            listed = (await self.got("received_events", event_id=event_id))["received_events"]
            return listed[0] if listed and listed[0]["state"] == "DONE" else None

        return dict(await self.until(found))

    async def verdicts(self, event: dict[str, Any], **params: Any) -> dict[str, dict[str, Any]]:
        """Return what became of an event, by the ids of triggers and bindings."""
        found = await self.got(f"received_events/{event['id']}/explanation", **params)
        return {one["trigger_id"]: one for one in found["verdicts"]}

    async def until(self, question: Callable[[], Awaitable[Any]], seconds: float = 30) -> Any:
        """Ask until the answer is true, and return it."""
        async with asyncio.timeout(seconds):
            while True:
                if answer := await question():
                    return answer
                await asyncio.sleep(0.05)

    async def start_scheduler(self, name: str = "scheduler-0", **settings: str) -> None:
        stack = AsyncExitStack()
        read = SchedulerSettings.read({**self.environ, "MISTRAL_SERVICE_NAME": name, **settings})
        await stack.enter_async_context(scheduler_running(read))
        self.schedulers[name] = stack

    async def stop_scheduler(self, name: str = "scheduler-0") -> None:
        await self.schedulers.pop(name).aclose()


@asynccontextmanager
async def world(database: str, nats: str, **settings: str) -> AsyncIterator[World]:
    """Run everything but a scheduler inside the block."""
    environ = {"MISTRAL_DATABASE_URL": database, "MISTRAL_NATS_URL": nats, "MISTRAL_DRAIN_SECONDS": "1", **settings}
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(engine_running(EngineSettings.read(environ)))
        executor = await stack.enter_async_context(executor_running(ExecutorSettings.read(environ)))
        environ["MISTRAL_ENGINE_ADDRESSES"] = f"127.0.0.1:{engine}"
        gateway = {
            **environ,
            "MISTRAL_EXECUTOR_ADDRESSES": f"127.0.0.1:{executor}",
            "MISTRAL_HTTP_LISTEN": "127.0.0.1:0",
        }
        ports = await stack.enter_async_context(gateway_running(GatewaySettings.read(gateway)))
        rest = await stack.enter_async_context(httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports.http}", timeout=30))
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{ports.grpc}"))
        pool = await stack.enter_async_context(connected(database))
        bus = await stack.enter_async_context(connect(nats, "test"))
        found = World(rest, channel, pool, bus, environ, stack)
        try:
            yield found
        finally:
            for scheduler in list(found.schedulers):
                await found.stop_scheduler(scheduler)
