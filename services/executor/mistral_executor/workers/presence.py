"""Which workers are where: told to everybody every second, and heard from other executors."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from mistral.internal.v1 import worker_pool_pb2
from mistral_executor.workers.pools import Pools
from mistral_runtime.bus import Bus, Message
from mistral_runtime.worker_pools import pool_from

PRESENT: Final = "mistral.workers.present"
WANTED: Final = "mistral.workers.wanted"

_MOMENT_SECONDS: Final = 0.05
_SILENT_SECONDS: Final = 4.0
_MOST_BYTES: Final = 700 * 1024


class Presence:
    """Tells of our workers and hears of others'."""

    def __init__(self, bus: Bus, instance: str, name: str, pools: Pools) -> None:
        self._bus = bus
        self._instance = instance
        self._name = name
        self._pools = pools
        # By pool and executor: when it was heard, and how many runs it would take.
        self._others: dict[str, dict[str, tuple[float, int]]] = {}
        # By executor: when it was heard, and the ids of its workers by pool.
        self._workers: dict[str, tuple[float, dict[str, frozenset[str]]]] = {}
        self.leaving = False
        self._soon: asyncio.TimerHandle | None = None

    def tell_soon(self) -> None:
        """Tell it in a moment: something has changed, and more may follow at once."""
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(_MOMENT_SECONDS, self.tell)

    def tell(self) -> None:
        """Tell which pools are served here."""
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        message = worker_pool_pb2.WorkersPresent(
            instance=self._instance,
            executor=self._name,
            pools=[] if self.leaving else [pool.present() for pool in self._pools if pool.sessions],
            leaving=self.leaving,
        )
        data = message.SerializeToString()
        if len(data) > _MOST_BYTES:
            for pool in message.pools:
                pool.ClearField("worker_ids")
            data = message.SerializeToString()
        self._bus.send(PRESENT, data)

    async def heard(self, message: Message) -> None:
        """Take note of another executor's workers."""
        present = worker_pool_pb2.WorkersPresent.FromString(message.data)
        if present.instance == self._instance:
            return
        now = time.monotonic()
        for heard in self._others.values():
            heard.pop(present.instance, None)
        self._workers.pop(present.instance, None)
        if not present.leaving:
            ids: dict[str, frozenset[str]] = {}
            self._workers[present.instance] = now, ids
            for each in present.pools:
                token = pool_from(each.pool).token
                ids[token] = frozenset(each.worker_ids)
                self._others.setdefault(token, {})[present.instance] = now, each.credits

    async def wanted(self, message: Message) -> None:
        """Take note of pools that runs wait in."""
        now = time.monotonic()
        for pool in worker_pool_pb2.WantedPools.FromString(message.data).pools:
            self._pools.want(pool_from(pool), now)

    def has(self, token: str, worker: str) -> bool:
        """Tell whether a worker serves a pool at another executor."""
        now = time.monotonic()
        return any(worker in ids.get(token, ()) for at, ids in self._workers.values() if now - at < _SILENT_SECONDS)

    def elsewhere(self, token: str) -> tuple[int, int]:
        """Return how many other executors serve a pool, and how many runs they would take."""
        now = time.monotonic()
        living = [credits for at, credits in self._others.get(token, {}).values() if now - at < _SILENT_SECONDS]
        return len(living), sum(living)
