"""``WorkerService`` as executors serve it: sessions over a stream. Who may be what was decided at the gateway.

It names the project of a worker in the metadata; a worker that connects here directly works for the default project.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any, Final, TypeAlias

import grpc.aio

from mistral.v1 import worker_service_pb2
from mistral.v1 import worker_service_pb2 as pb2
from mistral.v1.worker_service_pb2_grpc import WorkerServiceServicer
from mistral_core.errors import IllegalState, Invalid, InvalidInput, LimitExceeded, NotFound, WorkflowError
from mistral_executor.workers.floor import Floor
from mistral_executor.workers.listing import fits, worker_of
from mistral_executor.workers.opening import opened
from mistral_executor.workers.polling import Polling
from mistral_executor.workers.session import LARGEST_BATCH, Session

NAME: Final = worker_service_pb2.DESCRIPTOR.services_by_name["WorkerService"].full_name
PROJECT: Final = "mistral-project"
DEFAULT_PROJECT: Final = "<default-project>"

_MOST_CREDITS: Final = 100_000
_log = logging.getLogger(__name__)

_Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class WorkerService(WorkerServiceServicer):
    """The calls of the public contract; see ``worker_service.proto`` for what each promises."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._polling = Polling(floor)

    async def Work(self, request_iterator: AsyncIterator[pb2.WorkRequest], context: _Context) -> None:  # type: ignore[override]
        # Read and written by hand: a generator would be left behind half closed when the worker is gone.
        project = project_of(context)
        first = await context.read()
        if first is grpc.aio.EOF or first.WhichOneof("message") != "hello":
            raise InvalidInput("the first message must be a hello", field="hello")
        held = {each.token: each.finished for each in first.hello.held}
        session, welcome = await opened(self._floor, project, first.hello.worker, held, "stream")
        listening = asyncio.create_task(self._listen(session, context))
        try:
            await context.write(pb2.WorkResponse(welcome=welcome))
            await _tell(session, context)
        finally:
            listening.cancel()
            self._floor.arrivals.leave(session)
        if session.ended is not None:
            raise session.ended

    async def PollAssignments(
        self, request: pb2.PollAssignmentsRequest, context: _Context
    ) -> pb2.PollAssignmentsResponse:
        return await self._polling.poll(project_of(context), request)

    async def CompleteAssignments(
        self, request: pb2.CompleteAssignmentsRequest, context: _Context
    ) -> pb2.CompleteAssignmentsResponse:
        return await self._polling.complete(project_of(context), request)

    async def HeartbeatAssignments(
        self, request: pb2.HeartbeatAssignmentsRequest, context: _Context
    ) -> pb2.HeartbeatAssignmentsResponse:
        return await self._polling.heartbeat(project_of(context), request)

    async def ListWorkers(self, request: pb2.ListWorkersRequest, context: _Context) -> pb2.ListWorkersResponse:
        project, name = project_of(context), self._floor.identity.name
        sessions = sorted(self._floor.arrivals.sessions.values(), key=lambda session: session.hands.worker)
        return pb2.ListWorkersResponse(
            workers=[
                worker_of(session, name)
                for session in sessions
                if (request.all_projects or session.hands.project == project)
                and fits(session, request.action, request.queue)
            ]
        )

    async def GetWorker(self, request: pb2.GetWorkerRequest, context: _Context) -> pb2.GetWorkerResponse:
        session = self._floor.arrivals.session_of(project_of(context), request.id)
        if session is None:
            raise NotFound(f"no worker '{request.id[:255]}' is connected")
        return pb2.GetWorkerResponse(worker=worker_of(session, self._floor.identity.name))

    async def _listen(self, session: Session, context: _Context) -> None:
        try:
            while (request := await context.read()) is not grpc.aio.EOF:
                await self._heard(session, request)
            session.finish()
        except WorkflowError as error:
            session.end(error)
        except grpc.aio.BaseError:
            # The stream is broken; whoever writes to it is told, too.
            session.finish()
        except Exception as error:
            _log.exception("a message of worker %s could not be applied", session.hands.worker)
            session.end(WorkflowError(f"internal error: {type(error).__name__}"))

    async def _heard(self, session: Session, request: pb2.WorkRequest) -> None:
        reports, project = self._floor.reports, session.hands.project
        match request.WhichOneof("message"):
            case "results":
                results = _batch(request.results.results)
                await self._known(session, [result.token for result in results])
                session.finished += reports.ended(results, project, session)
            case "credits":
                self._credit(session, request.credits.more)
            case "acks":
                reports.acked(_batch(request.acks.tokens), project, session)
            case "heartbeat":
                await self._known(session, request.heartbeat.tokens)
                reports.lives(request.heartbeat.tokens, project, session)
            case "progress":
                reports.progressed(_batch(request.progress.progress), project, session)
            case "drain":
                session.draining = True
                self._floor.desk.drain(session)
            case "hello":
                raise Invalid("a second hello")
            case _:
                raise IllegalState("a message that says nothing this server knows")

    async def _known(self, session: Session, tokens: Any) -> None:
        """Take up tokens that this executor never saw."""
        known = self._floor.book.tokens
        strange = [token for token in tokens if token not in known]
        if strange:
            await self._floor.adoption.adopt(strange, session.hands.project)

    def _credit(self, session: Session, more: int) -> None:
        if more < 1:
            raise InvalidInput("credits are at least 1", field="credits.more")
        if session.draining:
            raise IllegalState("a worker that drains asks for nothing further")
        if session.credits + more > _MOST_CREDITS:
            raise LimitExceeded(f"a worker has at most {_MOST_CREDITS} credits")
        session.credits += more
        self._floor.desk.feed(session)


async def _tell(session: Session, context: _Context) -> None:
    """Write what is to be told until the session ends."""
    while session.ended is None and not session.closing:
        await session.wake.wait()
        # What else happens now travels in the same message.
        await asyncio.sleep(0)
        session.wake.clear()
        for response in session.told():
            await context.write(response)


def project_of(context: _Context) -> str:
    """Return the project that a call is for."""
    for key, value in context.invocation_metadata() or ():
        if key == PROJECT:
            return value if isinstance(value, str) else value.decode()
    return DEFAULT_PROJECT


def _batch(items: Any) -> Any:
    if len(items) > LARGEST_BATCH:
        raise LimitExceeded(f"a message has at most {LARGEST_BATCH} of these, not {len(items)}")
    return items
