"""The queue between the bus and one open stream: bounded, since a slow reader must not fill the memory."""

import asyncio
from collections import deque
from typing import Final

from mistral_persistence.history import HistoryEvent

MOST_QUEUED: Final = 1000


class Watcher:
    """What came over the bus for one stream since it last looked.

    Attributes:
        position: Position of the last event that the stream gave out; set by the stream.
    """

    def __init__(self) -> None:
        self.position = 0
        self._queue: deque[HistoryEvent] = deque()
        self._nudged = False
        self._something = asyncio.Event()

    def put(self, event: HistoryEvent) -> None:
        """Add an event; one too many drops them all, and the stream then reads them from Postgres."""
        if len(self._queue) >= MOST_QUEUED:
            self._queue.clear()
        self._queue.append(event)
        self._something.set()

    def nudge(self) -> None:
        """Make the stream look into Postgres."""
        self._nudged = True
        self._something.set()

    async def next(self, seconds: float) -> HistoryEvent | None:
        """Return the next event in order; None when the stream should look into Postgres.

        Raises:
            TimeoutError: If nothing came in time.
        """
        async with asyncio.timeout(seconds):
            while True:
                while self._queue:
                    event = self._queue.popleft()
                    if event.position > self.position:
                        return event if event.position == self.position + 1 else None
                if self._nudged:
                    self._nudged = False
                    return None
                self._something.clear()
                await self._something.wait()
