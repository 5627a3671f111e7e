"""Which partitions are ours: claims and gives back leases so that the living engines share them evenly.

The share of each engine follows from the sorted names of the living ones, so all agree without talking. A lease
that another engine took is noticed at the next commit at the latest: the database refuses it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping

import asyncpg

from mistral_engine.figures import PARTITIONS as PARTITIONS_OWNED
from mistral_persistence import leases
from mistral_persistence.database import Pool
from mistral_persistence.flush import LeaseLost
from mistral_persistence.leases import PARTITIONS, Leases
from mistral_persistence.outage import OUTAGE

_log = logging.getLogger(__name__)

_RENEWAL_FAILS: tuple[type[Exception], ...] = (*OUTAGE, asyncpg.PostgresError)

Moved = Callable[[Collection[int], Collection[int]], Awaitable[None]]
"""Told of (gained, lost) partitions; returns when lost ones are at rest."""


class Ownership:
    """The partitions of this engine, and the addresses of the owners of the others."""

    def __init__(self, pool: Pool, held: Leases, *, name: str, renew_seconds: float) -> None:
        self._pool = pool
        self._leases = held
        self._name = name
        self._renew_seconds = renew_seconds
        self._epochs: dict[int, int] = {}
        self._sorted: list[int] = []
        self._owners: Mapping[int, str] = {}
        self._renewed_at = 0.0
        self._left = False
        self._renewing = asyncio.Lock()
        self._changing = asyncio.Lock()
        self._moved: Moved | None = None
        self._recover: Callable[[int], None] | None = None

    def on_change(self, moved: Moved, recover: Callable[[int], None]) -> None:
        """Name who is told when partitions come and go, and who reads a lane's executions again."""
        self._moved, self._recover = moved, recover

    def owns(self, partition: int) -> bool:
        return partition in self._epochs

    @property
    def partitions(self) -> list[int]:
        """Partitions that this engine owns, ascending."""
        return self._sorted

    def epochs(self, partitions: Iterable[int]) -> Mapping[int, int]:
        """Return the epochs to write under.

        Raises:
            LeaseLost: If one of the partitions is not ours any more.
        """
        return epochs_of(self._epochs, partitions)

    def held(self) -> Mapping[int, int]:
        """Return the epochs of all our partitions, as they are now.

        To write under what was held when one began to look: a partition that was lost and came back meanwhile has
        been changed by others.
        """
        return dict(self._epochs)

    async def owner_address(self, partition: int) -> str | None:
        """Return the gRPC address of the engine that was last seen to own a partition; None if nobody does."""
        if partition not in self._owners:
            # It was on its way when we looked last.
            self._owners = self._others(await leases.table(self._pool), await leases.engines(self._pool))
        return self._owners.get(partition)

    def recover_soon(self, lane: int) -> None:
        """Have the executions of a lane read again and their open work sent again."""
        if self._recover is not None:
            self._recover(lane)

    async def refresh(self) -> None:
        """Look at the leases, let go what is lost, take what is due to us."""
        async with self._changing:
            await self._renew()
            if self._left:
                return
            engines = await leases.engines(self._pool)
            table = await leases.table(self._pool)
            lost = [i.partition for i in table if self._epochs.get(i.partition, i.epoch) != i.epoch]
            await self._change((), lost)
            due = _share(sorted(engines), self._name)
            surplus = [p for p in self._epochs if p not in due]
            if surplus:
                await self._change((), surplus)
                await self._leases.release(surplus)
            free = [i.partition for i in table if i.partition in due and i.partition not in self._epochs]
            if free:
                claimed = await self._leases.claim(free)
                self._epochs.update(claimed)
                await self._change(list(claimed), ())
            self._owners = self._others(table, engines)
            PARTITIONS_OWNED.set(len(self._epochs))

    async def keep(self) -> None:
        """Renew for ever; a database that is away is waited for.

        Apart from ``balance``, because moving partitions may take longer than a lease lasts.
        """
        while True:
            await asyncio.sleep(self._renew_seconds)
            try:
                await self._renew()
            except _RENEWAL_FAILS as error:
                silent = asyncio.get_running_loop().time() - self._renewed_at
                _log.warning("leases could not be renewed for %.1f s: %s", silent, type(error).__name__)

    async def balance(self) -> None:
        """Look at the leases for ever."""
        while True:
            await asyncio.sleep(self._renew_seconds)
            try:
                await self.refresh()
            except _RENEWAL_FAILS as error:
                _log.warning("the leases could not be looked at: %s", type(error).__name__)

    async def leave(self) -> None:
        """Give everything back, for good: the others need not wait for our lease to end."""
        self._left = True
        async with self._changing, self._renewing:
            held = list(self._epochs)
            await self._change((), held)
            try:
                await self._leases.release(held)
                await self._leases.leave()
            except _RENEWAL_FAILS as error:
                _log.warning("the leases are left to run out: %s", type(error).__name__)

    def _others(self, table: Iterable[leases.Lease], engines: Mapping[str, str]) -> Mapping[int, str]:
        # What we have given back meanwhile is not ours either.
        return {
            i.partition: engines[i.owner] for i in table if i.owner and i.owner != self._name and i.owner in engines
        }

    async def _renew(self) -> None:
        async with self._renewing:
            if not self._left:
                await self._leases.renew()
                self._renewed_at = asyncio.get_running_loop().time()

    async def _change(self, gained: Collection[int], lost: Collection[int]) -> None:
        for partition in lost:
            self._epochs.pop(partition, None)
        self._sorted = sorted(self._epochs)
        if (gained or lost) and self._moved is not None:
            await self._moved(gained, lost)


def epochs_of(held: Mapping[int, int], partitions: Iterable[int]) -> Mapping[int, int]:
    """Return the epochs of some of the partitions held; raises LeaseLost if one of them is not."""
    try:
        return {partition: held[partition] for partition in partitions}
    except KeyError:
        raise LeaseLost from None


def _share(names: list[str], name: str) -> range:
    """Return the partitions of one engine: an even, contiguous share by the order of the names."""
    if name not in names:
        return range(0)
    place, count = names.index(name), len(names)
    return range(place * PARTITIONS // count, (place + 1) * PARTITIONS // count)
