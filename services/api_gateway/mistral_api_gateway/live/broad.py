"""The queue between the bus and a stream of the events of all executions."""

import asyncio
from collections import deque
from typing import Final

from mistral_persistence.history import HistoryEvent

MOST_QUEUED: Final = 20_000


class BroadWatcher:
    """What came over the bus for one stream since it last looked; more than it can hold is dropped, and known to be."""

    def __init__(self) -> None:
        self._queue: deque[HistoryEvent] = deque()
        self._dropped = False
        self._something = asyncio.Event()

    def put(self, event: HistoryEvent) -> None:
        """Add an event; one too many drops them all."""
        if len(self._queue) >= MOST_QUEUED:
            self._queue.clear()
            self._dropped = True
        self._queue.append(event)
        self._something.set()

    def nudge(self) -> None:
        """Make the stream look up, because the gateway leaves."""
        self._something.set()

    async def next(self, seconds: float) -> tuple[list[HistoryEvent], bool]:
        """Return what came, at the latest after some seconds, and whether something was dropped before."""
        try:
            async with asyncio.timeout(seconds):
                await self._something.wait()
        except TimeoutError:
            pass
        self._something.clear()
        events, dropped = list(self._queue), self._dropped
        self._queue.clear()
        self._dropped = False
        return events, dropped
