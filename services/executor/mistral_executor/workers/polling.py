"""Workers without a stream: they ask for runs, and say in calls of their own what became of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Final

from mistral.v1 import worker_pb2
from mistral.v1 import worker_service_pb2 as pb2
from mistral_core.errors import InvalidInput, NotFound
from mistral_executor.workers.floor import Floor
from mistral_executor.workers.opening import opened
from mistral_executor.workers.session import LARGEST_BATCH, Session

_USUAL_SECONDS: Final = 20.0
_LONGEST_SECONDS: Final = 60.0
_KEPT_SECONDS: Final = 60.0


class Collector:
    """Takes part in a call instead of a session: gathers what is to be told of tokens, and knows when all is said."""

    def __init__(self, tokens: Iterable[str] = ()) -> None:
        self.recorded: list[str] = []
        self.rejections: list[worker_pb2.Rejection] = []
        self._open = set(tokens)
        self._done = asyncio.Event()

    def record(self, token: str) -> None:
        if token in self._open:
            self.recorded.append(token)
            self._said(token)

    def reject(self, rejection: worker_pb2.Rejection) -> None:
        self.rejections.append(rejection)
        self._said(rejection.token)

    async def done(self) -> None:
        """Return when all is said."""
        if self._open:
            await self._done.wait()

    def _said(self, token: str) -> None:
        self._open.discard(token)
        if not self._open:
            self._done.set()


class Polling:
    """The calls of workers that poll."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        # When each session was last named.
        self._named: dict[str, float] = {}
        self._waiting: dict[str, int] = {}

    async def poll(self, project: str, request: pb2.PollAssignmentsRequest) -> pb2.PollAssignmentsResponse:
        """Wait for runs."""
        limit, seconds = _limit(request), _seconds(request)
        self._tidy()
        session = await self._session(project, request)
        name = session.name
        self._waiting[name] = self._waiting.get(name, 0) + 1
        try:
            assignments = await self._taken(session, limit, seconds)
        finally:
            self._waiting[name] -= 1
            self._named[name] = time.monotonic()
        response = pb2.PollAssignmentsResponse(session=name, terms=self._floor.terms.message(), assignments=assignments)
        response.lease_expires_at.FromMicroseconds(self._lease_end())
        return response

    async def complete(self, project: str, request: pb2.CompleteAssignmentsRequest) -> pb2.CompleteAssignmentsResponse:
        """End runs; returns when the results are recorded."""
        results = request.results
        _few(results, "results")
        for index, result in enumerate(results):
            if result.WhichOneof("outcome") is None:
                raise InvalidInput("a result needs an outcome", field=f"results[{index}]")
        await self._floor.ready()
        tokens = [result.token for result in results]
        await self._floor.adoption.adopt(tokens, project)
        collector = Collector(tokens)
        self._floor.reports.ended(results, project, collector)
        await collector.done()
        return pb2.CompleteAssignmentsResponse(recorded=collector.recorded, rejections=collector.rejections)

    async def heartbeat(
        self, project: str, request: pb2.HeartbeatAssignmentsRequest
    ) -> pb2.HeartbeatAssignmentsResponse:
        """Renew leases, take progress, and say what is to stop."""
        _few(request.tokens, "tokens")
        _few(request.progress, "progress")
        floor = self._floor
        await floor.ready()
        tokens = [*request.tokens, *(each.token for each in request.progress)]
        await floor.adoption.adopt(tokens, project)
        collector = Collector()
        floor.reports.lives(request.tokens, project, collector)
        floor.reports.progressed(request.progress, project, collector)
        response = pb2.HeartbeatAssignmentsResponse(rejections=_distinct(collector.rejections))
        for token in dict.fromkeys(tokens):
            run = floor.book.tokens.get(token)
            if run is not None and run.cancelling is not None:
                response.cancels.append(floor.giving.request_to_stop(run))
        response.lease_expires_at.FromMicroseconds(self._lease_end())
        return response

    async def _session(self, project: str, request: pb2.PollAssignmentsRequest) -> Session:
        if not request.session:
            return (await opened(self._floor, project, request.worker, None, "poll"))[0]
        session = self._floor.arrivals.sessions.get(request.session)
        if session is None or session.transport != "poll" or session.hands.project != project:
            raise NotFound(f"the session '{request.session[:100]}' has ended; poll without one")
        return session

    async def _taken(self, session: Session, limit: int, seconds: float) -> list[worker_pb2.Assignment]:
        session.credits += limit
        self._floor.desk.feed(session)
        taken: list[worker_pb2.Assignment] = []
        try:
            async with asyncio.timeout(seconds):
                while not (taken := session.taken_assignments()) and session.ended is None:
                    await session.wake.wait()
                    # What else happens now goes along.
                    await asyncio.sleep(0)
                    session.wake.clear()
        except TimeoutError:
            taken = session.taken_assignments()
        except asyncio.CancelledError:
            self._withdraw(session, limit, session.taken_assignments(), gone=True)
            raise
        self._withdraw(session, limit, taken, gone=False)
        if session.ended is not None:
            raise session.ended
        return taken

    def _withdraw(self, session: Session, limit: int, taken: list[worker_pb2.Assignment], *, gone: bool) -> None:
        """Take back the credits that are left; what was taken begins, or never arrived if the caller is gone."""
        floor = self._floor
        session.credits = max(0, session.credits - (limit - len(taken)))
        if not session.credits:
            floor.desk.unready(session)
        for assignment in taken:
            run = floor.book.tokens.get(assignment.token)
            if run is None:
                continue
            if gone:
                floor.doubts.never_arrived(run)
            else:
                run.acked = True

    def _tidy(self) -> None:
        """End sessions that were not named for long and have nothing in hand."""
        now = time.monotonic()
        for name, at in tuple(self._named.items()):
            session = self._floor.arrivals.sessions.get(name)
            if session is None:
                self._named.pop(name)
                self._waiting.pop(name, None)
            elif now - at > _KEPT_SECONDS and not self._waiting.get(name) and not session.hands.runs:
                self._floor.arrivals.leave(session)

    def _lease_end(self) -> int:
        return int((time.time() + self._floor.terms.lease_seconds) * 1e6)


def _limit(request: pb2.PollAssignmentsRequest) -> int:
    if not 0 <= request.limit <= LARGEST_BATCH:
        raise InvalidInput(f"limit must be between 1 and {LARGEST_BATCH}", field="limit")
    return request.limit or 1


def _seconds(request: pb2.PollAssignmentsRequest) -> float:
    if not request.HasField("wait"):
        return _USUAL_SECONDS
    seconds = request.wait.ToMicroseconds() / 1e6
    if not 0 <= seconds <= _LONGEST_SECONDS:
        raise InvalidInput(f"wait must be between 0 and {_LONGEST_SECONDS:g} seconds", field="wait")
    return seconds


def _few(items: object, field: str) -> None:
    if len(items) > LARGEST_BATCH:  # type: ignore[arg-type]
        raise InvalidInput(f"at most {LARGEST_BATCH} in a call", field=field)


def _distinct(rejections: list[worker_pb2.Rejection]) -> list[worker_pb2.Rejection]:
    return list({rejection.token: rejection for rejection in rejections}.values())
