"""The loop that fires timers: claim a little ahead, hold until due, tell the engine.

A timer stays in the store until the engine has applied it, so nothing is lost with this process: what it held has
its turn again when the claim runs out.
"""

import asyncio
import heapq
import logging
import time
from collections import defaultdict
from collections.abc import Sequence

from google.protobuf.message import DecodeError

from mistral.internal.v1.envelope_pb2 import DueTimer, EngineEnvelope, SchedulerWake
from mistral_persistence.database import Pool
from mistral_persistence.outage import OUTAGE
from mistral_persistence.timers import ClaimedTimer, claim_timers, release_timers
from mistral_runtime.bus import Bus, BusUnavailable, Message
from mistral_runtime.metrics import counter, histogram
from mistral_scheduler.pace import HORIZON_SECONDS, Pace

_log = logging.getLogger(__name__)

WAKE_SUBJECT = "mistral.scheduler.wake"
CLAIM_SECONDS = 4.0
BATCH = 1000
_MOST_PER_MESSAGE = 500

_FIRED = counter("scheduler_timers_fired", "Timers handed to the engine")
_LATE = histogram("scheduler_timer_lateness_seconds", "Time between a timer being due and the engine being told")

_Held = tuple[float, int, ClaimedTimer]


class Firing:
    """Fires the timers that this replica claims; ``run()`` never returns.

    Attributes:
        fired: Timers fired since the start.
    """

    def __init__(self, pool: Pool, bus: Bus) -> None:
        self._pool = pool
        self._bus = bus
        self._pace = Pace()
        self._held: list[_Held] = []
        self._count = 0
        self._wake = asyncio.Event()
        self._still = False
        self.fired = 0

    async def woken(self, message: Message) -> None:
        """Take a wake message of an engine."""
        try:
            due_at = SchedulerWake.FromString(message.data).due_at
        except DecodeError:
            _log.warning("a wake message cannot be read")
            return
        due_in = due_at.seconds + due_at.nanos / 1e9 - time.time()
        if self._pace.woken(time.monotonic(), due_in=due_in):
            self._wake.set()

    def stand_still(self, still: bool) -> None:
        """Claim no timer until told otherwise; what becomes due meanwhile fires then."""
        if self._still and not still:
            self._pace.woken(time.monotonic(), due_in=0.0)
            self._wake.set()
        self._still = still

    async def run(self) -> None:
        while True:
            if time.monotonic() >= self._pace.look_at:
                await self._look()
            await self._fire()
            await self._sleep()

    async def release(self) -> None:
        """Leave what is held to the other replicas; call after ``run()`` was cancelled."""
        if not self._held:
            return
        try:
            await release_timers(self._pool, [timer for _, _, timer in self._held])
        except OUTAGE as error:
            _log.info("held timers stay claimed for %g s: %s", CLAIM_SECONDS, type(error).__name__)

    async def _look(self) -> None:
        self._pace.looking()
        if self._still:
            self._pace.looked(time.monotonic(), next_turn_in=None, more=False)
            return
        try:
            claimed, next_turn = await claim_timers(
                self._pool, horizon_seconds=HORIZON_SECONDS, claim_seconds=CLAIM_SECONDS, limit=BATCH
            )
        except OUTAGE as error:
            _log.warning("the store is away: %s", type(error).__name__)
            self._pace.failed(time.monotonic())
            return
        now = time.monotonic()
        for timer in claimed:
            self._count += 1
            heapq.heappush(self._held, (now + timer.due_in, self._count, timer))
        self._pace.looked(now, next_turn_in=next_turn, more=len(claimed) == BATCH)

    async def _fire(self) -> None:
        now = time.monotonic()
        due: list[_Held] = []
        while self._held and self._held[0][0] <= now:
            due.append(heapq.heappop(self._held))
        if not due:
            return
        sent = sum(await asyncio.gather(*(self._publish(*parts) for parts in _envelopes([entry[2] for entry in due]))))
        self.fired += sent
        _FIRED.inc(sent)
        for due_at, _, _ in due:
            _LATE.observe(max(0.0, now - due_at))

    async def _publish(self, partition: int, envelope: EngineEnvelope) -> int:
        """Hand over the timers of a partition and return how many; none while the bus is away for long."""
        try:
            # No message id: a timer that was lost on the way has to come through again.
            await self._bus.publish(f"mistral.engine.{partition}", envelope.SerializeToString())
        except BusUnavailable as error:
            # They have their turn again when the claims run out.
            _log.warning("%d timers could not be handed over: %s", len(envelope.timers), error)
            return 0
        return len(envelope.timers)

    async def _sleep(self) -> None:
        until = min(self._pace.look_at, self._held[0][0]) if self._held else self._pace.look_at
        seconds = until - time.monotonic()
        if seconds <= 0:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()


def _envelopes(timers: Sequence[ClaimedTimer]) -> list[tuple[int, EngineEnvelope]]:
    by_partition: dict[int, list[DueTimer]] = defaultdict(list)
    for timer in timers:
        by_partition[timer.partition].append(
            DueTimer(
                execution_id=str(timer.execution_id), task_id=str(timer.task_id), kind=timer.kind, round=timer.round
            )
        )
    return [
        (partition, EngineEnvelope(timers=due[start : start + _MOST_PER_MESSAGE]))
        for partition, due in by_partition.items()
        for start in range(0, len(due), _MOST_PER_MESSAGE)
    ]
