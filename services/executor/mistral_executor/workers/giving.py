"""Giving a run to a worker: its token, its lease, what the worker is told, and when it is given up."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from mistral.v1 import worker_pb2
from mistral_executor import outcome
from mistral_executor.workers.answers import Answers
from mistral_executor.workers.book import Book
from mistral_executor.workers.runs import Past, Run
from mistral_executor.workers.session import Hands, Session
from mistral_executor.workers.terms import WorkerTerms
from mistral_executor.workers.tokens import Claims, Signer

_MICROS: Final = 1_000_000
_NOBODY: Final = "nobody waits for the run any more"


class Giving:
    """Makes assignments. The signer is there before the first worker is.

    Attributes:
        given: How many were made since somebody last looked.
    """

    signer: Signer

    def __init__(self, book: Book, answers: Answers, terms: WorkerTerms) -> None:
        self._book = book
        self._answers = answers
        self._terms = terms
        self._loop = asyncio.get_running_loop()
        self.given = 0

    def give(self, run: Run, session: Session) -> None:
        """Use up a credit of a session for a run."""
        hands, task = session.hands, run.task
        now = time.time()
        run.epoch = max(run.epoch + 1, int(now * 1000))
        deadline = _deadline(run, now)
        claims = Claims(
            task.action_id,
            task.attempt,
            run.epoch,
            task.task_id,
            task.execution_id,
            task.partition,
            task.action,
            hands.project,
            hands.worker,
            hands.instance,
            task.safe_rerun,
            deadline,
        )
        run.claims = claims
        run.token = token = self.signer.issue(claims)
        self.bind(run, hands, session)
        run.given_at = run.expires - self._terms.lease_seconds
        session.credits -= 1
        self.given += 1
        if task.action in session.limits:
            session.busy[task.action] = session.busy.get(task.action, 0) + 1
        session.assign(_assignment(run, token, deadline))

    def bind(self, run: Run, hands: Hands, session: Session | None) -> None:
        """Put a run into a worker's hands, with a new lease."""
        run.hands = hands
        run.session = session
        hands.runs[run.token] = run
        self._book.tokens[run.token] = run
        run.expires = time.monotonic() + self._terms.lease_seconds
        if run.claims is not None and run.claims.deadline_micros and run.timer is None:
            left = run.claims.deadline_micros / _MICROS - time.time()
            run.timer = self._loop.call_later(max(0.0, left), self._overdue, run)

    def cancel(self, run: Run, reason: str = _NOBODY) -> None:
        """Ask the worker to stop a run; at the deadline it counts as cancelled, whatever the worker does."""
        if run.cancelling is None and not run.answered:
            run.cancelling = self._loop.call_later(
                self._terms.cancel_seconds, partial(self._answers.give, run, outcome.CANCELLED, b"", past=Past.CLOSED)
            )
        self.tell_to_stop(run, reason)

    def tell_to_stop(self, run: Run, reason: str = _NOBODY) -> None:
        """Tell the worker that a run is to stop, if it is connected."""
        session = run.hands.session if run.hands is not None else None
        if session is None:
            return
        session.cancel(self.request_to_stop(run, reason))

    def request_to_stop(self, run: Run, reason: str = _NOBODY) -> worker_pb2.CancelRequest:
        """Return what a worker is told of a run that is to stop."""
        left = run.cancelling.when() - self._loop.time() if run.cancelling is not None else 0.0
        request = worker_pb2.CancelRequest(token=run.token, reason=reason)
        request.deadline.FromMicroseconds(int((time.time() + max(0.0, left)) * _MICROS))
        return request

    def _overdue(self, run: Run) -> None:
        if run.answered:
            return
        seconds = run.task.timeout_seconds
        said = f"Timeout after {seconds:g} seconds" if seconds > 0 else "The time for the action is over"
        self.tell_to_stop(run, said)
        self._answers.give(run, outcome.ERROR, outcome.text(said))


def _deadline(run: Run, now: float) -> int:
    """Return when a run is given up, microseconds since the epoch; 0 for never."""
    whole = run.task.worker.deadline_micros
    if run.task.timeout_seconds <= 0:
        return whole
    own = int((now + run.task.timeout_seconds) * _MICROS)
    return min(own, whole) if whole else own


def _assignment(run: Run, token: str, deadline: int) -> worker_pb2.Assignment:
    task, wanted = run.task, run.task.worker
    assignment = worker_pb2.Assignment(
        token=token,
        action=task.action,
        input=run.input,
        encoding="json",
        action_execution_id=task.action_id,
        attempt=task.attempt,
        task_execution_id=task.task_id,
        task_name=wanted.task_name,
        execution_id=task.execution_id,
        workflow_name=task.workflow_name,
        workflow_namespace=task.namespace,
        project_id=task.project_id,
        index=task.index,
        queue=wanted.pool.queue,
        traceparent=run.leases[0].traceparent if run.leases else "",
        progress_details=run.details,
        idempotency_key=task.action_id,
        safe_rerun=task.safe_rerun,
    )
    if wanted.sent_at_micros:
        assignment.scheduled_at.CopyFrom(_timestamp(wanted.sent_at_micros))
    if deadline:
        assignment.deadline.CopyFrom(_timestamp(deadline))
    return assignment


def _timestamp(micros: int) -> Timestamp:
    return Timestamp(seconds=micros // _MICROS, nanos=micros % _MICROS * 1000)
