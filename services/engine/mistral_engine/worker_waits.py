"""Runs that wait for workers: says so where it can be seen, tells others which pools are wanted, and gives up in time.

Looks at all flights of this engine once a second; nothing of it is on the way of a run that finds its worker at once.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from mistral.internal.v1 import worker_pool_pb2
from mistral_core.machine.awaiting import too_late
from mistral_core.machine.event import ActionFinished, Outcome, WorkerAwaited
from mistral_core.worker_pools import Pool as WorkerPool
from mistral_engine.executors import Executors
from mistral_engine.figures import WORKERLESS, WORKERLESS_OLDEST
from mistral_engine.flights import Flight
from mistral_engine.ids import now
from mistral_engine.lane import Lane
from mistral_engine.work import Occurrence, ResultsWork
from mistral_engine.worker_presence import WorkerPresence
from mistral_persistence import offers
from mistral_persistence.database import Pool
from mistral_persistence.outage import OUTAGE
from mistral_runtime.bus import Bus, BusError
from mistral_runtime.worker_pools import pool_message

_log = logging.getLogger(__name__)

_AWAY: tuple[type[Exception], ...] = (*OUTAGE, BusError)
_LOOK_SECONDS = 1.0
_PATIENCE_MICROS = 2_000_000
"""A run is sent so long before it is said that nobody takes it: workers that connect just now are not missed."""
_GRACE_MICROS = 1_000_000
"""So long after its time to begin is over a run is given up: an executor may have answered."""
_MOST_TOLD = 500
_MOST_SHOWN = 100
_POOLS_PER_MESSAGE = 500
_HOUSEKEEPING_SECONDS = 600.0


class WorkerWaits:
    """One for the engine, over all its lanes."""

    def __init__(
        self,
        bus: Bus,
        store: Pool,
        presence: WorkerPresence,
        executors: Executors,
        lanes: Sequence[Lane],
        *,
        offers_kept_seconds: float,
    ) -> None:
        self._bus = bus
        self._store = store
        self._presence = presence
        self._executors = executors
        self._lanes = lanes
        self._kept = timedelta(seconds=offers_kept_seconds)
        # Tasks that say that they wait, by lane, and the action they say it of.
        self._said: dict[int, dict[str, str]] = {lane.number: {} for lane in lanes}
        self._shown: set[tuple[str, str]] = set()

    async def watch(self) -> None:
        """Look every second; never returns."""
        rounds = 0
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self._look()
                if rounds % int(_HOUSEKEEPING_SECONDS / _LOOK_SECONDS) == 0:
                    await self._keep_house()
            except _AWAY as error:
                _log.warning("runs that wait for workers could not be looked at: %s", type(error).__name__)
            rounds += 1

    async def _look(self) -> None:
        served = self._presence.served()
        if not any(lane.flights.pooled for lane in self._lanes) and not self._shown:
            return
        self._tell_wanted()
        if served is not None:
            self._show(served)
            for lane in self._lanes:
                self._tell_tasks(lane, served)
        for lane in self._lanes:
            await self._give_up(lane)

    def _flights(self) -> Iterator[Flight]:
        for lane in self._lanes:
            yield from lane.flights.pooled.values()

    def _tell_wanted(self) -> None:
        """Tell executors, and whoever starts temporary workers, of pools that they cannot know of by themselves."""
        open_runs: Counter[str] = Counter()
        fleet: dict[str, int] = {}
        by_token: dict[str, WorkerPool] = {}
        for each in self._flights():
            if each.pool is not None and not each.pool.plain:
                open_runs[each.token] += 1
                fleet[each.token] = max(fleet.get(each.token, 0), each.fleet_workers)
                by_token[each.token] = each.pool
        pools = []
        for token, count in open_runs.items():
            message = pool_message(by_token[token])
            message.open_runs, message.fleet_workers = count, fleet[token]
            pools.append(message)
        for first in range(0, len(pools), _POOLS_PER_MESSAGE):
            wanted = worker_pool_pb2.WantedPools(pools=pools[first : first + _POOLS_PER_MESSAGE])
            self._bus.send("mistral.workers.wanted", wanted.SerializeToString())

    def _tell_tasks(self, lane: Lane, served: Collection[str]) -> None:
        """Have tasks say that they wait for a worker, or that they do no more."""
        at, pooled, said = now(), lane.flights.pooled, self._said[lane.number]
        waiting: dict[str, Flight] = {}
        for each in pooled.values():
            patient = each.sent_at > at - _PATIENCE_MICROS and each.task_id not in said and not each.awaited
            if not patient and each.token not in served:
                waiting.setdefault(each.task_id, each)
        news: list[Occurrence] = []
        for each in waiting.values():
            # One told of before may have ended, and its task may be at another try.
            if said.get(each.task_id) not in pooled and len(news) < _MOST_TOLD:
                said[each.task_id] = each.action_id
                news.append((each.execution_id, _awaited(each, at)))
        for each in [f for f in pooled.values() if (f.task_id in said or f.awaited) and f.task_id not in waiting]:
            if said.pop(each.task_id, None) is not None or each.awaited:
                lane.flights.add(replace(each, awaited=False))
                news.append((each.execution_id, _awaited(each, at, awaited=False)))
        tasks = {each.task_id for each in pooled.values()}
        self._said[lane.number] = {task: action for task, action in said.items() if task in tasks}
        _apply(lane, news)

    def _show(self, served: Collection[str]) -> None:
        counts: Counter[tuple[str, str]] = Counter()
        oldest: dict[tuple[str, str], int] = {}
        for each in self._flights():
            if each.pool is not None and each.token not in served:
                key = each.pool.action, each.pool.queue
                counts[key] += 1
                oldest[key] = min(each.sent_at, oldest.get(key, each.sent_at))
        shown = {key for key, _ in counts.most_common(_MOST_SHOWN)}
        for action, queue in self._shown - shown:
            WORKERLESS.remove(action, queue)
            WORKERLESS_OLDEST.remove(action, queue)
        for key in shown:
            WORKERLESS.labels(*key).set(counts[key])
            WORKERLESS_OLDEST.labels(*key).set((now() - oldest[key]) / 1e6)
        self._shown = shown

    async def _give_up(self, lane: Lane) -> None:
        """End runs whose time to begin is over, unless an executor has them: those answer themselves."""
        at = now()
        late = [f for f in lane.flights.pooled.values() if 0 < f.begin_by < at - _GRACE_MICROS][:_MOST_TOLD]
        if not late:
            return
        held = await self._executors.holding((f.action_id, f.attempt) for f in late)
        _apply(lane, [(f.execution_id, _too_late(f)) for f in late if (f.action_id, f.attempt) not in held])

    async def _keep_house(self) -> None:
        wanted = {(each.pool.project, each.pool.action) for each in self._flights() if each.pool is not None}
        await offers.wanted(self._store, sorted(wanted))
        forgotten = await offers.forget(self._store, before=datetime.now(UTC) - self._kept)
        if forgotten:
            _log.info("%d actions are forgotten that no worker offered for long", forgotten)


def _awaited(flight: Flight, at: int, *, awaited: bool = True) -> WorkerAwaited:
    return WorkerAwaited(
        at=at, task_id=flight.task_id, action_id=flight.action_id, attempt=flight.attempt, awaited=awaited
    )


def _too_late(flight: Flight) -> ActionFinished:
    assert flight.pool is not None
    return ActionFinished(
        at=now(),
        task_id=flight.task_id,
        action_id=flight.action_id,
        attempt=flight.attempt,
        outcome=Outcome.ERROR,
        value=too_late(flight.pool.action, flight.pool.queue, flight.begin_within),
    )


def _apply(lane: Lane, news: list[Occurrence]) -> None:
    if news:
        lane.inbox.put(ResultsWork(news, asyncio.get_running_loop().create_future()))
