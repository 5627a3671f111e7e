"""The schema comes to be, once, whoever asks and whatever lies in its way."""

import asyncio
from collections.abc import Callable

from mistral_persistence.database import connected, migrate


async def test_migrations_apply_once_also_when_several_services_start_together(new_database: Callable[[], str]) -> None:
    async with connected(new_database(), size=4) as pool:
        applied = await asyncio.gather(*(migrate(pool) for _ in range(4)))

        assert sorted(map(bool, applied)) == [False, False, False, True]
        names = max(applied, key=len)
        assert names == sorted(names)
        assert await migrate(pool) == []
        assert await pool.fetchval("SELECT count(*) FROM migration") == len(names)
        assert await pool.fetchval("SELECT count(*) FROM partition_lease WHERE owner IS NULL") == 256


async def test_history_written_before_its_day_was_prepared_keeps_nobody_from_starting(
    new_database: Callable[[], str],
) -> None:
    async with connected(new_database(), size=2) as pool:
        await migrate(pool)
        await pool.execute(
            "INSERT INTO execution_history (execution_id, position, at, events)"
            " VALUES (gen_random_uuid(), 1, now() + interval '5 days', '[]')"
        )
        await pool.execute("SELECT prepare_history(7)")
        await migrate(pool)

        parts = await pool.fetchval("SELECT count(*) FROM pg_inherits WHERE inhparent = 'execution_history'::regclass")
        # Days 0 to 7 but for the fifth, and the rest.
        assert parts == 8
        assert await pool.fetchval("SELECT count(*) FROM execution_history") == 1
