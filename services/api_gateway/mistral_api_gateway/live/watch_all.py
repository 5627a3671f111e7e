"""A stream of what happens to all executions that fit: live from the bus, and what it lost from Postgres.

Postgres is read at the beginning when the stream goes on from a time, when the bus brought more than fits into memory,
and now and then, in case a message was lost. Since several engines write, rows may become visible a little later than
their times say: what is read begins a while before the time that was reached, and what was told already is left out.
"""

import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from mistral_api_gateway.live.hub import Hub
from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import HistoryGone
from mistral_persistence import execution_sets, history
from mistral_persistence.history import HistoryEvent
from mistral_persistence.listing import Filter

STABLE: Final = frozenset(
    {
        "id",
        "workflow_id",
        "workflow_name",
        "workflow_namespace",
        "tags",
        "created_at",
        "task_execution_id",
        "root_execution_id",
    }
)
"""What filters may name: they are asked once for each execution, so only what stays as it is."""

LOOK_SECONDS: Final = 15.0
IDLE_SECONDS: Final = 5.0
"""After so long without an event a stream says that it lives; it is a chance to ask whether it still may."""

LATE_SECONDS: Final = 30.0
_KEPT: Final = 50_000
_SHORT: Final = timedelta(seconds=10)
_LONG: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interest:
    """Which events are wanted.

    Attributes:
        filters: What their executions must fit; conditions on what never changes.
        states: States that the events lead to; empty for all.
        with_tasks: Whether events of tasks count too.
    """

    filters: Sequence[Filter] = ()
    nulls: Sequence[str] = ()
    states: frozenset[str] = frozenset()
    with_tasks: bool = False

    def wants(self, event: HistoryEvent) -> bool:
        """Tell whether an event of an execution that fits is wanted."""
        return (self.with_tasks or event.task_id is None) and (not self.states or event.state in self.states)


@dataclass(frozen=True, slots=True)
class Told:
    """What the stream gives out: an event, or the news that there was none; and the time that is reached.

    Attributes:
        at: Microseconds since the epoch.
    """

    event: HistoryEvent | None
    workflow_name: str
    at: int


class WatchAll:
    """One stream.

    Args:
        since: Microseconds since the epoch to go on from; None begins now.
    """

    def __init__(self, hub: Hub, store: Store, caller: Caller, interest: Interest, since: int | None) -> None:
        self._hub = hub
        self._store = store
        self._project = caller.scope
        self._interest = interest
        self._begin = _now() if since is None else since
        self._resumes = since is not None
        self._floor = self._begin if since is None else since - int(LATE_SECONDS * 1e6)
        self._reached = self._begin
        self._positions: OrderedDict[str, int] = OrderedDict()
        self._names: OrderedDict[str, str] = OrderedDict()
        self._strangers: OrderedDict[str, None] = OrderedDict()

    async def told(self, *, look_seconds: float = LOOK_SECONDS) -> AsyncIterator[Told]:
        """Yield what happens, and something at least every few seconds, until the gateway leaves.

        Raises:
            HistoryGone: If the history of the time to go on from is not kept any more.
            InvalidInput: If a value of the conditions does not fit its column.
        """
        await self._check_kept()
        # What is wrong with the conditions shows now rather than at the first event.
        await self._fitting([history.NOWHERE])
        with self._hub.watching_all() as watcher:
            yield Told(None, "", self._reached)
            if self._resumes:
                async for told in self._stored():
                    yield told
            looked = time.monotonic()
            while not self._hub.leaving:
                events, dropped = await watcher.next(min(look_seconds, IDLE_SECONDS))
                async for told in self._new(events):
                    yield told
                if not events and not self._hub.leaving:
                    yield Told(None, "", self._reached)
                if dropped or time.monotonic() - looked >= look_seconds:
                    async for told in self._stored():
                        yield told
                    looked = time.monotonic()
                    yield Told(None, "", self._reached)

    async def _check_kept(self) -> None:
        oldest = await self._store.read(history.oldest_day)
        if self._resumes and oldest is not None and _moment(self._begin).date() < oldest:
            raise HistoryGone(f"The history before {oldest} is not kept any more")

    async def _stored(self) -> AsyncIterator[Told]:
        """Yield what Postgres has since a while before the time that was reached."""
        until = _moment(_now())
        start = _moment(max(self._floor, self._reached - int(LATE_SECONDS * 1e6)))
        span = _SHORT
        while start < until:
            place: history.Place | None = (start, history.NOWHERE, 0)
            end = min(start + span, until)
            found = 0
            while place is not None:
                events, place = await self._store.read(history.between, place, end)
                found += len(events)
                async for told in self._new([event for event in events if event.at >= self._floor]):
                    yield told
            start, span = end, _SHORT if found else min(span * 2, _LONG)
        self._reached = max(self._reached, _micros(until))

    async def _new(self, events: Sequence[HistoryEvent]) -> AsyncIterator[Told]:
        """Yield those that are wanted and were not told yet, each execution's in order."""
        await self._name({event.execution_id for event in events})
        for event in events:
            known = self._positions.get(event.execution_id)
            if event.execution_id not in self._names or (known is not None and event.position <= known):
                continue
            for each in [*await self._between(known, event), event]:
                self._remember(each)
                if self._interest.wants(each):
                    yield Told(each, self._names[each.execution_id], self._reached)

    async def _between(self, known: int | None, event: HistoryEvent) -> list[HistoryEvent]:
        """Return the events that the bus lost before this one, if any."""
        missing: list[HistoryEvent] = []
        while known is not None and event.position > known + 1:
            found = await self._store.read(history.after, event.execution_id, known)
            found = [each for each in found if each.position < event.position]
            if not found:
                break
            missing += found
            known = found[-1].position
        return missing

    def _remember(self, event: HistoryEvent) -> None:
        self._reached = max(self._reached, event.at)
        self._positions[event.execution_id] = event.position
        self._positions.move_to_end(event.execution_id)
        _trim(self._positions)

    async def _name(self, ids: set[str]) -> None:
        """Find out which of some executions fit, and what their workflows are called."""
        unknown = [one for one in ids if one not in self._names and one not in self._strangers]
        for start in range(0, len(unknown), 1000):
            some = unknown[start : start + 1000]
            found = await self._fitting(some)
            self._names |= found
            self._strangers |= dict.fromkeys(one for one in some if one not in found)
        _trim(self._names)
        _trim(self._strangers)

    async def _fitting(self, ids: Sequence[str]) -> dict[str, str]:
        return await self._store.read(
            execution_sets.names_among, ids, self._interest.filters, self._interest.nulls, project=self._project
        )


def _trim(remembered: OrderedDict[str, Any]) -> None:
    while len(remembered) > _KEPT:
        remembered.popitem(last=False)


def _now() -> int:
    return time.time_ns() // 1000


def _moment(micros: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros)


def _micros(moment: datetime) -> int:
    return int((moment - datetime.fromtimestamp(0, UTC)) / timedelta(microseconds=1))
