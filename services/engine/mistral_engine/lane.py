"""A lane: the one writer of its partitions. Takes what waits, applies it, commits once, sends, acknowledges.

While a commit runs the next works collect, so the batches grow with the load and nothing waits for a timer. What
was sent and acknowledged is always durable; what a crash cuts off in between is sent again by whoever comes next.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence

import asyncpg
import nats.errors

from mistral_core.errors import LimitExceeded, Unavailable, WorkflowError
from mistral_core.machine import Surroundings
from mistral_engine.applying import Applying
from mistral_engine.batch import Batch
from mistral_engine.deferring import Deferring
from mistral_engine.definitions import Definitions
from mistral_engine.dispatch import Envelope, Naming, encode_all, envelopes_of
from mistral_engine.figures import BATCH_WORKS, COMMIT_SECONDS, COMMITS, EVENTS, LOCAL
from mistral_engine.flights import Flights
from mistral_engine.hot import Hot, HotExecutions
from mistral_engine.ids import now
from mistral_engine.local_actions import AskedTooLate, LocalActions
from mistral_engine.outgoing import Outgoing
from mistral_engine.ownership import Ownership, epochs_of
from mistral_engine.rows import Told, rows_of
from mistral_engine.settings import Settings
from mistral_engine.work import Inbox, JobWork, ResultsWork, StartWork, Work, fail, parted
from mistral_persistence.database import Pool
from mistral_persistence.dead_letters import bury
from mistral_persistence.flush import DefinitionChanged, LeaseLost, Rows, flush
from mistral_persistence.held import HeldConnection
from mistral_persistence.outage import OUTAGE
from mistral_runtime.bus import BusError
from mistral_runtime.telemetry import span

_log = logging.getLogger(__name__)

JOB_FAILS: tuple[type[Exception], ...] = (
    *OUTAGE,
    asyncpg.PostgresError,
    WorkflowError,
    LeaseLost,
    BusError,
    nats.errors.Error,
)

_AGAIN_SECONDS = 0.2


class Lane:
    """One writer and what it keeps in memory.

    Attributes:
        inbox: What waits to be applied.
        hot: Committed executions in memory.
        flights: Actions that are out.
        applying: How works are applied.
    """

    def __init__(
        self,
        number: int,
        *,
        pool: Pool,
        definitions: Definitions,
        surroundings: Surroundings,
        ownership: Ownership,
        outgoing: Outgoing,
        settings: Settings,
        incarnation: str,
    ) -> None:
        self.number = number
        self.inbox = Inbox(settings.waiting)
        self.hot = HotExecutions(settings.hot_tasks)
        self.flights = Flights()
        self.events = 0
        self.commits = 0
        self._pool = pool
        self._writing = HeldConnection(pool)
        self._definitions = definitions
        self._surroundings = surroundings
        self._ownership = ownership
        self._outgoing = outgoing
        self._settings = settings
        self._flushing = asyncio.Lock()
        self._naming = Naming(f"{incarnation}-{number}")
        self.applying = Applying(pool, definitions, self.hot, ownership, Deferring(self.inbox.put))

    def offer(self, work: Work) -> None:
        """Put a work into the inbox.

        Raises:
            LimitExceeded: If too much waits already.
        """
        if self.inbox.full:
            raise LimitExceeded("the engine is behind: too many requests wait; try again shortly")
        self.inbox.put(work)

    async def run(self) -> None:
        """Work until cancelled; what was taken and not committed then is not done."""
        try:
            while True:
                await self._work(await self.inbox.take(self._settings.batch))
        finally:
            await self._writing.give_back()

    async def _work(self, works: Sequence[Work]) -> None:
        jobs = [work for work in works if isinstance(work, JobWork)]
        rest = [work for work in works if not isinstance(work, JobWork)]
        if rest:
            await self._commit(rest)
        for work in jobs:
            await self._job(work)

    async def _job(self, work: JobWork) -> None:
        try:
            await work.job()
        except JOB_FAILS as error:
            fail(work, error)
        else:
            if not work.answer.done():
                work.answer.set_result(None)

    async def _commit(self, works: Sequence[Work]) -> None:
        """Apply and commit works together; if that fails, in halves, down to the one that is to blame."""
        try:
            await self._attempt(works)
        except Exception as error:
            # What was put aside meanwhile comes back by itself.
            await self._failed(self.applying.deferring.without(works), error)

    async def _failed(self, works: Sequence[Work], error: Exception) -> None:
        match error:
            case LeaseLost():
                _log.warning("a partition was lost to another engine; its executions are let go")
                await self._look_at_leases()
                for work in works:
                    self._give_up(work, Unavailable("the execution has just moved to another engine; try again"))
            case DefinitionChanged():
                await self._look_up_anew(works, error)
            case _ if isinstance(error, OUTAGE):
                await self._unknown(works, error)
            case _ if works:
                await self._in_halves(works, error)

    async def _in_halves(self, works: Sequence[Work], error: Exception) -> None:
        parts = works if len(works) > 1 else parted(works[0])
        if len(parts) == 1:
            await self._refuse(parts[0], error)
        else:
            middle = len(parts) // 2
            await self._commit(parts[:middle])
            await self._commit(parts[middle:])

    async def _look_up_anew(self, works: Sequence[Work], error: DefinitionChanged) -> None:
        """Have starts look their definitions up again; do the others again, whose sub-workflows then do so as well."""
        self._definitions.forget()
        rest = []
        for work in works:
            if isinstance(work, StartWork) and work.definitions is not None:
                self._give_up(work, error)
            else:
                rest.append(work)
        if rest:
            await self._commit(rest)

    async def _refuse(self, work: Work, error: Exception) -> None:
        """Put aside the one work that cannot be committed, and end the execution that would wait for its effect."""
        _log.error("a work was refused for good", exc_info=error)
        self.applying.deferring.done(work)
        try:
            ends = await self.applying.bury(work, error)
        except OUTAGE as outage:
            return await self._unknown([work], outage)
        if ends:
            self.inbox.put_first([ResultsWork(ends, asyncio.get_running_loop().create_future())])

    def _give_up(self, work: Work, error: Exception) -> None:
        self.applying.deferring.done(work)
        fail(work, error)

    async def _look_at_leases(self) -> None:
        try:
            await self._ownership.refresh()
        except OUTAGE as error:
            # They are looked at again soon.
            _log.warning("leases could not be looked at: %s", type(error).__name__)

    async def _unknown(self, works: Sequence[Work], error: Exception) -> None:
        """Whether the commit happened is not known: forget what is in memory, look again, and repeat the works."""
        _log.warning("the outcome of a commit is unknown, its executions are read again: %s", type(error).__name__)
        self.hot.drop_partitions(range(256))
        for work in works:
            if isinstance(work, StartWork):
                # It may exist by now.
                work.named = True
        await asyncio.sleep(_AGAIN_SECONDS)
        self._ownership.recover_soon(self.number)
        self.inbox.put_first(list(works))

    async def _attempt(self, works: Sequence[Work]) -> None:
        try:
            await self._together(works, self._local())
        except AskedTooLate:
            await self._together(works, None)

    async def _together(self, works: Sequence[Work], local: LocalActions | None) -> None:
        adhoc = self._definitions.adhoc
        batch = Batch(self._surroundings, adhoc.of, adhoc.offered.of, self.hot.get, local)
        held = self._ownership.held()
        try:
            settled = await self.applying.apply(batch, works)
            at = now()
            envelopes = envelopes_of(batch, self._naming)
            names = {run.action_id: e.id for e in envelopes for _, run in e.runs}
            rows, told = rows_of(batch, names, self._settings.notify)
            if batch.letters:
                await bury(self._pool, batch.letters)
            async with self._flushing:
                if batch.changes:
                    # While the database works there is time for it.
                    asyncio.get_running_loop().call_soon(encode_all, envelopes)
                    await self._flush(batch, rows, held)
                self._keep(batch)
                self.flights.note(batch, names, at)
        except LeaseLost:
            self.hot.drop_all(batch.changes)
            raise
        await self._send(batch, envelopes, told, bool(rows.notice))
        settled()
        self._count(works, batch)

    def _local(self) -> LocalActions | None:
        return LocalActions(self._settings.field_limit_kb) if self._settings.local_actions else None

    async def rest(self) -> None:
        """Return when no commit is under way; what is committed afterwards was not begun before."""
        async with self._flushing:
            pass

    async def _flush(self, batch: Batch, rows: Rows, held: Mapping[int, int]) -> None:
        epochs = epochs_of(held, {c.execution.partition for c in batch.changes.values()})
        with COMMIT_SECONDS.time():
            async with self._writing as connection:
                await flush(connection, epochs, rows, definitions=batch.definitions)

    def _keep(self, batch: Batch) -> None:
        for change in batch.changes.values():
            execution = change.execution
            if execution.finished_at is not None:
                self.hot.drop(execution.id)
            else:
                self.hot.put(Hot(execution, change.position, change.traceparent))
        self.hot.trim()

    def _count(self, works: Sequence[Work], batch: Batch) -> None:
        self.commits += 1
        if batch.local is not None:
            LOCAL.inc(batch.local.answered)
        COMMITS.inc()
        EVENTS.inc(batch.events)
        self.events += batch.events
        BATCH_WORKS.observe(len(works))

    async def _send(self, batch: Batch, envelopes: Sequence[Envelope], told: Sequence[Told], noticed: bool) -> None:
        await self._outgoing.dispatch(envelopes)
        for traceparent in {c.traceparent for c in batch.changes.values() if c.traceparent}:
            with span("engine commit", parent_traceparent=traceparent, attributes={"events": batch.events}):
                pass
        if batch.cancels:
            self._outgoing.cancel(batch.cancels)
        if batch.timers:
            self._outgoing.wake_scheduler(min(timer.due for _, timer in batch.timers.values()))
        if told:
            self._outgoing.publish(told)
        if noticed:
            self._outgoing.wake_notifier()
