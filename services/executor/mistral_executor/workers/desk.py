"""Where runs and workers meet: what comes off the bus is checked, waits for its turn, and is given out.

Nothing here waits; what must be fetched first is fetched in a task of its own.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from mistral.internal.v1.envelope_pb2 import ActionTask
from mistral_core.errors import NotFound, Unavailable
from mistral_executor import outcome
from mistral_executor.attempts import Lease, key_of
from mistral_executor.results import Results
from mistral_executor.workers.answers import Answers
from mistral_executor.workers.backing import Backing
from mistral_executor.workers.book import Book
from mistral_executor.workers.giving import Giving
from mistral_executor.workers.matching import choose
from mistral_executor.workers.pools import LocalPool
from mistral_executor.workers.runs import Run
from mistral_executor.workers.session import Session
from mistral_runtime.lifecycle import Tasks

_log = logging.getLogger(__name__)

_FETCH_RETRY_SECONDS: Final = 0.5
_decode = msgspec.json.Decoder(dict).decode


class Desk:
    """Gives runs to workers.

    Args:
        doubted: Called with a run that may be in a worker somewhere, and whether it may have begun at all.
        changed: Called with a pool whose credits or waiting runs have changed.
    """

    def __init__(
        self,
        book: Book,
        answers: Answers,
        giving: Giving,
        results: Results,
        backing: Backing,
        tasks: Tasks,
        *,
        doubted: Callable[[Run, bool], None],
        changed: Callable[[LocalPool], None],
    ) -> None:
        self._book = book
        self._answers = answers
        self._giving = giving
        self._results = results
        self._backing = backing
        self._tasks = tasks
        self._doubted = doubted
        self._changed = changed
        self._loop = asyncio.get_running_loop()

    def receive(self, pool: LocalPool, tasks: Sequence[ActionTask], lease: Lease, fresh: bool, doubtful: bool) -> None:
        """Take on what came in an envelope."""
        for task in tasks:
            self._take_on(pool, task, lease, fresh, doubtful)
        self._changed(pool)

    def again(self, run: Run) -> None:
        """Give out once more what no worker has any longer."""
        if run.pool is None or not run.whole:
            raise ValueError("only a whole run of a pool can be given out again")
        run.hands = run.session = None
        # It was begun in time, or may have been.
        run.task.worker.begin_by_micros = 0
        run.token = ""
        run.acked = False
        run.stop_timers()
        # Whoever had it may have told its progress, also to an executor that is gone.
        self._tasks.start(self._fetch(run), name="input of a run")
        self._changed(run.pool)

    def feed(self, session: Session) -> None:
        """Give a worker what waits for it, as far as its credits go."""
        while session.open and (run := self._waiting_for(session)) is not None:
            self._give(run, session)
        if session.open:
            for pool in session.pools:
                pool.ready.add(session)
        for pool in session.pools:
            self._changed(pool)

    def feed_soon(self, session: Session) -> None:
        """Give a worker what waits for it, once what happens now is over."""
        self._loop.call_soon(self.feed, session)

    def drain(self, session: Session) -> None:
        """Give a worker nothing further."""
        session.credits = 0
        self.unready(session)

    def retry(self, pool: LocalPool) -> None:
        """Try again for what waits in a pool although there are credits: a limit held it back."""
        while pool.waiting and pool.ready.sessions:
            before = len(pool.waiting)
            for session in tuple(pool.ready.sessions):
                self.feed(session)
            if len(pool.waiting) == before:
                return

    def expire(self, pool: LocalPool) -> None:
        """Answer what waits in a pool and may not begin any more, although nobody asks for it."""
        for run in pool.waiting:
            if not run.answered:
                self._too_late(run)

    def _take_on(self, pool: LocalPool, task: ActionTask, lease: Lease, fresh: bool, doubtful: bool) -> None:
        key = key_of(task)
        held = self._book.runs.get(key)
        if held is not None:
            held.leases.append(lease)
            if not held.whole:
                held.task, held.whole, held.pool, held.rank = task, True, pool, lease.rank
                held.input = task.input
            return
        if key in self._book.ended and self._results.send_again([key]):
            lease.settle()
            return
        run = Run(task, [lease], lease.rank, time.monotonic())
        run.pool = pool
        if pool.safe and not task.safe_rerun:
            task.safe_rerun = True
        self._book.runs[key] = run
        if key in self._book.cancelled:
            self._answers.give(run, outcome.CANCELLED, b"")
        elif key in self._book.ended:
            self._answers.lost(run)
        elif not fresh:
            self._doubted(run, doubtful)
        else:
            self._prepare(run)

    def _prepare(self, run: Run) -> None:
        task = run.task
        if task.input_stored or task.worker.progressed:
            self._tasks.start(self._fetch(run), name="input of a run")
            return
        run.input = task.input
        self._dispatch(run)

    async def _fetch(self, run: Run) -> None:
        try:
            run.input = await self._input(run.task)
        except NotFound:
            self._answers.give(run, outcome.CANCELLED, b"")
            return
        run.details = await self._backing.details(run.task.action_id) or run.details
        if not run.answered:
            self._dispatch(run)

    async def _input(self, task: ActionTask) -> bytes:
        while task.input_stored:
            try:
                return await self._backing.input_of(task.action_id)
            except Unavailable:
                await asyncio.sleep(_FETCH_RETRY_SECONDS)
        return task.input

    def _dispatch(self, run: Run) -> None:
        pool = run.pool
        assert pool is not None
        if self._refused(run, pool):
            return
        now = time.monotonic()
        if not pool.waiting.of(run.rank) and pool.bucket.wait(now) == 0.0:
            session = choose(pool.ready.sessions, run)
            if session is not None:
                if not self._too_late(run):
                    pool.bucket.take(now)
                    self._give(run, session)
                return
        pool.waiting.add(run)
        self._hold_back(pool, now)

    def _hold_back(self, pool: LocalPool, now: float) -> None:
        """Look again when a rate allows the next."""
        wait = pool.bucket.wait(now)
        if wait > 0.0 and not pool.timed:
            pool.timed = True
            self._loop.call_later(wait, self._resume, pool)

    def _resume(self, pool: LocalPool) -> None:
        pool.timed = False
        self.retry(pool)
        if len(pool.waiting):
            self._hold_back(pool, time.monotonic())

    def _refused(self, run: Run, pool: LocalPool) -> bool:
        """Answer a run whose input does not fit what the action says of itself."""
        if pool.schema is None:
            return False
        try:
            fault = pool.schema.fault(_decode(run.input or b"{}"))
        except (msgspec.MsgspecError, RecursionError):
            fault = "it is no JSON object"
        if not fault:
            return False
        self._answers.give(run, outcome.REFUSED, outcome.text(f"Invalid input [name={run.task.action}]: {fault}"))
        return True

    def _waiting_for(self, session: Session) -> Run | None:
        """Take out the run that is next for a worker: the most urgent, then what came first."""
        filled = [pool for pool in session.pools if pool.waiting]
        if not filled:
            return None
        now = time.monotonic()
        for pool in sorted(filled, key=_urgency) if len(filled) > 1 else filled:
            while pool.bucket.wait(now) == 0.0 and (run := pool.waiting.next(session.accepts)) is not None:
                if not self._too_late(run):
                    pool.bucket.take(now)
                    return run
        return None

    def _give(self, run: Run, session: Session) -> None:
        self._giving.give(run, session)
        if not session.open:
            self.unready(session)

    def _too_late(self, run: Run) -> bool:
        wanted = run.task.worker
        if not wanted.begin_by_micros and not wanted.deadline_micros:
            return False
        now = time.time() * 1e6
        if 0 < wanted.begin_by_micros < now:
            self._answers.give(run, outcome.ERROR, outcome.text("No worker began the action in time"))
        elif 0 < wanted.deadline_micros < now:
            self._answers.give(run, outcome.ERROR, outcome.text("The time for the action was over before it began"))
        else:
            return False
        return True

    def unready(self, session: Session) -> None:
        """A worker has no credits left."""
        for pool in session.pools:
            pool.ready.discard(session)
            self._changed(pool)


def _urgency(pool: LocalPool) -> tuple[int, float]:
    return pool.waiting.foremost()
