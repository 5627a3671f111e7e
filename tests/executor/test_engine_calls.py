"""What is too large for the bus, or cannot be sent over it, goes to an engine over gRPC."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
import pytest

from mistral.internal.v1 import engine_service_pb2 as pb2
from mistral.internal.v1.engine_service_pb2_grpc import EngineServiceServicer, add_EngineServiceServicer_to_server


@dataclass
class Store(EngineServiceServicer):
    """The engine's side of the two calls."""

    inputs: dict[str, bytes] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)
    refuse: int = 0

    async def GetActionInput(self, request: Any, context: Any) -> Any:
        if request.action_id not in self.inputs:
            await context.abort(grpc.StatusCode.NOT_FOUND, "unknown")
        return pb2.GetActionInputResponse(input=self.inputs[request.action_id])

    async def RecordResults(self, request: Any, context: Any) -> Any:
        if self.refuse > 0:
            self.refuse -= 1
            await context.abort(grpc.StatusCode.INTERNAL, "not now")
        for result in request.results:
            self.results[result.action_id] = json.loads(result.value)
        return pb2.RecordResultsResponse()


@asynccontextmanager
async def serving(store: Store) -> AsyncIterator[str]:
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", 16 << 20)])
    add_EngineServiceServicer_to_server(store, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(0)


@pytest.fixture
async def store(start: Any) -> AsyncIterator[Store]:
    async with AsyncExitStack() as stack:
        store = Store()
        address = await stack.enter_async_context(serving(store))
        executor = await start(engines=address)
        yield store
        await executor.aclose()


async def test_a_large_result_goes_to_the_engine(engine: Any, store: Store):
    store.refuse = 2
    task = engine.task("std.test_dict", {"size": 1, "val": "x" * 700_000})
    await engine.give(task)

    await until(lambda: task.action_id in store.results)

    assert store.results[task.action_id] == {"0": "x" * 700_000}
    assert engine.results == {}


async def test_a_large_input_comes_from_the_engine(engine: Any, store: Store):
    task = engine.task("std.echo", input_stored=True)
    store.inputs[task.action_id] = json.dumps({"output": "y" * 300_000}).encode()
    await engine.give(task)

    assert await engine.result(task) == ("SUCCESS", "y" * 300_000)


async def test_an_action_nobody_waits_for_has_no_input_any_more(engine: Any, store: Store):
    assert (await engine.run("std.echo", input_stored=True))[0] == "CANCELLED"


async def test_without_a_bus_results_go_to_the_engine(nats_server: Any, new_engine: Any, start_at: Any):
    running, url = nats_server()
    store = Store()
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(serving(store))
        engine = await stack.enter_async_context(new_engine(url))
        await stack.enter_async_context(start_at(url, engine.queue, engines=address, drain_seconds=1))
        task = engine.task("std.echo", {"output": "late", "delay": 1})
        await engine.give(task)
        await asyncio.sleep(0.4)
        running.process.kill()

        await until(lambda: task.action_id in store.results, 12)

        assert store.results == {task.action_id: "late"}


async def until(holds: Any, seconds: float = 8) -> None:
    for _ in range(int(seconds / 0.02)):
        if holds():
            return
        await asyncio.sleep(0.02)
    pytest.fail("it does not come about")
