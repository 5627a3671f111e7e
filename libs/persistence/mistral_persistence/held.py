"""A connection that its one user keeps between uses: to take one from the pool each time costs more than to wait."""

from types import TracebackType
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

from mistral_persistence.database import Connection, Pool

if TYPE_CHECKING:
    Lent: TypeAlias = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]


class HeldConnection:
    """Use it as ``async with held as connection``, one use at a time; a broken connection is replaced by another."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._held: Lent | None = None

    async def __aenter__(self) -> Connection:
        if self._held is None or _broken(self._held):
            await self.give_back()
            self._held = await self._pool.acquire()
        return self._held

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            await self.give_back()

    async def give_back(self) -> None:
        """Return the connection to the pool, which cannot close before."""
        held, self._held = self._held, None
        if held is not None:
            await self._pool.release(held)


def _broken(connection: "Lent") -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        # The pool has taken it back by itself when the server went away.
        return True
