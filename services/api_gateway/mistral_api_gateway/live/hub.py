"""One subscription for all: takes the events off the bus and hands them to waiters and watchers.

Nothing is decoded while nobody waits or watches. Once a second Postgres is asked about everything that is still
waited for, in one query per kind, so a lost message costs a second and no more.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import islice
from typing import Final

import msgspec

from mistral_api_gateway.live import events
from mistral_api_gateway.live.broad import BroadWatcher
from mistral_api_gateway.live.events import Ending
from mistral_api_gateway.live.watcher import Watcher
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import Unavailable
from mistral_persistence import execution_reads, history
from mistral_runtime.bus import Bus, Message
from mistral_runtime.lifecycle import Tasks
from mistral_runtime.metrics import gauge

POLL_SECONDS: Final = 1.0
_IDS_AT_ONCE: Final = 1000
_FINALS_KEPT: Final = 20_000

_log = logging.getLogger(__name__)
_WAITERS = gauge("gateway_waiters", "Calls that wait for the end of an execution")
_WATCHERS = gauge("gateway_watchers", "Streams of events that are open")


class Bell(asyncio.Event):
    """Rings when an execution is said to be final.

    Attributes:
        ending: How it ended, if that was said as well.
    """

    ending: Ending | None = None


class Hub:
    """Who waits for what, and what came over the bus; get a running one from ``listening``."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiters: dict[str, set[Bell]] = {}
        self._watchers: dict[str, set[Watcher]] = {}
        self._broad: set[BroadWatcher] = set()
        self._expecting = 0
        self._finals: dict[str, Ending] = {}
        self.leaving = False

    @contextmanager
    def expecting(self) -> Iterator[None]:
        """Remember inside the block which executions end, for one that is being started and has no id yet."""
        self._expecting += 1
        try:
            yield
        finally:
            self._expecting -= 1
            if not self._expecting:
                self._finals.clear()

    @contextmanager
    def waiting(self, execution_id: str) -> Iterator[Bell]:
        """Yield a bell that rings whenever the execution is said to be final, and when the gateway leaves."""
        bell = Bell()
        bell.ending = self._finals.get(execution_id)
        if self.leaving or bell.ending is not None:
            bell.set()
        self._waiters.setdefault(execution_id, set()).add(bell)
        _WAITERS.inc()
        try:
            yield bell
        finally:
            _WAITERS.dec()
            others = self._waiters[execution_id]
            others.discard(bell)
            if not others:
                del self._waiters[execution_id]

    @contextmanager
    def watching(self, execution_id: str) -> Iterator[Watcher]:
        """Collect the events of one execution inside the block."""
        watcher = Watcher()
        self._watchers.setdefault(execution_id, set()).add(watcher)
        _WATCHERS.inc()
        try:
            yield watcher
        finally:
            _WATCHERS.dec()
            others = self._watchers[execution_id]
            others.discard(watcher)
            if not others:
                del self._watchers[execution_id]

    @contextmanager
    def watching_all(self) -> Iterator[BroadWatcher]:
        """Collect the events of all executions inside the block."""
        watcher = BroadWatcher()
        self._broad.add(watcher)
        _WATCHERS.inc()
        try:
            yield watcher
        finally:
            _WATCHERS.dec()
            self._broad.discard(watcher)

    def leave(self) -> None:
        """Let go of all who wait and watch, because the gateway stops."""
        self.leaving = True
        for execution_id in list(self._waiters):
            self._ring(execution_id)
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.nudge()
        for broad in self._broad:
            broad.nudge()

    async def receive(self, message: Message) -> None:
        """Take a message of the bus."""
        try:
            if not events.of_tasks(message.subject) and (self._waiters or self._expecting):
                for ending in events.finished(message.data):
                    self._end(ending)
            if self._watchers or self._broad:
                for event in events.all_of(message.data):
                    for broad in self._broad:
                        broad.put(event)
                    for watcher in self._watchers.get(event.execution_id, ()):
                        watcher.put(event)
        except msgspec.DecodeError:
            _log.warning("a message on %s is not a batch of events", message.subject)

    async def poll(self) -> None:
        """Ask Postgres once a second about all that is still waited for, for ever."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self._look()
            except Unavailable:
                _log.info("nobody can be told anything while the store is away")

    async def _look(self) -> None:
        for ids in _chunks(self._waiters):
            for row in await self._store.read(execution_reads.final_among, ids):
                self._ring(row["id"])
        for ids in _chunks(self._watchers):
            for execution_id, position in (await self._store.read(history.latest, ids)).items():
                for watcher in self._watchers.get(execution_id, ()):
                    if watcher.position < position:
                        watcher.nudge()

    def _end(self, ending: Ending) -> None:
        if self._expecting:
            self._finals[ending.execution_id] = events.brief(ending)
            if len(self._finals) > _FINALS_KEPT:
                del self._finals[next(iter(self._finals))]
        self._ring(ending.execution_id, ending)

    def _ring(self, execution_id: str, ending: Ending | None = None) -> None:
        for bell in self._waiters.get(execution_id, ()):
            bell.ending = ending
            bell.set()


def _chunks(ids: dict[str, set[Bell]] | dict[str, set[Watcher]]) -> Iterator[list[str]]:
    remaining = iter(list(ids))
    while chunk := list(islice(remaining, _IDS_AT_ONCE)):
        yield chunk


@asynccontextmanager
async def listening(bus: Bus, store: Store, tasks: Tasks) -> AsyncIterator[Hub]:
    """Yield a hub that hears the bus inside the block."""
    hub = Hub(store)
    subscription = await bus.subscribe(events.SUBJECTS, hub.receive)
    poll = tasks.start(hub.poll(), name="live poll")
    try:
        yield hub
    finally:
        poll.cancel()
        await subscription.unsubscribe()
