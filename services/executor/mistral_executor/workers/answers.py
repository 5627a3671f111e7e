"""Answers for runs: sent to the engine, and the worker is told once they are safe there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from mistral.internal.v1.envelope_pb2 import ActionResult
from mistral.v1 import worker_pb2
from mistral_executor import outcome
from mistral_executor.measures import Tally
from mistral_executor.results import Results
from mistral_executor.workers.book import Book
from mistral_executor.workers.runs import Past, Run, Speaker
from mistral_executor.workers.session import Session
from mistral_executor.workers.tokens import Claims

_SAYS: Final = {
    Past.UNKNOWN: "this is no token of ours",
    Past.LEASE_LOST: "the lease ran out, and the run was given to another worker or given up",
    Past.CLOSED: "nobody waits for this run any more",
    Past.BAD_RESULT: "the result cannot be taken",
}


def rejection(token: str, past: Past, says: str = "") -> worker_pb2.Rejection:
    """Return what a worker is told of a token that counts for nothing."""
    return worker_pb2.Rejection(token=token, reason=past.value, message=says or _SAYS[past])  # type: ignore[arg-type]


class Answers:
    """Gives each run its one answer; whatever comes later is rejected.

    Attributes:
        freed: Called with a session that may take an action again which it had as many runs of as it takes.
    """

    freed: Callable[[Session], None]

    def __init__(self, book: Book, results: Results, tally: Tally) -> None:
        self._book = book
        self._results = results
        self._tally = tally

    def give(self, run: Run, kind: int, value: bytes, *, past: Past = Past.CLOSED, permanent: bool = False) -> None:
        """Answer a run, unless it has its answer already.

        Args:
            kind: One of ``outcome``.
            value: A JSON value; empty for null.
            past: What is to be said of its token once the answer is safe.
        """
        if run.answered:
            return
        run.answered = True
        run.verdict = past
        run.stop_timers()
        self._tally.add(run.task.action, kind)
        result = result_of(run, kind, value, permanent=permanent)
        self.let_go(run)
        traceparent = run.leases[0].traceparent if run.leases else ""
        self._results.add(run.task.partition, result, partial(self._settled, run), traceparent)

    def lost(self, run: Run) -> None:
        """Answer for a run that may have begun and must not run twice."""
        value = outcome.text("The worker that ran the action is gone, and the action may not be run twice.")
        self.give(run, outcome.LOST, value, past=Past.LEASE_LOST)

    def complete(self, claims: Claims, token: str, answer: tuple[int, bytes, bool], speaker: Speaker) -> None:
        """Answer a run that was deferred before."""
        kind, value, permanent = answer
        result = ActionResult(
            action_id=claims.action_id,
            attempt=claims.attempt,
            task_id=claims.task_id,
            execution_id=claims.execution_id,
            outcome=kind,  # type: ignore[arg-type]
            value=value,
            permanent=permanent,
            worker=claims.worker,
        )

        def settled() -> None:
            self._book.close(token, Past.RECORDED)
            speaker.record(token)

        self._results.add(claims.partition, result, settled)

    def let_go(self, run: Run) -> None:
        """Take a run out of the hands of its worker; its token is still known."""
        hands = run.hands
        if hands is None or hands.runs.pop(run.token, None) is None:
            return
        session = hands.session
        if session is not None and run.task.action in session.busy:
            session.busy[run.task.action] -= 1
            self.freed(session)

    def _settled(self, run: Run) -> None:
        book = self._book
        if book.runs.get(run.key) is run:
            del book.runs[run.key]
        book.ended.add(run.key)
        if run.token:
            book.close(run.token, run.verdict)
        for lease in run.leases:
            lease.settle()
        for speaker in run.speakers:
            speaker.record(run.token)


def result_of(run: Run, kind: int, value: bytes, *, permanent: bool = False) -> ActionResult:
    """Return the answer of a run as it travels."""
    task = run.task
    return ActionResult(
        action_id=task.action_id,
        attempt=task.attempt,
        task_id=task.task_id,
        execution_id=task.execution_id,
        outcome=kind,  # type: ignore[arg-type]
        value=value,
        permanent=permanent,
        worker=run.hands.worker if run.hands is not None else "",
    )
