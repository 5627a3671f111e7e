"""Writing under leases: only who holds a partition's present epoch writes, and then all of it or nothing."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from mistral_core.language import parse_workflows
from mistral_core.machine import Surroundings, begin
from mistral_core.machine.event import Start
from mistral_persistence import leases
from mistral_persistence.database import Pool, connected, migrate
from mistral_persistence.deletion import delete
from mistral_persistence.flush import LeaseLost, Rows, flush
from mistral_persistence.leases import PARTITIONS, Leases
from mistral_persistence.records import action_row, execution_head, task_row

WORKFLOW = """
version: '2.0'
w:
  tasks: {t: {action: std.noop}}
"""


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with connected(database) as opened:
        await migrate(opened)
        await opened.execute("UPDATE partition_lease SET owner = NULL, incarnation = NULL")
        await opened.execute("TRUNCATE engine_instance, execution, task_record, action_record")
        yield opened


def engine(pool: Pool, name: str, ttl_seconds: float = 30.0) -> Leases:
    held = Leases(pool, name=name, incarnation=str(uuid4()), ttl_seconds=ttl_seconds)
    held.address = f"{name}:1"
    return held


def rows() -> Rows:
    definition = parse_workflows(WORKFLOW)[0].workflow
    identity = str(uuid4())
    start = Start(
        at=1_700_000_000_000_000,
        id=identity,
        root_id=identity,
        partition=7,
        project="p",
        definition=definition,
        workflow_id=str(uuid4()),
        workflow_version=1,
        workflow_name="w",
    )
    execution = begin(start, Surroundings()).execution
    task = next(iter(execution.tasks.values()))
    action = next(iter(task.actions.values()))
    return Rows(
        started=[execution_head(execution)],
        task=[task_row(execution, task, ())],
        action=[action_row(execution.id, task.id, action, "envelope")],
    )


async def counts(pool: Pool) -> list[int]:
    return [await pool.fetchval(f"SELECT count(*) FROM {t}") for t in ("execution", "task_record", "action_record")]


async def test_the_holder_writes_and_its_predecessor_does_not(pool: Pool) -> None:
    first, second = engine(pool, "a"), engine(pool, "b")
    await first.renew()
    old = await first.claim([7, 8])
    await first.release([7, 8])
    await second.renew()
    new = await second.claim([7, 8])

    async with pool.acquire() as connection:
        with pytest.raises(LeaseLost):
            await flush(connection, {7: old[7]}, rows())
        with pytest.raises(LeaseLost):
            # One that is lost is enough.
            await flush(connection, {7: new[7], 8: old[8]}, rows())
        assert await counts(pool) == [0, 0, 0]
        await flush(connection, new, rows())

    assert await counts(pool) == [1, 1, 1]


async def test_a_refused_row_takes_all_others_with_it(pool: Pool) -> None:
    held = engine(pool, "a")
    await held.renew()
    epochs = await held.claim([7])
    spoilt = rows()
    spoilt.timer = [("no uuid", "retry", 1, str(uuid4()), 7, 1)]

    async with pool.acquire() as connection:
        with pytest.raises(asyncpg.PostgresError):
            await flush(connection, epochs, spoilt)
        spoilt.timer, spoilt.notice = [], [(str(uuid4()), "E", "{", "{}")]
        with pytest.raises(asyncpg.PostgresError):
            await flush(connection, epochs, spoilt)

    assert await counts(pool) == [0, 0, 0]


async def test_a_lease_cannot_move_while_its_holder_writes(pool: Pool) -> None:
    held = engine(pool, "a")
    await held.renew()
    epochs = await held.claim([7])
    async with pool.acquire() as writer:
        transaction = writer.transaction()
        await transaction.start()
        await flush(writer, epochs, rows())
        releasing = asyncio.create_task(held.release([7]))
        await asyncio.sleep(0.1)
        assert not releasing.done()
        await transaction.commit()
    await releasing
    assert await counts(pool) == [1, 1, 1]


async def test_only_free_partitions_can_be_claimed(pool: Pool) -> None:
    living, dying = engine(pool, "a"), engine(pool, "b", ttl_seconds=0.3)
    await living.renew()
    await dying.renew()
    await living.claim([1])
    mine = await dying.claim([2])

    assert await living.claim([2]) == {}
    assert dict(await leases.engines(pool)) == {"a": "a:1", "b": "b:1"}
    await asyncio.sleep(0.4)

    assert set(await leases.engines(pool)) == {"a"}
    assert await living.claim([2]) == {2: mine[2] + 1}
    # What came too late to renew neither has it nor takes it from a living one.
    await dying.renew()
    assert await dying.claim([2]) == {}


async def test_a_new_start_of_the_same_name_takes_over_at_once(pool: Pool) -> None:
    before, after = engine(pool, "a"), engine(pool, "a")
    await before.renew()
    old = await before.claim(range(PARTITIONS))
    await after.renew()
    new = await after.claim(range(PARTITIONS))
    assert new == {partition: epoch + 1 for partition, epoch in old.items()}
    # The old one's farewell, late, does not touch the new one.
    await before.release(list(old))
    await before.leave()
    table = await leases.table(pool)
    assert {(lease.owner, lease.epoch - old[lease.partition]) for lease in table} == {("a", 1)}
    assert set(await leases.engines(pool)) == {"a"}


async def test_deleting_is_fenced_too(pool: Pool) -> None:
    held = engine(pool, "a")
    await held.renew()
    epochs = await held.claim([7])
    written: Any = rows()
    async with pool.acquire() as connection:
        await flush(connection, epochs, written)
    identity = written.started[0][0]

    with pytest.raises(LeaseLost):
        await delete(pool, [identity], {7: epochs[7] + 1})
    assert await counts(pool) == [1, 1, 1]
    await delete(pool, [identity], epochs)
    assert await counts(pool) == [0, 0, 0]
