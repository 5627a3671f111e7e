"""From what happened to what is to be delivered: which subscriptions want it. One notifier does it at a time.

A row of what happened goes in the transaction that puts in its deliveries, so nothing is told twice or forgotten here.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from mistral_core.subscribing import any_of, named
from mistral_notifier.conditions import Conditions
from mistral_notifier.telling import About, Happened, about, happened, payload
from mistral_persistence import fanout, subscriptions
from mistral_persistence.database import Connection, Pool
from mistral_persistence.fanout import NewDelivery, Source, Subscribed
from mistral_persistence.outage import OUTAGE
from mistral_runtime.metrics import counter

_log = logging.getLogger(__name__)

_AT_ONCE: Final = 500
_OFTEN_SECONDS: Final = 0.1
_SELDOM_SECONDS: Final = 1.0
_TRIM_EVERY: Final = 60.0
_KEPT: Final = 10_000
_TOO_SLOW: Final = "Its condition takes too long to evaluate"

_TOLD = counter("notifier_subscribed_events", "Events that a subscription wanted")


class Wanting:
    """A subscription, with its lists made ready."""

    def __init__(self, of: Subscribed) -> None:
        self.of = of
        self._types = named(of.event_types)
        self._names = any_of(of.workflow_names)
        self._tags = frozenset(of.tags)
        self._states = frozenset(of.states)
        self.publisher = brief_publisher(of.publisher)

    def wants(self, event: Happened, execution: About) -> bool:
        """Tell whether it wants an event, its condition apart."""
        return (
            event.event in self._types
            and self._names(event.workflow_name or "")
            and self._tags.issubset(execution.tags)
            and (not self._states or event.state in self._states)
        )


class FanOut:
    """Turns what happened into deliveries of subscriptions, for ever.

    Args:
        wake: Called when there is something to deliver.
    """

    def __init__(self, pool: Pool, wake: Callable[[], None]) -> None:
        self._pool = pool
        self._wake = wake
        self._conditions = Conditions()
        self._ready: OrderedDict[tuple[str, datetime], Wanting] = OrderedDict()

    async def run(self) -> None:
        """Do it whenever there is something."""
        while True:
            wait = _SELDOM_SECONDS
            try:
                if await fanout.anything(self._pool):
                    wait = 0.0 if await self.once() == _AT_ONCE else _OFTEN_SECONDS
            except OUTAGE as error:
                _log.warning("the store is away: %s", type(error).__name__)
            await asyncio.sleep(wait)

    async def trim(self) -> None:
        """Keep the logs of subscriptions short, for ever."""
        while True:
            await asyncio.sleep(_TRIM_EVERY)
            try:
                await subscriptions.trim_log(self._pool)
            except OUTAGE as error:
                _log.warning("logs of subscriptions are trimmed later: %s", type(error).__name__)

    async def once(self) -> int:
        """Take what happened, at most so many rows; return how many there were."""
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await fanout.sources(connection, _AT_ONCE)
            if not rows:
                return 0
            deliveries = await self._deliveries(connection, rows)
            await fanout.replace(connection, rows, deliveries)
        if deliveries:
            _TOLD.inc(len(deliveries))
            self._wake()
        return len(rows)

    async def _deliveries(self, connection: Connection, rows: Sequence[Source]) -> list[NewDelivery]:
        known = [(row, of) for row in rows if (of := about(row)) is not None]
        wanting = await self._wanting(connection, sorted({of.project_id for _, of in known}))
        chosen = [
            (row, of, event, subscription)
            for row, of in known
            for event in happened(row)
            for subscription in wanting.get(of.project_id, ())
            if subscription.wants(event, of)
        ]
        times = await fanout.task_times(connection, sorted({e.task_id for _, _, e, _ in chosen if e.task_id}))
        found: list[NewDelivery] = []
        off: set[str] = set()
        for row, of, event, subscription in chosen:
            told = payload(row, of, event, times)
            if subscription.of.id not in off and await self._holds(connection, subscription.of, told, off):
                text = msgspec.json.encode(told).decode()
                found.append(
                    NewDelivery(row.execution_id, event.event, text, subscription.publisher, subscription.of.id)
                )
        return found

    async def _holds(self, connection: Connection, of: Subscribed, told: dict[str, Any], off: set[str]) -> bool:
        if not of.condition:
            return True
        holds = await self._conditions.holds(of.id, of.condition, told)
        if self._conditions.too_slow(of.id, of.condition):
            # It would hold up everybody's.
            _log.warning("subscription %s is switched off: %s", of.id, _TOO_SLOW)
            await subscriptions.disable(connection, of.id, _TOO_SLOW)
            off.add(of.id)
        return holds

    async def _wanting(self, connection: Connection, projects: Sequence[str]) -> dict[str, list[Wanting]]:
        found: dict[str, list[Wanting]] = {}
        for one in await fanout.subscribed(connection, projects):
            key = one.id, one.changed_at
            ready = self._ready.get(key)
            if ready is None:
                ready = self._ready[key] = Wanting(one)
                if len(self._ready) > _KEPT:
                    self._ready.popitem(last=False)
            found.setdefault(one.project_id, []).append(ready)
        return found


def brief_publisher(publisher: str) -> str:
    """Return what a delivery keeps of the publisher: what tells its destination, and whether order matters."""
    entry = msgspec.json.decode(publisher)
    kept = {name: entry[name] for name in ("type", "url", "ordered") if name in entry}
    return msgspec.json.encode(kept).decode()
