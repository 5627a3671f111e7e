"""How long the past is kept: history lives in daily partitions, made ahead and dropped whole."""

from datetime import datetime

from mistral_persistence.database import Pool

DAYS_AHEAD = 2


async def prepare_history(pool: Pool) -> None:
    """Make the partitions of today and the next days, as far as they are missing."""
    await pool.execute("SELECT prepare_history($1)", DAYS_AHEAD)


async def drop_history_before(pool: Pool, moment: datetime) -> int:
    """Drop the days that ended before ``moment`` and return how many.

    Raises:
        asyncpg.LockNotAvailableError: If a reader or writer was in the way for two seconds; nothing was dropped.
    """
    async with pool.acquire() as connection, connection.transaction():
        # Whoever comes after a waiting DROP waits behind it, so it must not wait for long.
        await connection.execute("SET LOCAL lock_timeout = '2s'")
        return int(await connection.fetchval("SELECT drop_history_before($1)", moment))
