"""The hands of one application: takes runs as any worker does, calls the application, and reports what came of it.

A change of the application opens a new session; calls under way go on.
"""

from __future__ import annotations

import asyncio
import logging
import random
from typing import TYPE_CHECKING, Final

from mistral.v1 import worker_pb2, worker_service_pb2
from mistral_core.errors import Conflict, LimitExceeded, Unavailable
from mistral_executor.http_workers.awaiting import Awaiting
from mistral_executor.http_workers.reply import Ended, Later, NotBegun, Reply, Unknown, failed
from mistral_executor.http_workers.request import cancel_body, headers_of, run_body
from mistral_executor.workers.opening import opened
from mistral_runtime.lifecycle import Tasks

if TYPE_CHECKING:
    from mistral.internal.v1.worker_state_service_pb2 import HttpWorkerCall
    from mistral_executor.http_workers.caller import Caller
    from mistral_executor.workers.floor import Floor
    from mistral_executor.workers.session import Session

_log = logging.getLogger(__name__)

_AGAIN_SECONDS: Final = 1.0
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 60.0
_TELL_SECONDS: Final = 5.0


class Unheard:
    """Whom what became of results is told, since no application asks."""

    def record(self, token: str) -> None:
        """Nothing is kept that could be forgotten now."""

    def reject(self, rejection: worker_pb2.Rejection) -> None:
        _log.info("what an HTTP worker answered counts for nothing: %s", rejection.message)


