"""How many temporary workers there should be, by what engines tell of runs in pools.

Pure: time comes in as seconds of a clock that never goes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import Final, TypeAlias

from mistral.internal.v1.worker_pool_pb2 import WorkerPool
from mistral_core.worker_pools import EXECUTION_LABEL, FLEET_LABEL

TOLD_SECONDS: Final = 5.0
"""What was not told again for so long is over: engines tell every second."""

_Pool: TypeAlias = tuple[str, str, tuple[tuple[str, str], ...], str]


@dataclass(frozen=True, slots=True, order=True)
class Want:
    """Whom workers are wanted for.

    Attributes:
        project: It sees the fleet of that name.
        execution: The root execution.
    """

    project: str
    fleet: str
    execution: str


@dataclass(frozen=True, slots=True)
class _Told:
    open_runs: int
    workers: int
    at: float


class Demand:
    """What was told lately, and what it comes to."""

    def __init__(self) -> None:
        self._told: dict[Want, dict[_Pool, _Told]] = {}

    def hear(self, pools: Iterable[WorkerPool], now: float) -> None:
        """Take down what an engine told; pools that no fleet is wanted for are passed over."""
        for pool in pools:
            fleet, execution = pool.labels.get(FLEET_LABEL), pool.labels.get(EXECUTION_LABEL)
            if fleet and execution:
                told = _Told(pool.open_runs, pool.fleet_workers or pool.open_runs, now)
                self._told.setdefault(Want(pool.project_id, fleet, execution), {})[_identity(pool)] = told

    def wanted(self, now: float) -> dict[Want, int]:
        """Return how many workers each wants, from 1: no more than it has runs, nor than its tasks ask for."""
        found: dict[Want, int] = {}
        for want, pools in list(self._told.items()):
            recent = {pool: told for pool, told in pools.items() if told.at >= now - TOLD_SECONDS}
            if not recent:
                del self._told[want]
                continue
            self._told[want] = recent
            workers = sum(min(told.open_runs, told.workers) for told in recent.values())
            if workers > 0:
                found[want] = workers
        return found


class Quiet:
    """Since when nothing is wanted of those that have workers."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, str], float] = {}

    def seconds(
        self, live: Set[tuple[str, str]], wanted: Set[tuple[str, str]], now: float
    ) -> dict[tuple[str, str], float]:
        """Return for how many seconds nothing is wanted, of all that live; 0 for those of which something is."""
        self._since = {key: self._since.get(key, now) for key in live - wanted}
        return {key: now - self._since.get(key, now) for key in live}


def _identity(pool: WorkerPool) -> _Pool:
    return pool.queue, pool.action, tuple(sorted(pool.labels.items())), pool.limit_key
