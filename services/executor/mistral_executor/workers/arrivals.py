"""Workers that come and go: their sessions, what they bring along, and who takes over from whom."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from mistral.internal.v1 import worker_pool_pb2
from mistral.v1 import worker_pb2
from mistral_core.errors import Conflict, LimitExceeded, Unavailable
from mistral_executor.attempts import Memory
from mistral_executor.workers import measures
from mistral_executor.workers.adoption import Adoption
from mistral_executor.workers.book import Book
from mistral_executor.workers.doubts import Doubts
from mistral_executor.workers.pools import Pools
from mistral_executor.workers.runs import Run
from mistral_executor.workers.session import Hands, Session
from mistral_executor.workers.terms import WorkerTerms
from mistral_runtime.bus import Bus, Message

_log = logging.getLogger(__name__)

ARRIVED: Final = "mistral.workers.arrived"
_TAKEN_OVER: Final = "another instance of this worker has connected"

Who: TypeAlias = tuple[str, str]


class Arrivals:
    """Knows who is connected here.

    Attributes:
        sessions: Those that last, by name.
        changed: Called when a worker has come or gone.
        leaving: Whether nobody else is let in.
    """

    changed: Callable[[], None]

    def __init__(
        self, bus: Bus, instance: str, book: Book, pools: Pools, doubts: Doubts, adoption: Adoption, terms: WorkerTerms
    ) -> None:
        self._bus = bus
        self._instance = instance
        self._book = book
        self._pools = pools
        self._doubts = doubts
        self._adoption = adoption
        self._most = terms.most_sessions
        self._hands: dict[Who, Hands] = {}
        self._superseded = Memory(10_000)
        self.sessions: dict[str, Session] = {}
        self.leaving = False
        adoption.hands = self.hands_of

    def check(self, project: str, described: worker_pb2.WorkerDescription) -> None:
        """Raise unless a worker can be let in: Conflict, LimitExceeded or Unavailable."""
        if self.leaving:
            raise Unavailable("this executor is leaving; connect again")
        if (f"{project}\0{described.id}\0{described.instance}", 0) in self._superseded:
            raise Conflict(_TAKEN_OVER)
        if len(self.sessions) >= self._most:
            raise LimitExceeded(f"there are {self._most} workers here already")

    def admit(
        self,
        project: str,
        described: worker_pb2.WorkerDescription,
        held: Mapping[str, bool],
        transport: str,
    ) -> tuple[Session, list[str], list[worker_pb2.Rejection]]:
        """Begin a session; what the worker holds must have been adopted.

        Returns:
            The session, the tokens that it goes on with, and what is not its any more.
        """
        hands = self.hands_of(project, described.id, described.instance)
        self._end_before(hands)
        self._settle_unnamed(hands, held)
        session = Session(f"{self._instance[:8]}-{uuid.uuid4().hex[:12]}", hands, described, transport)
        session.connected_at = time.time()
        hands.session = session
        self.sessions[session.name] = session
        resumed, rejections = self._adoption.resume(hands, session, held)
        self._pools.join(session)
        measures.SESSIONS.labels(transport).inc()
        self.changed()
        self._tell(hands, resumed)
        return session, resumed, rejections

    def leave(self, session: Session) -> None:
        """A session is over; what its worker has in hand stays its until the leases run out."""
        if self.sessions.pop(session.name, None) is None:
            return
        measures.SESSIONS.labels(session.transport).dec()
        self._pools.leave(session)
        self.changed()
        if session.hands.session is session:
            session.hands.session = None
        for run in session.hands.runs.values():
            if run.session is session:
                run.session = None
        self._tidy(session.hands)

    def hands_of(self, project: str, worker: str, instance: str) -> Hands:
        """Return the hands of an instance, which takes over from the one before."""
        hands = self._hands.get((project, worker))
        if hands is not None and hands.instance != instance:
            self._supersede(hands)
            hands = None
        if hands is None:
            hands = self._hands[project, worker] = Hands(project, worker, instance)
        return hands

    def session_of(self, project: str, worker: str) -> Session | None:
        """Return the session of a worker; None if it is not connected here."""
        hands = self._hands.get((project, worker))
        return hands.session if hands is not None else None

    def holds(self, project: str, described: worker_pb2.WorkerDescription) -> dict[str, bool]:
        """Return the tokens that an instance has in hand as far as we know."""
        hands = self._hands.get((project, described.id))
        return dict.fromkeys(hands.runs, False) if hands is not None and hands.instance == described.instance else {}

    def is_superseded(self, project: str, worker: str, instance: str) -> bool:
        """Tell whether another instance took over from this one."""
        return (f"{project}\0{worker}\0{instance}", 0) in self._superseded

    def expire(self) -> None:
        """Look for leases that ran out."""
        now = time.monotonic()
        for hands in tuple(self._hands.values()):
            for run in [run for run in hands.runs.values() if run.expires <= now]:
                _log.info("the lease of a run of %s in worker %s ran out", run.task.action, hands.worker)
                self._doubts.expired(run)
            self._tidy(hands)

    async def heard(self, message: Message) -> None:
        """A worker has connected to another executor."""
        news = worker_pool_pb2.WorkerArrived.FromString(message.data)
        if news.executor_instance == self._instance:
            return
        hands = self._hands.get((news.project_id, news.worker))
        if hands is None:
            return
        if hands.instance != news.worker_instance:
            self._supersede(hands)
            del self._hands[news.project_id, news.worker]
            return
        held = {(each.action_id, each.attempt) for each in news.held}
        self._end_before(hands)
        for run in tuple(hands.runs.values()):
            if run.key in held or run.acked:
                # The other executor keeps its lease now, or nobody does.
                self._doubts.expired(run)
            else:
                self._doubts.never_arrived(run)

    def _supersede(self, hands: Hands) -> None:
        self._superseded.add((f"{hands.project}\0{hands.worker}\0{hands.instance}", 0))
        if hands.session is not None:
            hands.session.end(Conflict(_TAKEN_OVER))
            self.leave(hands.session)
        for run in tuple(hands.runs.values()):
            self._doubts.expired(run)

    def _end_before(self, hands: Hands) -> None:
        """End the session that the same instance had before."""
        before = hands.session
        if before is not None:
            before.end(Unavailable("this worker has connected again"))
            self.leave(before)
            self._hands[hands.project, hands.worker] = hands

    def _settle_unnamed(self, hands: Hands, held: Mapping[str, bool]) -> None:
        """What the worker does not hold although it was given it never arrived, or is lost."""
        for token, run in tuple(hands.runs.items()):
            if token in held:
                continue
            if run.acked:
                self._doubts.expired(run)
            else:
                self._doubts.never_arrived(run)

    def _tell(self, hands: Hands, resumed: Iterable[str]) -> None:
        news = worker_pool_pb2.WorkerArrived(
            executor_instance=self._instance,
            project_id=hands.project,
            worker=hands.worker,
            worker_instance=hands.instance,
            held=[
                worker_pool_pb2.HeldRun(action_id=run.key[0], attempt=run.key[1]) for run in _runs(self._book, resumed)
            ],
        )
        self._bus.send(ARRIVED, news.SerializeToString())

    def _tidy(self, hands: Hands) -> None:
        if hands.session is None and not hands.runs and self._hands.get((hands.project, hands.worker)) is hands:
            del self._hands[hands.project, hands.worker]


def _runs(book: Book, tokens: Iterable[str]) -> Iterator[Run]:
    for token in tokens:
        if (run := book.tokens.get(token)) is not None:
            yield run