class Hand:
    """Works for one application until it is retired, and has nothing in hand, or the executor leaves.

    Args:
        worker: The application, as of one revision.
        share: Most runs at once here.
    """

    def __init__(self, floor: Floor, caller: Caller, tasks: Tasks, worker: HttpWorkerCall, share: int) -> None:
        self._floor = floor
        self._caller = caller
        self._tasks = tasks
        self._worker = worker
        self._share = share
        self._calls: dict[str, asyncio.Task[None]] = {}
        self._awaiting = Awaiting(floor.book, floor.terms.lease_seconds, worker.lease_seconds)
        self._session: Session | None = None
        self._retired = False

    def change(self, worker: HttpWorkerCall, share: int) -> None:
        """Go on as the application is now."""
        self._worker, self._share = worker, share
        self._awaiting.patience_seconds = worker.lease_seconds
        if self._session is not None:
            self._session.end(Unavailable("the HTTP worker has changed"))

    def retire(self) -> None:
        """Take nothing further."""
        self._retired = True
        if self._session is not None:
            self._floor.desk.drain(self._session)
            self._session.draining = True
            self._session.wake.set()

    async def run(self) -> None:
        """Take runs and call the application."""
        try:
            while not self._retired and not self._floor.arrivals.leaving:
                try:
                    session, _ = await opened(self._floor, self._worker.project_id, self._description(), None, "http")
                except (Conflict, LimitExceeded, Unavailable) as error:
                    _log.warning("HTTP worker %s takes nothing yet: %s", self._worker.name, error)
                    await asyncio.sleep(_AGAIN_SECONDS)
                    continue
                self._session = session
                try:
                    await self._work(session)
                finally:
                    self._session = None
                    self._floor.arrivals.leave(session)
        finally:
            for call in self._calls.values():
                call.cancel()

    def _description(self) -> worker_pb2.WorkerDescription:
        worker, identity = self._worker, self._floor.identity
        return worker_pb2.WorkerDescription(
            id=f"{worker.name}@{identity.name}"[:255],
            instance=identity.instance,
            sdk="http",
            queues=worker.queues,
            actions=worker.actions,
            labels=worker.labels,
            slots=self._share,
        )

    async def _work(self, session: Session) -> None:
        session.credits = max(0, self._share - len(session.hands.runs))
        self._floor.desk.feed(session)
        beat = asyncio.create_task(self._beat(session))
        try:
            while session.ended is None and not (session.draining and self._idle):
                await session.wake.wait()
                session.wake.clear()
                for told in session.told():
                    self._heard(session, told)
        finally:
            beat.cancel()

    @property
    def _idle(self) -> bool:
        leaving = self._floor.arrivals.leaving
        return not self._calls and (leaving or not len(self._awaiting))

    def _heard(self, session: Session, told: worker_service_pb2.WorkResponse) -> None:
        match told.WhichOneof("message"):
            case "assignments":
                tokens = [each.token for each in told.assignments.assignments]
                self._floor.reports.acked(tokens, session.hands.project, session)
                for assignment in told.assignments.assignments:
                    call = asyncio.create_task(self._serve(assignment), name="call of an HTTP worker")
                    self._calls[assignment.token] = call
            case "cancels":
                for request in told.cancels.cancels:
                    self._stop(request)
            case "rejections":
                for rejection in told.rejections.rejections:
                    self._drop(rejection.token)
            case "go_away":
                session.draining = True

    async def _serve(self, assignment: worker_pb2.Assignment) -> None:
        token = assignment.token
        try:
            reply = await self._called(assignment)
        finally:
            self._calls.pop(token, None)
        if isinstance(reply, Later):
            self._awaiting.add(token)
            return
        assert isinstance(reply, Ended)
        self._ended(reply.result)

    def _ended(self, result: worker_pb2.AssignmentResult) -> None:
        taken = self._floor.reports.ended([result], self._worker.project_id, Unheard())
        if self._session is not None:
            self._session.finished += taken
        self._give_back()

    def _give_back(self) -> None:
        """Ask for another run."""
        session = self._session
        if session is None or session.ended is not None:
            return
        if session.draining:
            session.wake.set()
        else:
            session.credits += 1
            self._floor.desk.feed(session)

    async def _called(self, assignment: worker_pb2.Assignment) -> Reply:
        """Call the application until it has the run, or as often as is allowed."""
        worker, body, pause = self._worker, run_body(assignment), _FIRST_PAUSE
        message_id = f"{assignment.action_execution_id}/{assignment.attempt}"
        said = ""
        for attempt in range(1, worker.attempts + 1):
            headers = headers_of(
                worker,
                message_id,
                body,
                **{"idempotency-key": assignment.idempotency_key, "traceparent": assignment.traceparent},
            )
            reply = await self._caller.call(assignment.token, worker.url, headers, body, worker.timeout_seconds)
            match reply:
                case NotBegun(reason, after):
                    said, wait = reason, after
                case Unknown(reason) if assignment.safe_rerun:
                    said, wait = reason, None
                case Unknown(reason):
                    message = f"Whether the application has run the action is not known: {reason}"
                    return failed(assignment.token, "HttpWorkerLost", message)
                case _:
                    return reply
            if attempt < worker.attempts:
                await asyncio.sleep(min(_LONGEST_PAUSE, pause * random.uniform(0.5, 1.0) if wait is None else wait))
                pause *= 2
        return failed(assignment.token, "HttpWorkerUnreachable", f"{worker.attempts} calls were made; the last: {said}")

    def _stop(self, request: worker_pb2.CancelRequest) -> None:
        """Stop a call, or tell the application that took the run."""
        token = request.token
        if (call := self._calls.pop(token, None)) is not None:
            call.cancel()
            cancelled = worker_pb2.AssignmentCancellation()
            self._ended(worker_pb2.AssignmentResult(token=token, cancellation=cancelled))
        elif token in self._awaiting:
            body = cancel_body(request)
            headers = headers_of(self._worker, f"cancel/{token[-64:]}", body)
            self._tasks.start(self._tell(headers, body), name="notice of a cancellation")

    async def _tell(self, headers: dict[str, str], body: bytes) -> None:
        if not await self._caller.tell(self._worker.url, headers, body, _TELL_SECONDS):
            _log.info("HTTP worker %s was not told that a run is to stop", self._worker.name)

    def _drop(self, token: str) -> None:
        """A run is not ours any more."""
        if (call := self._calls.pop(token, None)) is not None:
            call.cancel()

    async def _beat(self, session: Session) -> None:
        """Keep what is in hand, and notice which runs that were answered with 202 have ended."""
        every = self._floor.terms.lease_seconds / 3
        while True:
            await asyncio.sleep(min(1.0, every))
            self._floor.reports.lives(list(self._calls), session.hands.project, session)
            for _ in self._awaiting.look():
                self._give_back()
