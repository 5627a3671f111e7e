"""History is kept as long as wanted: days to come are there, days past the retention go."""

from mistral_scheduler.maintenance import maintain_once


async def test_old_days_are_dropped_and_coming_days_are_there(pool):
    await pool.execute(
        "CREATE TABLE execution_history_20200101 PARTITION OF execution_history "
        "FOR VALUES FROM ('2020-01-01 00:00:00+00') TO ('2020-01-02 00:00:00+00')"
    )

    dropped = await maintain_once(pool, history_days=7)

    assert dropped == 1
    days = await pool.fetchval("SELECT count(*) FROM pg_class WHERE relname ~ '^execution_history_[0-9]{8}$'")
    assert days == 3


async def test_deliveries_given_up_long_ago_are_forgotten(pool):
    for age in ("1 day", "30 days"):
        await pool.execute(
            "INSERT INTO notification (execution_id, event, payload, publisher, given_up_at) "
            "VALUES (gen_random_uuid(), 'X', '{}', '{}', now() - $1::text::interval)",
            age,
        )

    await maintain_once(pool, history_days=7)

    assert await pool.fetchval("SELECT count(*) FROM notification") == 1
