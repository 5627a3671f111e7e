"""Which pools are taken from, and how fast: as much as workers here can take, and no more than they soon will.

A pool that has workers but no credits keeps an envelope of each priority at hand, so that there is something to choose
from when a worker asks. What has lain here for a second, while another executor has workers for it, is put back.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final, Protocol

from mistral.internal.v1.envelope_pb2 import ActionTask, TaskEnvelope
from mistral_executor.attempts import Lease, Leases
from mistral_executor.results import Results
from mistral_executor.workers.book import Book
from mistral_executor.workers.lines import MOST_WANTED, Line, Lines
from mistral_executor.workers.pools import LocalPool, Pools
from mistral_executor.workers.presence import Presence
from mistral_executor.workers.runs import Run
from mistral_runtime.bus import Bus, BusError
from mistral_runtime.lifecycle import Tasks

_log = logging.getLogger(__name__)

_LINGER_SECONDS: Final = 2.0
_LEFT_OVER_SECONDS: Final = 1.0
_RETRY_SECONDS: Final = 0.5
_MOST_PASSED_OVER: Final = 256


class Receive(Protocol):
    """Takes on what came for a pool."""

    def __call__(
        self, pool: LocalPool, tasks: Sequence[ActionTask], lease: Lease, fresh: bool, doubtful: bool
    ) -> None: ...


class Intake:
    """Opens, narrows and closes the lines of pools.

    Attributes:
        pools: All pools; set once they are there.
        presence: What is heard of other executors.
        receive: Takes on what came.
    """

    pools: Pools
    presence: Presence
    receive: Receive

    def __init__(self, bus: Bus, book: Book, leases: Leases, results: Results, tasks: Tasks) -> None:
        self._bus = bus
        self._book = book
        self._leases = leases
        self._results = results
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        self._lines: dict[str, Lines] = {}
        self._closing: dict[str, asyncio.TimerHandle] = {}
        self._touched: set[LocalPool] = set()
        self._leaving = False

    def opened(self, pool: LocalPool) -> None:
        """Take from a pool, which has a worker now."""
        token = pool.pool.token
        if (timer := self._closing.pop(token, None)) is not None:
            timer.cancel()
        if token not in self._lines:
            lines = Lines(self._bus, pool.pool, self._leases, partial(self.receive, pool))
            self._lines[token] = lines
            self._tasks.start(lines.run(), name=f"runs of {pool.pool.action}")
        self.changed(pool)

    def emptied(self, pool: LocalPool) -> None:
        """Take no more from a pool in a while, unless a worker comes back."""
        token = pool.pool.token
        if token in self._lines and token not in self._closing:
            self._closing[token] = self._loop.call_later(_LINGER_SECONDS, self._close, pool)
        self.changed(pool)

    def changed(self, pool: LocalPool) -> None:
        """The credits of a pool, or what waits in it, have changed."""
        if not self._touched:
            self._loop.call_soon(self._regulate)
        self._touched.add(pool)

    def look(self, now: float) -> None:
        """Put back what others can do, and see whether results have room again."""
        for pool in self.pools:
            self.changed(pool)
            token = pool.pool.token
            if len(pool.waiting) and (not pool.ready.sessions or pool.sessions):
                executors, credits = self.presence.elsewhere(token)
                pool.bucket.share = 1.0 / (executors + 1)
                if credits and not pool.ready.sessions:
                    self.put_back(pool.waiting.older(now - _LEFT_OVER_SECONDS, credits))

    def put_back(self, runs: Iterable[Run]) -> None:
        """Have runs that were not given out taken by any executor that can."""
        gathered: dict[Lease, list[Run]] = {}
        for run in runs:
            # Answered as far as we are concerned: nothing else settles its leases.
            run.answered = True
            self._book.runs.pop(run.key, None)
            gathered.setdefault(run.leases[0], []).append(run)
        for lease, some in gathered.items():
            self._tasks.start(self._put_back(lease, some), name="runs put back")

    async def leave(self) -> None:
        """Take nothing further; what was not given out goes back into the queue."""
        self._leaving = True
        for timer in self._closing.values():
            timer.cancel()
        for lines in tuple(self._lines.values()):
            await lines.leave()
        for pool in self.pools:
            gathered: dict[Lease, list[Run]] = {}
            for run in pool.waiting.everything():
                run.answered = True
                self._book.runs.pop(run.key, None)
                gathered.setdefault(run.leases[0], []).append(run)
            for lease, some in gathered.items():
                await self._put_back(lease, some)

    def _close(self, pool: LocalPool) -> None:
        token = pool.pool.token
        self._closing.pop(token, None)
        if pool.sessions or self._leaving:
            return
        lines = self._lines.pop(token, None)
        self.pools.forget(pool)
        if lines is not None:
            self._tasks.start(self._closed(pool, lines), name="pool without workers")

    async def _closed(self, pool: LocalPool, lines: Lines) -> None:
        try:
            await lines.leave()
        except BusError as error:
            _log.warning("runs for %s stay here although nobody can take them: %s", pool.pool.action, error)
        self.put_back(pool.waiting.everything())

    async def _put_back(self, lease: Lease, runs: Sequence[Run]) -> None:
        for run in runs:
            # It was with a worker before: whoever takes it asks for what that told of its progress.
            run.task.worker.progressed |= run.epoch > 0
        envelope = TaskEnvelope(tasks=[run.task for run in runs], traceparent=lease.traceparent)
        data = envelope.SerializeToString()
        while True:
            try:
                await self._bus.publish(lease.delivery.subject, data)
                break
            except BusError as error:
                _log.warning("runs cannot be put back: %s", error)
                await asyncio.sleep(_RETRY_SECONDS)
        for run in runs:
            for each in run.leases:
                each.settle()

    def _regulate(self) -> None:
        touched, self._touched = self._touched, set()
        for pool in touched:
            lines = self._lines.get(pool.pool.token)
            if lines is None:
                continue
            credits = pool.ready.credits(MOST_WANTED)
            elsewhere = not credits and self.presence.elsewhere(pool.pool.token)[1] > 0
            for line in lines.lines:
                line.flow(0 if elsewhere else self._wanted(pool, line, credits))

    def _wanted(self, pool: LocalPool, line: Line, credits: int) -> int:
        """Return how many envelopes to ask for."""
        if not pool.sessions or self._results.full or self._leaving:
            return 0
        waiting = len(pool.waiting) if line.rank is None else pool.waiting.of(line.rank)
        if waiting and credits and pool.choosy:
            # What waits is for namespaces that nobody here serves; what is behind it may be for others.
            return int(waiting < _MOST_PASSED_OVER)
        if waiting or (pool.pool.rate and pool.bucket.wait(time.monotonic()) > 0.0):
            return 0
        return max(1, min(credits, MOST_WANTED))
