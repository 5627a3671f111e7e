"""Turns of cron triggers, on a real store without an engine: what is decided, kept, and left alone."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from mistral_persistence import cron_starts
from mistral_persistence.database import Pool
from mistral_scheduler.cron_turns import take_turns

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
async def workflow(pool: Pool) -> Any:
    await pool.execute("TRUNCATE cron_trigger CASCADE")
    return await pool.fetchval(
        "INSERT INTO workflow (id, project_id, name, definition) VALUES ($1, 'p', $2, '') RETURNING id",
        *(uuid4(), f"w{uuid4().hex}"),
    )


async def trigger(pool: Pool, workflow: Any, **more: Any) -> Any:
    """Store a trigger that is due, and return its id."""
    fields = {
        **{"id": uuid4(), "project_id": "p", "name": uuid4().hex, "workflow_id": workflow, "workflow_name": "w"},
        **{"workflow_namespace": "", "pattern": "0 3 1 1 *", "fingerprint": uuid4().hex},
        **{"next_execution_time": NOW - timedelta(seconds=1), **more},
    }
    places = ", ".join(f"${place}" for place in range(1, len(fields) + 1))
    sql = f"INSERT INTO cron_trigger ({', '.join(fields)}) VALUES ({places}) RETURNING id"
    return await pool.fetchval(sql, *fields.values())


async def test_schedulers_that_look_at_once_decide_each_due_time_once(pool: Pool, workflow: Any) -> None:
    for _ in range(60):
        await trigger(pool, workflow)

    async def work() -> int:
        taken = 0
        while found := await take_turns(pool, limit=7):
            taken += found
        return taken

    assert sum(await asyncio.gather(*(work() for _ in range(4)))) == 60
    assert await pool.fetchval("SELECT count(*) FROM cron_run WHERE state = 'STARTING'") == 60
    assert await pool.fetchval("SELECT count(*) FROM cron_trigger WHERE fired = 1") == 60


async def test_a_trigger_with_a_run_to_start_is_left_alone(pool: Pool, workflow: Any) -> None:
    often = await trigger(pool, workflow, pattern="* * * * * *")
    assert await take_turns(pool, limit=10) == 1
    await pool.execute("UPDATE cron_trigger SET next_execution_time = $1", NOW - timedelta(seconds=1))

    assert await take_turns(pool, limit=10) == 0
    await pool.execute("UPDATE cron_run SET state = 'OPEN', execution_id = id")
    assert await take_turns(pool, limit=10) == 1
    assert await pool.fetchval("SELECT fired FROM cron_trigger WHERE id = $1", often) > 1


async def test_a_pattern_that_cannot_be_read_any_more_ends_its_trigger_and_no_other(pool: Pool, workflow: Any) -> None:
    broken = await trigger(pool, workflow, pattern="nonsense")
    moved = await trigger(pool, workflow, timezone="Mars/Phobos")
    fine = await trigger(pool, workflow)

    assert await take_turns(pool, limit=10) == 3

    rows = await pool.fetch("SELECT id, status, status_note, next_execution_time FROM cron_trigger")
    found = {row["id"]: row for row in rows}
    assert (found[broken]["status"], found[broken]["next_execution_time"]) == ("ENDED", None)
    assert "nonsense" in found[broken]["status_note"]
    assert "Mars/Phobos" in found[moved]["status_note"]
    assert found[fine]["status"] == "ACTIVE"


async def test_jitter_puts_off_the_start_and_not_the_due_time(pool: Pool, workflow: Any) -> None:
    later = await trigger(pool, workflow, pattern="0 * * * *", jitter=600, due_at=NOW - timedelta(seconds=2))

    await take_turns(pool, limit=10)

    row = await pool.fetchrow("SELECT next_execution_time, due_at FROM cron_trigger WHERE id = $1", later)
    assert row is not None
    assert (row["due_at"].minute, row["due_at"].second) == (0, 0)
    assert timedelta() <= row["next_execution_time"] - row["due_at"] < timedelta(seconds=600)
    assert await pool.fetchval("SELECT due_at FROM cron_run") == NOW - timedelta(seconds=2)


async def test_the_last_of_a_count_ends_the_trigger_whatever_else_was_missed(pool: Pool, workflow: Any) -> None:
    given = {"pattern": "* * * * * *", "remaining_executions": 2, "catchup_window": 3600}
    few = await trigger(pool, workflow, **given, next_execution_time=NOW - timedelta(minutes=5))

    await take_turns(pool, limit=10)

    row = await pool.fetchrow("SELECT status, remaining_executions, fired FROM cron_trigger WHERE id = $1", few)
    assert row is not None
    assert (row["status"], row["remaining_executions"], row["fired"]) == ("ENDED", 0, 2)
    assert await pool.fetchval("SELECT count(*) FROM cron_run") == 2


async def test_nothing_is_decided_in_maintenance(pool: Pool, workflow: Any) -> None:
    await trigger(pool, workflow)
    await pool.execute("UPDATE maintenance SET status = 'PAUSED'")
    try:
        assert await take_turns(pool, limit=10) == 0
    finally:
        await pool.execute("UPDATE maintenance SET status = 'RUNNING'")
    assert await take_turns(pool, limit=10) == 1


async def test_the_newest_runs_of_a_trigger_are_kept_and_those_that_wait(pool: Pool, workflow: Any) -> None:
    owner = await trigger(pool, workflow)
    await pool.execute(
        "INSERT INTO cron_run (id, trigger_id, request_id, kind, due_at, overlap, state, created_at)"
        " SELECT gen_random_uuid(), $1, n::text, 'due', now(), 'allow',"
        " CASE WHEN n <= 2 THEN 'WAITING' ELSE 'SKIPPED' END, now() + n * interval '1 second'"
        " FROM generate_series(1, 30) n",
        owner,
    )

    assert [await cron_starts.drop_old(pool, kept=10, limit=15) for _ in range(3)] == [15, 3, 0]
    left = await pool.fetch("SELECT request_id::integer AS n FROM cron_run ORDER BY n")
    assert [row["n"] for row in left] == [1, 2, *range(21, 31)]
