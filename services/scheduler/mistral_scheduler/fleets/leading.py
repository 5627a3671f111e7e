"""Who looks after fleets: the scheduler that holds a lock of the database, for as long as its connection lives."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from mistral_persistence.database import Connection, Pool

_LOCK: Final = 7_361_990_115_061


class Turn:
    """Whether it is our turn: while the connection that holds the lock is open."""

    def __init__(self, connection: Connection, *, locked: bool) -> None:
        self._connection = connection
        self._locked = locked

    @property
    def lasts(self) -> bool:
        return self._locked and not self._connection.is_closed()


@asynccontextmanager
async def leading(pool: Pool) -> AsyncIterator[Turn]:
    """Say whether it is our turn; it is until the end of the block, unless the connection breaks.

    Two may lead for the moment that it takes to notice that. They then start some workers too many, which leave when
    they find nothing to do.
    """
    async with pool.acquire() as connection:
        locked = bool(await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK))
        turn = Turn(connection, locked=locked)
        try:
            yield turn
        finally:
            if turn.lasts:
                await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK)
