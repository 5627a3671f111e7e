"""A scheduler in this process on real servers, and what stands in for the engine: rows put in, messages taken out."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from mistral.internal.v1.envelope_pb2 import EngineEnvelope, SchedulerWake
from mistral_persistence.database import Pool, connected, migrate
from mistral_persistence.outage import OUTAGE
from mistral_runtime.bus import Bus, Message, connect
from mistral_runtime.lifecycle import supervised
from mistral_runtime.settings import ServiceSettings
from mistral_scheduler.app import running
from mistral_scheduler.settings import SchedulerSettings
from tests.scheduler.event_world import World, world


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with connected(database) as opened:
        await migrate(opened)
        await opened.execute("TRUNCATE timer")
        yield opened


@pytest.fixture
async def bus(nats: str) -> AsyncIterator[Bus]:
    async with connect(nats, "test") as opened:
        await opened.streams.ensure_streams()
        yield opened


@pytest.fixture
def settings(database: str, nats: str) -> Callable[[str], SchedulerSettings]:
    def make(name: str) -> SchedulerSettings:
        return SchedulerSettings(service=ServiceSettings(name=name, nats_url=nats), database_url=database)

    return make


@pytest.fixture
def scheduler(
    settings: Callable[[str], SchedulerSettings],
) -> Callable[..., AbstractAsyncContextManager[int]]:
    def start(name: str = "scheduler-0") -> AbstractAsyncContextManager[int]:
        return running(settings(name))

    return start


@dataclass
class Engine:
    """Stores timers, hears which are fired and when, and deletes those as an engine's commit does."""

    pool: Pool
    bus: Bus
    deletes: bool = True
    due: dict[UUID, float] = field(default_factory=dict)
    heard: list[tuple[UUID, float]] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)
    gone: list[UUID] = field(default_factory=list)

    async def store(self, *due_in: float, wake: bool = True) -> None:
        """Commit timers that are due in so many seconds, and tell the schedulers if wanted."""
        now = time.time()
        rows = [(uuid4(), uuid4(), now + seconds, index % 256) for index, seconds in enumerate(due_in)]
        self.due |= {row[0]: row[2] for row in rows}
        await self.pool.execute(
            "INSERT INTO timer (task_id, kind, round, execution_id, partition, due_at) "
            "SELECT task, 'retry', 1, execution, partition, to_timestamp(due) "
            "FROM unnest($1::uuid[], $2::uuid[], $3::float8[], $4::smallint[]) AS t (task, execution, due, partition)",
            *(list(column) for column in zip(*rows, strict=True)),
        )
        if wake:
            message = SchedulerWake()
            message.due_at.FromNanoseconds(int((now + min(due_in)) * 1e9))
            self.bus.send("mistral.scheduler.wake", message.SerializeToString())

    async def apply(self, message: Message) -> None:
        at = time.time()
        timers = EngineEnvelope.FromString(message.data).timers
        self.heard += [(UUID(timer.task_id), at) for timer in timers]
        self.more.set()
        if self.deletes:
            self.gone += [UUID(timer.task_id) for timer in timers]

    async def commit(self) -> None:
        """Remove what was applied, many at once as an engine does; for ever."""
        while True:
            gone, self.gone = self.gone, []
            if not gone:
                await asyncio.sleep(0.005)
                continue
            try:
                await self.pool.execute("DELETE FROM timer WHERE task_id = ANY($1::uuid[])", gone)
            except OUTAGE:
                self.gone += gone
                await asyncio.sleep(0.05)

    async def until_heard(self, count: int, *, within_seconds: float) -> None:
        async with asyncio.timeout(within_seconds):
            while len({task for task, _ in self.heard}) < count:
                self.more.clear()
                await self.more.wait()

    def lateness(self) -> list[float]:
        """Seconds from due to first heard, of each timer."""
        first: dict[UUID, float] = {}
        for task, at in self.heard:
            first.setdefault(task, at)
        return [at - self.due[task] for task, at in first.items()]


@pytest.fixture
async def engine(pool: Pool, bus: Bus) -> AsyncIterator[Engine]:
    engine = Engine(pool, bus)
    subscription = await bus.subscribe("mistral.engine.>", engine.apply)
    async with supervised() as tasks:
        tasks.start(engine.commit(), name="commit")
        yield engine
    await subscription.unsubscribe()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def there(database: str, nats: str) -> AsyncIterator[World]:
    """A gateway, an engine, an executor and a scheduler that hears the bus."""
    async with world(database, nats, MISTRAL_EGRESS_ALLOWED="127.0.0.1") as found:
        await found.start_scheduler()
        await found.source()
        yield found
