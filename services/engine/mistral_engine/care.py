"""Looking after the lanes as partitions come and go and the bus loses what it had."""

import asyncio
import logging
from collections.abc import Collection, Sequence
from datetime import datetime

from mistral_engine.consumer import LaneConsumer
from mistral_engine.executors import Executors
from mistral_engine.lane import Lane
from mistral_engine.outgoing import Outgoing
from mistral_engine.ownership import Ownership
from mistral_engine.recovery import Recovery
from mistral_engine.redrive import Redrive
from mistral_engine.settings import Settings
from mistral_engine.sweeper import Sweeper
from mistral_persistence.database import Pool
from mistral_runtime.bus import Bus
from mistral_runtime.lifecycle import Tasks

_log = logging.getLogger(__name__)


class Care:
    """What each lane has around it: its consumer, its recovery, its sweeper."""

    def __init__(
        self,
        pool: Pool,
        bus: Bus,
        executors: Executors,
        ownership: Ownership,
        outgoing: Outgoing,
        lanes: Sequence[Lane],
        settings: Settings,
        tasks: Tasks,
        *,
        name: str,
    ) -> None:
        self._ownership = ownership
        self._lanes = lanes
        self._consumers = [LaneConsumer(bus, lane, tasks, f"{name}_{lane.number}") for lane in lanes]
        self._recoveries = [Recovery(pool, bus, lane.applying, lane.hot, lane.flights, outgoing) for lane in lanes]
        self.sweepers = [
            Sweeper(
                lane,
                recovery,
                Redrive(
                    bus,
                    executors,
                    lane.applying,
                    lane.hot,
                    lane.flights,
                    outgoing,
                    lost_seconds=settings.lost_seconds,
                ),
                ownership,
                pool,
                lanes=len(lanes),
                sweep_seconds=settings.sweep_seconds,
            )
            for lane, recovery in zip(lanes, self._recoveries, strict=True)
        ]
        bus.streams.on_reset(self._reset)

    async def moved(self, gained: Collection[int], lost: Collection[int]) -> None:
        """Let go of lost partitions, take up gained ones; returns when the lost ones are at rest."""
        await asyncio.gather(*(self._moved(lane, gained, lost) for lane in self._lanes))

    def recover(self, number: int) -> None:
        """Have all executions of a lane taken up anew, once it gets to it."""
        lane = self._lanes[number]
        lane.flights.drop_partitions(range(256))
        self.sweepers[number].take_up(self._of(lane, self._ownership.partitions))

    async def _moved(self, lane: Lane, gained: Collection[int], lost: Collection[int]) -> None:
        ours_gained, ours_lost = self._of(lane, gained), self._of(lane, lost)
        if not ours_gained and not ours_lost:
            return
        await self._consumers[lane.number].serve(self._of(lane, self._ownership.partitions))
        await lane.rest()
        # Also what was gained: whoever had it in between has changed it.
        moved = {*ours_gained, *ours_lost}
        lane.hot.drop_partitions(moved)
        lane.flights.drop_partitions(moved)
        if ours_gained:
            self.sweepers[lane.number].take_up(ours_gained)

    def _of(self, lane: Lane, partitions: Collection[int]) -> list[int]:
        return [p for p in partitions if p % len(self._lanes) == lane.number]

    def _reset(self, stream: str, created: datetime) -> None:
        _log.warning("the stream %s has lost what it held; looking for actions to send again", stream)
        for sweeper in self.sweepers:
            sweeper.hurry()
