"""Engines on real servers, and what stands around them: definitions put in, actions taken and answered by hand."""

import asyncio
import inspect
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import uuid4

import grpc.aio
import pytest

from mistral.internal.v1 import engine_service_pb2 as pb
from mistral.internal.v1 import engine_service_pb2_grpc as rpc
from mistral.internal.v1 import envelope_pb2 as wire
from mistral_core.language import parse_workflows
from mistral_engine.app import running
from mistral_engine.settings import Settings
from mistral_persistence import workflows
from mistral_persistence.database import Pool, connected, migrate
from mistral_persistence.outage import OUTAGE
from mistral_runtime.bus import Bus, connect
from mistral_runtime.settings import ServiceSettings
from tests.engine.hands import HOLD, Failed, Hands

PROJECT = "p1"
_OPTIONS = [("grpc.max_receive_message_length", 16 << 20), ("grpc.max_send_message_length", 16 << 20)]


class Node:
    """An engine of this process and how to call it."""

    def __init__(self, stub: rpc.EngineServiceStub, port: int, stack: AsyncExitStack) -> None:
        self.stub = stub
        self.port = port
        self.close = stack.aclose

    async def start(self, workflow: str, given: Any = None, **more: Any) -> pb.ExecutionSummary:
        started = (await self.start_all(order(workflow, given, **more)))[0]
        assert not started.HasField("refusal"), started.refusal
        return started.execution

    async def start_all(self, *orders: pb.ExecutionStart) -> list[pb.ExecutionStarted]:
        return list((await self.stub.StartExecutions(pb.StartExecutionsRequest(starts=orders), timeout=20)).started)

    async def record(self, *results: wire.ActionResult) -> None:
        await self.stub.RecordResults(pb.RecordResultsRequest(results=results), timeout=20)

    async def waiting(self) -> int:
        return (await self.stub.GetStatus(pb.GetStatusRequest())).waiting

    @staticmethod
    async def waiting_on_lock(pool: Pool) -> bool:
        """Whether a commit is held up by a lock of somebody else."""
        return bool(await pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

    async def partitions(self) -> set[int]:
        return set((await self.stub.GetStatus(pb.GetStatusRequest())).partitions)


def order(
    workflow: str, given: Any = None, params: Any = None, project: str = PROJECT, **more: Any
) -> pb.ExecutionStart:
    return pb.ExecutionStart(
        project_id=project,
        workflow=workflow,
        input=given if isinstance(given, bytes) else json.dumps(given or {}).encode(),
        params=params if isinstance(params, bytes) else json.dumps(params or {}).encode(),
        **more,
    )


class World:
    """One database and one bus, engines on them, and a look into the rows."""

    HOLD = HOLD
    Failed = Failed

    def __init__(self, pool: Pool, bus: Bus, database: str, nats: str) -> None:
        self.pool = pool
        self.bus = bus
        self.hands = Hands(bus)
        self._database = database
        self._nats = nats
        self._stack = AsyncExitStack()
        self._processes: list[subprocess.Popen[bytes]] = []

    async def define(self, text: str, project: str = PROJECT) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            for parsed in parse_workflows(text):
                new = workflows.NewWorkflow(
                    id=str(uuid4()),
                    project=project,
                    namespace="",
                    name=parsed.workflow.name,
                    definition=parsed.text,
                    checksum=None,
                    input="",
                    interface="{}",
                    tags=(),
                )
                await workflows.create(connection, new)

    async def engine(self, name: str = "engine-0", **settings: Any) -> Node:
        stack = AsyncExitStack()
        service = ServiceSettings(
            name=name, nats_url=self._nats, database_url=self._database, log_format="text", drain_seconds=2.0
        )
        # Most tests are about what travels; those about what does not say so.
        wanted = {"local_actions": False, **settings}
        port = await stack.enter_async_context(running(Settings(service=service, **wanted)))
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}", _OPTIONS))
        node = Node(rpc.EngineServiceStub(channel), port, stack)
        self._stack.push_async_callback(stack.aclose)
        return node

    async def reachable(self) -> bool:
        try:
            return bool(await self.pool.fetchval("SELECT true"))
        except OUTAGE:
            return False

    async def close_engines(self) -> None:
        await self._stack.aclose()
        self._stack = AsyncExitStack()

    async def stub_of(self, name: str) -> rpc.EngineServiceStub:
        """Return how to call an engine that another process runs."""
        address = await self.pool.fetchval("SELECT address FROM engine_instance WHERE name = $1", name)
        return rpc.EngineServiceStub(await self._stack.enter_async_context(grpc.aio.insecure_channel(address)))

    async def nudge(self, node: Node) -> int:
        """Have an engine see that its leases are gone, and tell how many partitions it owns."""
        await node.start_all(order("flow"))
        return len(await node.partitions())

    def process(self, name: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start an engine as a process of its own."""
        environ = {
            **os.environ,
            "MISTRAL_SERVICE_NAME": name,
            "MISTRAL_DATABASE_URL": self._database,
            "MISTRAL_NATS_URL": self._nats,
            "MISTRAL_LOG_FORMAT": "text",
            **environment,
        }
        begun = subprocess.Popen([sys.executable, "-m", "mistral_engine"], env=environ)
        self._processes.append(begun)
        return begun

    async def owners(self) -> dict[str | None, int]:
        rows = await self.pool.fetch("SELECT owner, count(*) AS n FROM partition_lease GROUP BY owner")
        return {row["owner"]: row["n"] for row in rows}

    async def until(self, look: Callable[[], Any], fits: Callable[[Any], bool], seconds: float = 20.0) -> Any:
        """Look again and again until what is seen fits."""
        return await until(look, fits, seconds)

    async def until_owned(self, wanted: Mapping[str, int], seconds: float = 20.0) -> None:
        await until(lambda: self.owners(), lambda owners: owners == wanted, seconds)

    async def end(self, execution_id: str, seconds: float = 20.0) -> Any:
        """Wait for the final row of an execution."""

        async def row() -> Any:
            return await self.pool.fetchrow("SELECT * FROM execution WHERE id = $1", execution_id)

        return await until(row, lambda found: found is not None and found["finished_at"] is not None, seconds)

    async def ended(self, execution_id: str, seconds: float = 20.0) -> tuple[str, Any]:
        """Wait for the end of an execution; its state and output."""
        row = await self.end(execution_id, seconds)
        return row["state"], json.loads(row["output"] or "null")

    async def history(self, execution_id: str) -> list[dict[str, Any]]:
        rows = await self.pool.fetch(
            "SELECT events FROM execution_history WHERE execution_id = $1 ORDER BY position", execution_id
        )
        return [event for row in rows for event in json.loads(row["events"])]

    async def close(self) -> None:
        await self._stack.aclose()
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()


async def until(look: Callable[[], Any], fits: Callable[[Any], bool], seconds: float = 20.0) -> Any:
    """Look again and again until what is seen fits."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if inspect.isawaitable(seen):
            seen = await seen
        if fits(seen):
            return seen
        assert time.monotonic() < deadline, f"still {seen}"
        await asyncio.sleep(0.03)


@asynccontextmanager
async def world_at(database: str, nats: str) -> AsyncIterator[World]:
    async with connected(database, size=4) as pool, connect(nats, "test") as bus:
        await migrate(pool)
        await pool.execute("UPDATE partition_lease SET owner = NULL, incarnation = NULL, epoch = epoch + 1")
        await pool.execute(
            "TRUNCATE engine_instance, execution, task_record, action_record, child_execution, timer,"
            " execution_history, dead_letter"
        )
        await pool.execute("DELETE FROM workflow_version WHERE workflow_id IN (SELECT id FROM workflow)")
        await pool.execute("DELETE FROM workflow")
        await bus.streams.ensure_streams()
        jetstream = bus.client.jetstream()
        for stream in ("ENGINE", "TASKS"):
            for info in await jetstream.consumers_info(stream):
                await jetstream.delete_consumer(stream, info.name)
            await jetstream.purge_stream(stream)
        world = World(pool, bus, database, nats)
        working = asyncio.create_task(world.hands.work())
        try:
            yield world
        finally:
            await world.close()
            await world.hands.stop()
            await working


@pytest.fixture
async def world(database: str, nats: str) -> AsyncIterator[World]:
    async with world_at(database, nats) as world:
        yield world


@pytest.fixture
def world_on(database: str) -> Callable[[str], AbstractAsyncContextManager[World]]:
    """Call it with the URL of a NATS for a world there, as an ``async with`` block."""
    return lambda nats: world_at(database, nats)
