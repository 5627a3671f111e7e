"""Pools that connected workers can serve: who serves which, who of them can take something, and what waits there.

A pool is opened when the first worker comes that serves it, and closed a little after the last has gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from mistral.internal.v1 import worker_pool_pb2
from mistral.v1 import worker_pb2
from mistral_core.priority import DEFAULT_QUEUE
from mistral_core.worker_pools import Pool
from mistral_executor.workers.limits import Bucket
from mistral_executor.workers.schema import Schema, compiled
from mistral_executor.workers.session import Session
from mistral_executor.workers.waiting import Waiting
from mistral_runtime.worker_pools import pool_message

_MOST_IDS: Final = 1000


class Ready:
    """Sessions with credits: added, removed and looked at by position without a search."""

    __slots__ = ("_places", "sessions")

    def __init__(self) -> None:
        self.sessions: list[Session] = []
        self._places: dict[Session, int] = {}

    def add(self, session: Session) -> None:
        if session not in self._places:
            self._places[session] = len(self.sessions)
            self.sessions.append(session)

    def discard(self, session: Session) -> None:
        place = self._places.pop(session, None)
        if place is None:
            return
        last = self.sessions.pop()
        if last is not session:
            self.sessions[place] = last
            self._places[last] = place

    def credits(self, enough: int) -> int:
        """Return how many runs they would take, or any number beyond ``enough``."""
        found = 0
        for session in self.sessions:
            found += session.credits
            if found >= enough:
                break
        return found


class LocalPool:
    """A pool as far as workers at this executor serve it.

    Attributes:
        schema: What inputs must fit, by the newest offer; None for any input.
        safe: Whether the newest offer says that a second run does no harm.
        wanted_at: When somebody last said that runs wait in it; for pools that are not plain.
        choosy: How many of the workers take runs of some namespaces only.
        timed: Whether a look at what its rate allows is due.
    """

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.sessions: dict[Session, None] = {}
        self.ready = Ready()
        self.waiting = Waiting()
        self.bucket = Bucket(pool.rate)
        self.schema: Schema | None = None
        self.safe = False
        self.wanted_at = 0.0
        self.timed = False
        self.choosy = 0

    def join(self, session: Session, offer: worker_pb2.ActionOffer) -> None:
        self.sessions[session] = None
        self.choosy += bool(session.namespaces)
        session.pools.append(self)
        self.schema = compiled(offer.input_schema)
        self.safe = offer.safe_rerun
        if session.open:
            self.ready.add(session)

    def leave(self, session: Session) -> None:
        if session in self.sessions:
            del self.sessions[session]
            self.choosy -= bool(session.namespaces)
        self.ready.discard(session)

    def present(self) -> worker_pool_pb2.PoolPresent:
        """Return what other services are told of it."""
        ids = [session.hands.worker for session, _ in zip(self.sessions, range(_MOST_IDS), strict=False)]
        return worker_pool_pb2.PoolPresent(
            pool=pool_message(self.pool),
            workers=len(self.sessions),
            credits=self.ready.credits(1_000_000),
            worker_ids=ids,
        )


class Pools:
    """All pools that are served here.

    Args:
        opened: Called with a pool that has its first worker.
        emptied: Called with a pool whose last worker has gone.
    """

    def __init__(self, opened: Callable[[LocalPool], None], emptied: Callable[[LocalPool], None]) -> None:
        self._opened = opened
        self._emptied = emptied
        self._by_token: dict[str, LocalPool] = {}
        self._particular: dict[str, Pool] = {}
        self._sessions: dict[Session, None] = {}

    def __iter__(self) -> Iterator[LocalPool]:
        return iter(tuple(self._by_token.values()))

    def local(self, token: str) -> LocalPool | None:
        """Return the pool of a token that is served here."""
        return self._by_token.get(token)

    def join(self, session: Session) -> None:
        """Have a worker serve all pools that it can."""
        self._sessions[session] = None
        for queue, offer in offers_of(session):
            self._serve(Pool(project=session.hands.project, queue=queue, action=offer.name), session, offer)
        for pool in self._particular.values():
            self._match(pool, session)

    def leave(self, session: Session) -> None:
        """Take a worker out of all of them."""
        self._sessions.pop(session, None)
        for pool in session.pools:
            pool.leave(session)
            if not pool.sessions:
                self._emptied(pool)
        session.pools = []

    def want(self, pool: Pool, now: float) -> None:
        """Take note that runs wait in a pool which workers cannot know of by themselves."""
        token = pool.token
        if self._particular.get(token) != pool:
            self._particular[token] = pool
            for session in tuple(self._sessions):
                self._match(pool, session)
        if (local := self._by_token.get(token)) is not None:
            local.wanted_at = now

    def unwanted(self, before: float) -> None:
        """Let go of such pools that nobody wanted since."""
        for token in tuple(self._particular):
            local = self._by_token.get(token)
            if local is None:
                del self._particular[token]
            elif local.wanted_at < before and not len(local.waiting):
                del self._particular[token]
                for session in tuple(local.sessions):
                    local.leave(session)
                    session.pools.remove(local)
                self._emptied(local)

    def forget(self, pool: LocalPool) -> None:
        """Remove a pool that nobody serves; one that comes back is a new one."""
        if self._by_token.get(pool.pool.token) is pool:
            del self._by_token[pool.pool.token]

    def _match(self, pool: Pool, session: Session) -> None:
        if pool.project != session.hands.project or any(session.labels.get(k) != v for k, v in pool.labels):
            return
        for queue, offer in offers_of(session):
            if queue == pool.queue and offer.name == pool.action:
                self._serve(pool, session, offer)

    def _serve(self, pool: Pool, session: Session, offer: worker_pb2.ActionOffer) -> None:
        token = pool.token
        local = self._by_token.get(token)
        if local is None:
            local = self._by_token[token] = LocalPool(pool)
        first = not local.sessions
        local.join(session, offer)
        if first:
            self._opened(local)


def offers_of(session: Session) -> Iterator[tuple[str, worker_pb2.ActionOffer]]:
    """Yield each queue that a worker serves with each action that it offers."""
    queues: Iterable[str] = session.described.queues or (DEFAULT_QUEUE,)
    for queue in queues:
        for offer in session.described.actions:
            yield queue, offer
