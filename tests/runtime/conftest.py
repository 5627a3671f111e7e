"""A NATS of each test's own, connected to."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from mistral_mesh.program import Running
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
