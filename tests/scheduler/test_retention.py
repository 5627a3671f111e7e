"""Executions go when their time is over, whole families at once, into the archive first, and nobody waits for it."""

import asyncio
import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from mistral_persistence import expired, expiry
from mistral_persistence.database import Pool
from mistral_persistence.flush import LeaseLost, Rows, flush
from mistral_persistence.retention_policies import Policy, policies, policy_of, put_policy
from mistral_persistence.standalone import WORKFLOW_ID
from mistral_runtime.settings import SettingError
from mistral_scheduler.retention import Retention
from mistral_scheduler.retention_settings import RetentionSettings

NOW = datetime.now(UTC)


class Past:
    """Executions as engines leave them."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    async def execution(self, *, days: float = 0, state: str = "SUCCESS", **given: Any) -> str:
        made, ended = str(uuid4()), NOW - timedelta(days=days)
        await self.pool.execute(
            "INSERT INTO execution (id, partition, root_id, parent_id, project_id, workflow_id, workflow_version,"
            " workflow_name, workflow_namespace, description, tags, state, input, params, body, created_at, updated_at,"
            " finished_at) VALUES ($1, 7, $2, $3, $4, $5, 1, 'w', '', '', '{}', $6, '{}', '{}', '{}', $7, $7, $8)",
            made,
            given.get("root", made),
            given.get("parent"),
            given.get("project", "p"),
            given.get("workflow_id", str(uuid4())),
            state,
            ended,
            ended if state in ("SUCCESS", "ERROR", "CANCELLED") else None,
        )
        await self.pool.execute(
            "INSERT INTO task_record (id, execution_id, name, state, sequence, created_at, body)"
            " VALUES (gen_random_uuid(), $1, 't', 'SUCCESS', 1, $2, '{}')",
            made,
            ended,
        )
        return made

    async def left(self) -> set[str]:
        return {row["id"] for row in await self.pool.fetch("SELECT id::text FROM execution")}


@pytest.fixture
async def past(pool: Pool) -> Past:
    await pool.execute("TRUNCATE execution, task_record, retention_policy, expiring")
    return Past(pool)


async def swept(pool: Pool, policy: Policy | None = None, **settings: Any) -> int:
    retention = Retention(pool, RetentionSettings(policy=policy or Policy(), **settings))
    if policy is not None:
        await retention.publish()
    return await retention.once()


async def test_what_ended_long_ago_goes_with_its_tasks_and_the_rest_stays(past: Past) -> None:
    old, young = await past.execution(days=3), await past.execution(days=1)
    running = await past.execution(days=9, state="RUNNING")

    assert await swept(past.pool, Policy(older_than_minutes=2 * 24 * 60)) == 1

    assert await past.left() == {young, running}
    assert await past.pool.fetchval("SELECT count(*) FROM task_record WHERE execution_id = $1", old) == 0


async def test_families_go_whole_or_stay_whole(past: Past) -> None:
    ended, live = await past.execution(days=3), await past.execution(days=3)
    child = await past.execution(days=3, root=ended, parent=ended)
    await past.execution(days=3, root=ended, parent=child)
    stays = await past.execution(days=3, root=live, parent=live, state="RUNNING")

    assert await swept(past.pool, Policy(older_than_minutes=1)) == 3

    assert await past.left() == {live, stays}


async def test_only_so_many_finished_ones_are_kept(past: Past) -> None:
    ages = [await past.execution(days=days) for days in range(1, 8)]
    running = await past.execution(days=20, state="RUNNING")

    assert await swept(past.pool, Policy(max_finished=3), batch=2) == 4

    assert await past.left() == {*ages[:3], running}


async def test_none_may_be_kept_and_no_limit_keeps_all(past: Past) -> None:
    await past.execution(days=1)

    assert await swept(past.pool, Policy()) == 0
    assert await swept(past.pool, Policy(max_finished=0)) == 1


async def test_ignored_states_stay_and_are_not_counted(past: Past) -> None:
    failed = [await past.execution(days=days, state="ERROR") for days in (1, 5)]
    good = [await past.execution(days=days) for days in (2, 6)]

    assert await swept(past.pool, Policy(max_finished=1, ignored_states=("ERROR",))) == 1

    assert await past.left() == {*failed, good[0]}


async def test_a_project_has_a_policy_of_its_own_instead_of_that_of_the_mesh(past: Past) -> None:
    kept, gone = await past.execution(days=5, project="keeps"), await past.execution(days=5)
    short = await past.execution(days=1, project="short")
    await put_policy(past.pool, Policy(project="keeps", older_than_minutes=30 * 24 * 60))
    await put_policy(past.pool, Policy(project="short", older_than_minutes=60))

    assert await swept(past.pool, Policy(older_than_minutes=3 * 24 * 60)) == 2

    assert await past.left() == {kept}
    assert not {gone, short} & await past.left()
    assert (await policy_of(past.pool, "short")).older_than_minutes == 60
    assert (await policy_of(past.pool, "p")).project == ""


async def test_runs_of_actions_on_their_own_grow_old_too(past: Past) -> None:
    await past.execution(days=5, workflow_id=WORKFLOW_ID)
    young = await past.execution(days=1, workflow_id=WORKFLOW_ID)

    assert await swept(past.pool, Policy(older_than_minutes=3 * 24 * 60)) == 1
    assert await past.left() == {young}


async def test_what_goes_is_in_a_file_first(past: Past, tmp_path: Path) -> None:
    root = await past.execution(days=3)
    child = await past.execution(days=3, root=root, parent=root)

    await swept(past.pool, Policy(older_than_minutes=1), archive=tmp_path / "archive")

    [file] = [each for each in (tmp_path / "archive").rglob("*") if each.is_file()]
    assert file.name.endswith(".jsonl.gz")
    lines = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    assert {line["execution"]["id"] for line in lines} == {root, child}
    assert [task["name"] for line in lines for task in line["tasks"]] == ["t", "t"]
    assert await past.left() == set()


async def test_nothing_goes_that_could_not_be_written(past: Past, tmp_path: Path) -> None:
    kept = await past.execution(days=3)
    (tmp_path / "taken").write_text("no folder")

    with pytest.raises(NotADirectoryError):
        await swept(past.pool, Policy(older_than_minutes=1), archive=tmp_path / "taken")

    assert await past.left() == {kept}
    assert await past.pool.fetchval("SELECT count(*) FROM expiring") == 0


async def test_while_somebody_writes_for_long_nothing_goes_and_nobody_is_kept_waiting(past: Past) -> None:
    old = await past.execution(days=4)
    async with past.pool.acquire() as connection, connection.transaction():
        await connection.execute("UPDATE execution SET description = 'held' WHERE id = $1", old)
        assert await expiry.remove(past.pool, [old], patience=0.1) == []
        assert await past.pool.fetchval("SELECT count(*) FROM expiring") == 0

    assert await expiry.remove(past.pool, [old]) == [old]


async def test_an_engine_cannot_write_what_is_about_to_go(past: Past) -> None:
    gone = await past.execution(days=3, state="ERROR")
    await past.pool.execute("INSERT INTO expiring (execution_id) VALUES ($1)", gone)
    rows = Rows(execution=[(gone, "RUNNING", None, "{}", None, None, "{}", "", 1, None)])

    async with past.pool.acquire() as connection:
        with pytest.raises(LeaseLost):
            await flush(connection, {}, rows)

    assert await past.pool.fetchval("SELECT state FROM execution WHERE id = $1", gone) == "ERROR"


async def test_what_an_engine_has_begun_to_write_stays(past: Past) -> None:
    """A flush that began before the mark is waited for, and what it made live again is let be."""
    again, other = await past.execution(days=3, state="ERROR"), await past.execution(days=3)
    rows = Rows(execution=[(again, "RUNNING", None, "{}", None, None, "{}", "", 1, None)])
    async with past.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await flush(connection, {}, rows)
        removing = asyncio.create_task(expiry.remove(past.pool, [again, other]))
        marked = "SELECT count(*) = 2 FROM expiring"
        async with asyncio.timeout(10):
            while not await past.pool.fetchval(marked):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await transaction.commit()

    assert await removing == [other]
    assert await past.left() == {again}
    assert await past.pool.fetchval("SELECT count(*) FROM expiring") == 0


async def test_two_schedulers_do_not_do_it_at_once(past: Past) -> None:
    async with past.pool.acquire() as one, past.pool.acquire() as two:
        assert await expiry.alone(one)
        assert not await expiry.alone(two)
        await expiry.done(one)
        assert await expiry.alone(two)
        await expiry.done(two)


async def test_a_preview_tells_what_would_go_and_changes_nothing(past: Past) -> None:
    old = [await past.execution(days=days) for days in (5, 4, 3)]
    await past.execution(days=1)
    limits = await expired.limits_of(past.pool, Policy(older_than_minutes=2 * 24 * 60), NOW)

    found = await expired.preview(past.pool, limits)

    assert (found.count, found.ids) == (3, tuple(old))
    assert found.oldest == NOW - timedelta(days=5)
    assert len(await past.left()) == 4


async def test_the_policy_of_the_settings_is_that_of_the_mesh(past: Past) -> None:
    await swept(past.pool, Policy(max_finished=7))
    assert [policy.max_finished for policy in await policies(past.pool)] == [7]

    await swept(past.pool, Policy())
    assert await policies(past.pool) == []


def test_settings_are_read_and_refused_by_name() -> None:
    read = RetentionSettings.read(
        {
            "MISTRAL_RETENTION_OLDER_THAN_MINUTES": "60",
            "MISTRAL_RETENTION_IGNORED_STATES": "ERROR, CANCELLED",
            "MISTRAL_ARCHIVE_DIR": "/var/archive",
        }
    )
    assert (read.policy.older_than_minutes, read.policy.max_finished) == (60, None)
    assert read.policy.ignored_states == ("ERROR", "CANCELLED")
    for name, value in (("OLDER_THAN_MINUTES", "0"), ("IGNORED_STATES", "RUNNING"), ("BATCH", "none")):
        with pytest.raises(SettingError, match=f"MISTRAL_RETENTION_{name}"):
            RetentionSettings.read({f"MISTRAL_RETENTION_{name}": value})
