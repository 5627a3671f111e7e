"""Runs that may be in a worker's hands somewhere, and runs whose lease ran out: what becomes of them.

A run that came off the bus a second time may have been given out by an executor that is gone. Its worker has the
length of a lease to come here, or to another executor, with the token. Then a run that may be repeated is given out
again, and one that may not has failed. While another executor keeps a worker's lease, we keep the message on the bus
for it, and forget it when the result is recorded there.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from mistral_executor.attempts import Key
from mistral_executor.workers import measures
from mistral_executor.workers.answers import Answers
from mistral_executor.workers.book import Book
from mistral_executor.workers.others import Others
from mistral_executor.workers.runs import Past, Run
from mistral_runtime.bus import BusUnavailable

_log = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 0.25
_ASK_SECONDS: Final = 1.0


class Doubt:
    """One run in doubt: until when its worker may come, and whether it may have begun."""

    __slots__ = ("begun", "run", "until")

    def __init__(self, run: Run, until: float, begun: bool) -> None:
        self.run = run
        self.until = until
        self.begun = begun


class Doubts:
    """Looks after runs in doubt. ``run`` must run in the background.

    Args:
        again: Called with a run that is to be given out again.
    """

    def __init__(
        self, book: Book, answers: Answers, others: Others, again: Callable[[Run], None], lease_seconds: float
    ) -> None:
        self._book = book
        self._answers = answers
        self._others = others
        self._again = again
        self._lease = lease_seconds
        self._open: dict[Key, Doubt] = {}
        self._asked = 0.0
        self._wake = asyncio.Event()

    def __contains__(self, key: Key) -> bool:
        return key in self._open

    def __len__(self) -> int:
        return len(self._open)

    def doubt(self, run: Run, begun: bool) -> None:
        """Wait for the worker of a run, if there is one.

        Args:
            begun: Whether somebody may have begun it.
        """
        self._open[run.key] = Doubt(run, time.monotonic() + self._lease, begun)
        self._wake.set()

    def expired(self, run: Run, then: Past = Past.LEASE_LOST) -> None:
        """The worker of a run has lost it: decide what becomes of it as soon as others could say that they have it."""
        if run.answered:
            return
        self._answers.let_go(run)
        if run.token:
            self._book.close(run.token, then)
        run.hands = run.session = None
        run.stop_timers()
        self._open[run.key] = Doubt(run, time.monotonic(), True)
        self._wake.set()

    def never_arrived(self, run: Run) -> None:
        """The worker of a run has never got it: it is given out again at once."""
        if run.answered:
            return
        self._answers.let_go(run)
        self._book.close(run.token, Past.LEASE_LOST)
        if run.whole:
            self._again(run)
        else:
            self._book.runs.pop(run.key, None)

    def settle(self, key: Key) -> None:
        """A run is in doubt no more."""
        self._open.pop(key, None)

    async def run(self) -> None:
        """Decide on each when its time has come, for ever."""
        while True:
            if not self._open:
                self._wake.clear()
                await self._wake.wait()
            await self._look()
            await asyncio.sleep(_LOOK_SECONDS)

    async def _look(self) -> None:
        now = time.monotonic()
        due = {key for key, doubt in self._open.items() if doubt.until <= now}
        if not due and now - self._asked < _ASK_SECONDS:
            return
        if not due and not self._others.alive:
            return
        asked = list(self._open) if now - self._asked >= _ASK_SECONDS else list(due)
        self._asked = now
        try:
            in_workers, recorded = await self._others.census(asked)
        except BusUnavailable as error:
            _log.warning("nobody can be asked about runs of workers: %s", error)
            return
        for key in asked:
            doubt = self._open.get(key)
            if doubt is not None:
                self._decide(doubt, key in in_workers, key in recorded, key in due)

    def _decide(self, doubt: Doubt, elsewhere: bool, recorded: bool, due: bool) -> None:
        run = doubt.run
        if run.answered:
            self.settle(run.key)
        elif recorded:
            self.settle(run.key)
            self._forget(run)
        elif elsewhere:
            # That executor may leave or die, too; the worker then has the length of a lease to come here.
            doubt.until = max(doubt.until, time.monotonic() + self._lease)
            doubt.begun = True
        elif due and doubt.until <= time.monotonic():
            self.settle(run.key)
            self._give_up(run, doubt.begun)

    def _give_up(self, run: Run, begun: bool) -> None:
        if not run.whole:
            # Whoever has its message decides.
            measures.LEASES_LOST.labels("forgotten").inc()
            self._book.runs.pop(run.key, None)
        elif run.safe or not begun:
            measures.LEASES_LOST.labels("again").inc()
            self._again(run)
        else:
            measures.LEASES_LOST.labels("lost").inc()
            self._answers.lost(run)

    def _forget(self, run: Run) -> None:
        """Another executor has recorded its result."""
        run.answered = True
        self._book.runs.pop(run.key, None)
        self._book.ended.add(run.key)
        for lease in run.leases:
            lease.settle()
