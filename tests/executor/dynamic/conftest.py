"""An engine's side of dynamic actions: code by the name of the action; and executors that run it."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
import pytest

from mistral.internal.v1 import dynamic_action_pb2 as dynamic_pb2
from mistral.internal.v1.engine_service_pb2_grpc import EngineServiceServicer, add_EngineServiceServicer_to_server
from mistral_executor.actions.dynamic import DynamicSettings

LIMITS = {"enabled": True, "seconds": 20.0, "cpu_seconds": 2, "memory_mb": 128, "file_mb": 1, "processes": 2}


@dataclass
class Code(EngineServiceServicer):
    """The engine's side: code by the name of the action."""

    by_name: dict[str, tuple[str, str]] = field(default_factory=dict)
    asked: list[Any] = field(default_factory=list)
    sent: int = 0
    away: int = 0

    async def GetDynamicAction(self, request: Any, context: Any) -> Any:
        self.asked.append(request)
        if self.away:
            self.away -= 1
            await context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
        if request.name not in self.by_name:
            await context.abort(grpc.StatusCode.NOT_FOUND, "unknown")
        code, class_name = self.by_name[request.name]
        digest = hashlib.sha256(code.encode()).hexdigest()
        found = dynamic_pb2.GetDynamicActionResponse(
            class_name=class_name, code_source_name="source", version=1, digest=digest
        )
        if digest != request.known_digest:
            self.sent += 1
            found.content = code
        return found


@pytest.fixture
async def address() -> AsyncIterator[tuple[Code, str]]:
    code, server = Code(), grpc.aio.server()
    add_EngineServiceServicer_to_server(code, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield code, f"127.0.0.1:{port}"
    await server.stop(0)


@pytest.fixture
async def code(address: tuple[Code, str], start: Any) -> AsyncIterator[Code]:
    """An executor with dynamic actions; put code in here for it."""
    executor: AsyncExitStack = await start(engines=address[1], dynamic=DynamicSettings(**LIMITS))
    yield address[0]
    await executor.aclose()


@pytest.fixture
def limits() -> dict[str, Any]:
    """The settings of dynamic actions in these tests."""
    return LIMITS


@pytest.fixture
def run(engine: Any) -> Callable[..., Awaitable[tuple[str, Any]]]:
    """Call it with the body of a method ``run``; gives the outcome and the value."""

    async def run_body(code: Code, body: str) -> tuple[str, Any]:
        lines = "\n".join(f"        {line}" for line in body.splitlines())
        code.by_name["it"] = f"class It:\n    def run(self, context):\n{lines}\n", "It"
        answer: tuple[str, Any] = await engine.run("it", {})
        return answer

    return run_body
