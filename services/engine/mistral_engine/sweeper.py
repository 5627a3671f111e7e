"""Finding what got lost: overdue actions, and live executions without a live work item."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from mistral_engine.figures import FLIGHTS, HOT, STUCK, WAITING
from mistral_engine.lane import JOB_FAILS, Lane
from mistral_engine.ownership import Ownership
from mistral_engine.recovery import FIRST, Recovery
from mistral_engine.redrive import Redrive
from mistral_engine.work import JobWork, Occurrence, ResultsWork
from mistral_persistence import restore
from mistral_persistence.database import Pool

_log = logging.getLogger(__name__)

_PER_SWEEP = 200
_AGAIN_SECONDS = 0.2

Job: TypeAlias = Callable[[], Awaitable[None]]


class Sweeper:
    """Looks after one lane, in small portions, for ever."""

    def __init__(
        self,
        lane: Lane,
        recovery: Recovery,
        redrive: Redrive,
        ownership: Ownership,
        pool: Pool,
        *,
        lanes: int,
        sweep_seconds: float,
    ) -> None:
        self._lane = lane
        self._recovery = recovery
        self._redrive = redrive
        self._ownership = ownership
        self._pool = pool
        self._lanes = lanes
        self._sweep_seconds = sweep_seconds
        self._after = FIRST
        self._soon = asyncio.Event()
        self._wanted: set[int] = set()
        self._asked = False

    def hurry(self) -> None:
        """Sweep now: the bus has lost its messages."""
        self._soon.set()

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                async with asyncio.timeout(self._sweep_seconds):
                    await self._soon.wait()
            except TimeoutError:
                pass
            self._soon.clear()
            self._show()
            await self.as_job(self._sweep)

    async def as_job(self, job: Job) -> None:
        """Run a job in the lane and wait for it; one that fails is tried again with the next sweep."""
        answer = asyncio.get_running_loop().create_future()
        self._lane.inbox.put(JobWork(job, answer))
        try:
            await answer
        except Exception as error:
            _log.warning("looking after lane %d failed, it is tried again: %r", self._lane.number, error)

    def take_up(self, partitions: Sequence[int]) -> None:
        """Have the live executions of partitions taken up as soon as the lane gets to it, and the store is there.

        However often this is asked for before it is done, it is done once.
        """
        self._wanted.update(partitions)
        if not self._asked:
            self._asked = True
            self._ask()

    def _ask(self) -> None:
        self._lane.inbox.put(JobWork(self._take_up, asyncio.get_running_loop().create_future()))

    async def _take_up(self) -> None:
        self._asked = False
        partitions, self._wanted = self._wanted, set()
        try:
            self.apply(await self._recovery.partitions([p for p in partitions if self._ownership.owns(p)]))
        except JOB_FAILS as error:
            _log.warning("executions could not be taken up, it is tried again: %s", type(error).__name__)
            self._wanted |= partitions
            self._asked = True
            asyncio.get_running_loop().call_later(_AGAIN_SECONDS, self._ask)

    def apply(self, missing: list[Occurrence]) -> None:
        """Have events applied that were found missing."""
        if missing:
            answer = asyncio.get_running_loop().create_future()
            self._lane.inbox.put(ResultsWork(missing, answer))

    async def _sweep(self) -> None:
        await self._redrive.run()
        mine = [p for p in self._ownership.partitions if p % self._lanes == self._lane.number]
        ids = await restore.live_executions(self._pool, mine, self._after, _PER_SWEEP)
        self._after = ids[-1] if len(ids) == _PER_SWEEP else FIRST
        missing = await self._recovery.executions(ids)
        if missing:
            STUCK.inc(len({execution_id for execution_id, _ in missing}))
            _log.warning("%d events were missing and are made good", len(missing))
            self.apply(missing)

    def _show(self) -> None:
        lane = str(self._lane.number)
        WAITING.labels(lane=lane).set(len(self._lane.inbox))
        HOT.labels(lane=lane).set(len(self._lane.hot))
        FLIGHTS.labels(lane=lane).set(len(self._lane.flights))
