"""The room of workers put together: what runs in the background, and how it is left."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final

from mistral.v1 import worker_service_pb2
from mistral_core.errors import Unavailable
from mistral_executor import outcome
from mistral_executor.attempts import Key, Leases
from mistral_executor.engine import EngineClient
from mistral_executor.identity import HEARTBEAT, Identity
from mistral_executor.measures import Tally
from mistral_executor.results import Results
from mistral_executor.workers import arrivals, measures, presence
from mistral_executor.workers.adoption import Adoption
from mistral_executor.workers.answers import Answers
from mistral_executor.workers.arrivals import Arrivals
from mistral_executor.workers.backing import Backing
from mistral_executor.workers.book import Book
from mistral_executor.workers.desk import Desk
from mistral_executor.workers.doubts import Doubts
from mistral_executor.workers.giving import Giving
from mistral_executor.workers.intake import Intake
from mistral_executor.workers.offers import REFRESH_SECONDS, Offers
from mistral_executor.workers.others import Others
from mistral_executor.workers.pools import Pools
from mistral_executor.workers.presence import Presence
from mistral_executor.workers.progress import Progress
from mistral_executor.workers.reports import Reports
from mistral_executor.workers.runs import Run
from mistral_executor.workers.sticking import Sticking
from mistral_executor.workers.terms import WorkerTerms
from mistral_executor.workers.tokens import Signer
from mistral_runtime.bus import Bus, Subscription
from mistral_runtime.lifecycle import Tasks

_log = logging.getLogger(__name__)

_TICK_SECONDS: Final = 0.25
_WANTED_SECONDS: Final = 10.0


class Floor:
    """All there is for workers at this executor."""

    def __init__(
        self, bus: Bus, results: Results, engine: EngineClient, identity: Identity, tasks: Tasks, terms: WorkerTerms
    ) -> None:
        self.terms = terms
        self.identity = identity
        self.book = Book()
        self._bus = bus
        self._tasks = tasks
        self.leases = Leases()
        self.tally = Tally()
        self.backing = Backing(engine, terms.token_key)
        self.answers = Answers(self.book, results, self.tally)
        self.giving = Giving(self.book, self.answers, terms)
        self.progress = Progress(self.backing)
        self.others = Others(bus, identity.instance)
        self.doubts = Doubts(self.book, self.answers, self.others, self._again, terms.lease_seconds)
        self.intake = Intake(bus, self.book, self.leases, results, tasks)
        self.pools = Pools(self.intake.opened, self.intake.emptied)
        self.intake.pools = self.pools
        self.desk = Desk(
            self.book,
            self.answers,
            self.giving,
            results,
            self.backing,
            tasks,
            doubted=self.doubts.doubt,
            changed=self.intake.changed,
        )
        self.adoption = Adoption(self.book, self.doubts, self.giving, self.others)
        self.arrivals = Arrivals(bus, identity.instance, self.book, self.pools, self.doubts, self.adoption, terms)
        self.adoption.superseded = self.arrivals.is_superseded
        self.reports = Reports(self.book, self.answers, self.giving, self.progress, terms)
        self.offers = Offers(self.backing, identity.name)
        self.presence = Presence(bus, identity.instance, identity.name, self.pools)
        self.intake.presence = self.presence
        self.arrivals.changed = self.presence.tell_soon
        self.intake.receive = Sticking(bus, self.presence, tasks, self.desk.receive).receive
        self.answers.freed = self.desk.feed_soon
        self._subscriptions: list[Subscription] = []

    async def start(self) -> None:
        """Begin to listen, and whatever runs in the background."""
        bus = self._bus
        self._subscriptions = [
            await bus.subscribe(HEARTBEAT, self.others.heard),
            await bus.subscribe(arrivals.ARRIVED, self.arrivals.heard),
            await bus.subscribe(presence.PRESENT, self.presence.heard),
            await bus.subscribe(presence.WANTED, self.presence.wanted),
        ]
        self._tasks.start(self._tick(), name="leases of workers")
        self._tasks.start(self.doubts.run(), name="runs in doubt")
        self._tasks.start(self.progress.run(), name="progress")
        self._tasks.start(self.offers.run(), name="offers")

    async def ready(self) -> None:
        """Make sure that tokens can be signed; raises Unavailable if the key cannot be had."""
        if getattr(self.giving, "signer", None) is None:
            self.giving.signer = Signer(await self.backing.token_key(), self.identity.name)

    def cancel(self, key: Key) -> None:
        """Nobody waits for a run any more."""
        run = self.book.runs.get(key)
        if run is None or run.answered:
            self.book.cancelled.add(key)
        elif run.hands is not None:
            self.giving.cancel(run)
        else:
            self.doubts.settle(key)
            self.answers.give(run, outcome.CANCELLED, b"")

    async def leave(self, seconds: float) -> None:
        """Leave in good order: what is not given out goes back, workers connect elsewhere and keep what they have."""
        self.arrivals.leaving = True
        self.presence.leaving = True
        self.presence.tell()
        for session in tuple(self.arrivals.sessions.values()):
            self.desk.drain(session)
            session.say(self._go_away())
        try:
            async with asyncio.timeout(seconds):
                await self.intake.leave()
        except TimeoutError:
            _log.warning("not all that was not given to workers could be put back in time")
        await self._gone(min(seconds, self.terms.leave_seconds))
        for session in tuple(self.arrivals.sessions.values()):
            session.end(Unavailable("this executor has left; connect again"))
        await self.progress.flush()
        for subscription in self._subscriptions:
            await subscription.unsubscribe()

    def give_up(self) -> None:
        """Have the bus hand what workers still have to other executors, which find the workers there."""
        self.leases.give_up()

    async def _gone(self, seconds: float) -> None:
        """Wait until all streams have ended, or their time is over."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if all(session.transport != "stream" for session in self.arrivals.sessions.values()):
                return
            await asyncio.sleep(0.02)

    def _go_away(self) -> worker_service_pb2.WorkResponse:
        going = worker_service_pb2.ServerGoAway(reason="this executor is leaving")
        going.deadline.FromMicroseconds(int((time.time() + self.terms.leave_seconds) * 1e6))
        return worker_service_pb2.WorkResponse(go_away=going)

    def _again(self, run: Run) -> None:
        """Give a run out once more, here if there are workers for it."""
        assert run.pool is not None
        pool = self.pools.local(run.pool.pool.token)
        if pool is not None and pool.sessions:
            run.pool = pool
            self.desk.again(run)
        else:
            self.intake.put_back([run])

    async def _tick(self) -> None:
        second = refreshed = 0.0
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            now = time.monotonic()
            self.arrivals.expire()
            self.intake.look(now)
            if now - second >= 1.0:
                second = now
                self._every_second(now)
            if now - refreshed >= REFRESH_SECONDS:
                refreshed = now
                self.offers.refresh(self.arrivals.sessions.values())

    def _every_second(self, now: float) -> None:
        self.leases.renew()
        self.tally.flush()
        self.presence.tell()
        for pool in self.pools:
            self.desk.expire(pool)
        self.pools.unwanted(now - _WANTED_SECONDS)
        measures.ASSIGNED.inc(self.giving.given)
        self.giving.given = 0
        measures.waiting((pool.pool.action, len(pool.waiting)) for pool in self.pools)
        measures.CREDITS.set(sum(session.credits for session in self.arrivals.sessions.values()))
        measures.RUNNING.set(len(self.book.tokens))
