"""What the tests here share: a NATS of each test's own, and a gRPC service that does as it is told."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from mistral_core import errors
from mistral_mesh.program import Running
from mistral_runtime import telemetry
from mistral_runtime.bus import Bus, connect


@dataclass
class Nats:
    """The server under a test."""

    server: Running
    url: str

    @property
    def store(self) -> Path:
        return Path(self.server.program.environment["MISTRAL_HOME"], "data", "nats")

    def restart(self, *, without_store: bool = False) -> None:
        self.server.kill()
        if without_store:
            shutil.rmtree(self.store)
        self.server.restart()

    def connect(self, name: str = "test") -> AbstractAsyncContextManager[Bus]:
        return connect(self.url, name)


@pytest.fixture
def until() -> Callable[[Callable[[], bool | Awaitable[bool]]], Awaitable[None]]:
    """Call and await it with a condition, plain or async, that must come true within five seconds."""

    async def come_true(condition: Callable[[], bool | Awaitable[bool]]) -> None:
        for _ in range(500):
            met = condition()
            if (met if isinstance(met, bool) else await met) is True:
                return
            await asyncio.sleep(0.01)
        pytest.fail("did not come true in time")

    return come_true


@pytest.fixture
def own_nats(nats_server: Callable[[], tuple[Running, str]]) -> Nats:
    return Nats(*nats_server())


@pytest.fixture
async def bus(own_nats: Nats) -> AsyncIterator[Bus]:
    async with own_nats.connect() as bus:
        await bus.streams.ensure_streams()
        yield bus


_RAISED: dict[bytes, Exception] = {
    b"not found": errors.NotFound("no workflow 'x'"),
    b"history": errors.HistoryGone("what followed 5 is not kept"),
    b"conflict": errors.Conflict("'x' exists"),
    b"etag": errors.EtagMismatch("'x' was changed"),
    b"reused": errors.RequestIdReused("'r' was another request"),
    b"forbidden": errors.Forbidden("'x' is not yours"),
    b"unauthenticated": errors.Unauthenticated("who are you?"),
    b"invalid": errors.Invalid("cannot be"),
    b"input": errors.InvalidInput("'a' is missing"),
    b"definition": errors.InvalidDefinition("is no list", path="tasks.t1", line=7, column=3),
    b"expression": errors.ExpressionFailed("YAQL", "$.x", "no such key"),
    b"state": errors.IllegalState("already paused"),
    b"limit": errors.LimitExceeded("too many"),
    b"unavailable": errors.Unavailable("starting"),
    b"maintenance": errors.InMaintenance("nothing new is begun"),
    b"bug": RuntimeError("the password is hunter2"),
}


class Echo:
    """Answers what it is asked, or raises what the request names."""

    raised = _RAISED

    def __init__(self) -> None:
        self.metadata: dict[str, Any] = {}
        self.release = asyncio.Event()
        self.left = asyncio.Event()

    async def unary(self, request: bytes, context: Any) -> bytes:
        self.metadata = dict(context.invocation_metadata())
        if request in _RAISED:
            raise _RAISED[request]
        if request == b"trace":
            return (telemetry.current_traceparent() or "").encode()
        if request == b"abort":
            await context.abort(grpc.StatusCode.OUT_OF_RANGE, "too far")
        if request == b"wait":
            await self.release.wait()
        return request

    async def many(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        yield b"first"
        if request == b"wait":
            try:
                await self.release.wait()
            finally:
                self.left.set()
        if request in _RAISED:
            raise _RAISED[request]
        yield (telemetry.current_traceparent() or "").encode()

    async def gather(self, requests: AsyncIterator[bytes], context: Any) -> bytes:
        return b"".join([request async for request in requests])

    async def chat(self, requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        async for request in requests:
            if request in _RAISED:
                raise _RAISED[request]
            yield request

    def register(self, server: grpc.aio.Server) -> list[str]:
        handlers = {
            "Unary": grpc.unary_unary_rpc_method_handler(self.unary),
            "Many": grpc.unary_stream_rpc_method_handler(self.many),
            "Gather": grpc.stream_unary_rpc_method_handler(self.gather),
            "Chat": grpc.stream_stream_rpc_method_handler(self.chat),
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Echo", handlers),))
        return ["test.Echo"]


@pytest.fixture
def new_echo() -> type[Echo]:
    return Echo


@pytest.fixture
def echo() -> Echo:
    return Echo()
