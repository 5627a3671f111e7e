"""The processes of a service that evaluate, and how an evaluation finds one.

An evaluation is waited for in place as long as nobody notices. What takes longer raises ``NotYet``: whoever is
deciding lets go of the decision, waits for the outcome without holding up anything else, and decides again with it.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from mistral_core.expressions import Scope
from mistral_runtime.expressions.evaluation import BROKE_OFF, Evaluation, Outcome, Question
from mistral_runtime.expressions.settings import ExpressionSettings
from mistral_runtime.expressions.turns import Turns
from mistral_runtime.expressions.worker import Worker, WorkerLost

_log = logging.getLogger(__name__)

# How long a service may stand still for evaluations before it looks after everything else.
_IN_PLACE_SECONDS = 0.05
_WAIT_SECONDS = 1.0
_STARTS = 5
_START_AGAIN_SECONDS = 1.0

Known: TypeAlias = dict[bytes, tuple[list[Question], Outcome]]
"""Outcomes by text and data, with what else they depend on."""

_known: Known = {}


@contextmanager
def remembering(known: Known) -> Iterator[None]:
    """Have evaluations inside the block, which must not await, look for their outcomes here first."""
    global _known
    before, _known = _known, known
    try:
        yield
    finally:
        _known = before


class NotYet(BaseException):
    """An evaluation takes longer than one can stand and wait; ``into`` must be awaited, then the decision repeated.

    Not an ``Exception``: it passes through an evaluation as what breaks off a decision.
    """

    def __init__(self, evaluation: Evaluation, running: asyncio.Task[Outcome | BaseException]) -> None:
        self._evaluation = evaluation
        self._running = running
        super().__init__("an evaluation takes longer")

    async def into(self, known: Known) -> None:
        """Wait for the outcome and put it there; too long a wait is an outcome too.

        Raises:
            BaseException: What its facts raised to break off the decision.
        """
        outcome = await asyncio.shield(self._running)
        if isinstance(outcome, BaseException):
            raise outcome
        known[_key(self._evaluation)] = (self._evaluation.questions, outcome)

    def refuse(self, known: Known, error: str) -> None:
        """Put a failure there, without waiting."""
        known[_key(self._evaluation)] = ([], Outcome(failure=self._evaluation.failed(error)))

    def cancel(self) -> None:
        """Nobody is to wait for it any more."""
        self._running.cancel()


class Evaluators:
    """A few processes, started when the first is needed.

    Args:
        owner: Tells whose an evaluation is; all but one of the processes may be busy with one owner's.
    """

    def __init__(self, settings: ExpressionSettings, owner: Callable[[Scope], str] = lambda scope: "") -> None:
        self._settings = settings
        self._owner = owner
        self._idle: list[Worker] = []
        self._workers: set[Worker] = set()
        self._starting = 0
        self._turns = Turns(max(1, settings.processes - 1))
        self._running: dict[bytes, NotYet] = {}
        self._spent = 0.0
        self._closed = False

    @property
    def pids(self) -> list[int]:
        """The processes that there are now."""
        return [worker.pid for worker in self._workers]

    def evaluate(self, text: str, scope: Scope) -> Any:
        """Return what the text stands for, as ``mistral_core.expressions.evaluate`` does.

        Raises:
            ExpressionFailed: If it has a fault, takes too long or too much memory.
            NotYet: If the outcome has to be awaited.
        """
        evaluation = Evaluation(text, scope)
        evaluation.pack()
        if _known and (found := _known.get(_key(evaluation))) is not None and evaluation.holds(found[0]):
            return found[1].result()
        owner = self._owner(scope)
        worker = None
        if self._idle and self._spent < _IN_PLACE_SECONDS and self._turns.may(owner):
            worker = self._idle.pop()
            if (outcome := self._attempted(worker, evaluation)) is not None:
                return outcome.result()
        raise self._not_yet(evaluation, owner, worker)

    def wait(self, text: str, scope: Scope) -> Any:
        """Return what ``evaluate`` would return, at the cost of standing still for a second perhaps.

        Raises:
            ExpressionFailed: If it has a fault, takes too long or too much memory.
        """
        evaluation = Evaluation(text, scope)
        evaluation.pack()
        for _ in range(2):
            try:
                worker = self._idle.pop() if self._idle else Worker.started_at_once(self._settings)
            except (OSError, WorkerLost):
                _log.exception("a process that evaluates cannot be started")
                raise evaluation.failed("no process can be started that evaluates") from None
            self._workers.add(worker)
            outcome = worker.attempt(evaluation, _WAIT_SECONDS)
            late = outcome is None and not worker.lost
            worker.lost = worker.lost or late or len(self._workers) > self._settings.processes
            self._release(worker)
            if outcome is not None:
                return outcome.result()
            if late:
                raise evaluation.failed(f"it takes longer than {_WAIT_SECONDS:g} seconds")
        raise evaluation.failed(BROKE_OFF)

    def _attempted(self, worker: Worker, evaluation: Evaluation) -> Outcome | None:
        if not self._spent:
            asyncio.get_running_loop().call_soon(self._went_on)
        began = time.monotonic()
        outcome = None
        try:
            outcome = worker.attempt(evaluation, _IN_PLACE_SECONDS - self._spent)
        except BaseException:
            self._release(worker)
            raise
        self._spent += time.monotonic() - began
        if outcome is not None:
            self._release(worker)
        return outcome

    def _went_on(self) -> None:
        self._spent = 0.0

    def _not_yet(self, evaluation: Evaluation, owner: str, worker: Worker | None) -> NotYet:
        """Return what to raise for an evaluation; the same evaluation is not done twice at once."""
        key = _key(evaluation)
        known = self._running.get(key)
        if known is not None and worker is None:
            return known
        if worker is not None:
            self._turns.begin(owner)
        running = asyncio.get_running_loop().create_task(self._finished(evaluation, owner, worker))
        not_yet = self._running[key] = NotYet(evaluation, running)
        running.add_done_callback(lambda _: self._running.pop(key, None))
        return not_yet

    async def _finished(self, evaluation: Evaluation, owner: str, worker: Worker | None) -> Outcome | BaseException:
        """Wait for an outcome; ``worker`` has begun with it, None if nobody has."""
        begun = worker is not None
        if worker is None:
            turn = self._turns.wait(owner)
            self._turns.grant(self._more)
            await turn
        try:
            if worker is None or worker.lost:
                worker, begun = await self._free(worker), False
            return await worker.finish(evaluation, self._settings.seconds, begun=begun)
        except WorkerLost:
            return Outcome(failure=evaluation.failed("no process can be started that evaluates"))
        except asyncio.CancelledError:
            raise
        # What breaks off a decision is for whoever waits for this one.
        except BaseException as error:
            return error
        finally:
            self._turns.end(owner)
            if worker is not None:
                self._release(worker)

    def _more(self) -> bool:
        return bool(self._idle) or len(self._workers) + self._starting < self._settings.processes

    async def _free(self, lost: Worker | None) -> Worker:
        """Return a process that has nothing to do, or a new one."""
        if lost is not None:
            self._release(lost)
        if self._idle:
            return self._idle.pop()
        self._starting += 1
        try:
            worker = await self._started()
        finally:
            self._starting -= 1
        self._workers.add(worker)
        return worker

    async def _started(self) -> Worker:
        for _ in range(_STARTS):
            try:
                return await Worker.started(self._settings)
            except (OSError, WorkerLost):
                _log.exception("a process that evaluates cannot be started")
                await asyncio.sleep(_START_AGAIN_SECONDS)
        raise WorkerLost

    def _release(self, worker: Worker) -> None:
        if worker.lost or worker.leaving or self._closed:
            self._workers.discard(worker)
            worker.kill()
        elif worker not in self._idle:
            self._idle.append(worker)
        self._turns.grant(self._more)

    def close(self) -> None:
        """End all processes and evaluations."""
        self._closed = True
        for not_yet in self._running.values():
            not_yet.cancel()
        for worker in self._workers:
            worker.kill()
        self._workers.clear()
        self._idle.clear()


def _key(evaluation: Evaluation) -> bytes:
    return hashlib.sha256(evaluation.body).digest()
