"""Maintenance: whether the mesh works or stands still, and which executions were paused for that.

Nothing here talks to an engine; whoever brings the mesh to a standstill asks here what is left to do.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from mistral_persistence.database import Connection, Pool
from mistral_persistence.standalone import SHOWN

MARK: Final = "Paused for maintenance"
"""The ``state_info`` of what maintenance has paused; without it an execution was paused by somebody else."""

_LOCK: Final = 7_361_990_115_043

_RUNNING_EXECUTION = f"SELECT FROM execution e WHERE e.finished_at IS NULL AND e.state = 'RUNNING' AND {SHOWN}"
_RUNNING_TASK = """
SELECT FROM execution e JOIN task_record t ON t.execution_id = e.id WHERE e.finished_at IS NULL AND t.state = 'RUNNING'
"""
_STANDING = f"""
SELECT status, changed_at, (SELECT count(*) FROM maintenance_pause) AS paused,
       CASE WHEN status = 'PAUSING' THEN
            (SELECT count(*) FROM (({_RUNNING_EXECUTION} LIMIT 500) UNION ALL ({_RUNNING_TASK} LIMIT 500)) AS live)
       ELSE 0 END AS running
  FROM maintenance
"""
_BEGIN = "UPDATE maintenance SET status = 'PAUSING', changed_at = now() WHERE status = 'RUNNING'"
_END = "UPDATE maintenance SET status = 'RUNNING', changed_at = now() WHERE status <> 'RUNNING'"
_WORK = "SELECT status, EXISTS (SELECT FROM maintenance_pause) AS paused FROM maintenance"
# Those below are paused with their roots; what is left of them then is looked for without the condition.
_RUNNING = f"""
SELECT e.id::text FROM execution e
 WHERE e.finished_at IS NULL AND e.state = 'RUNNING' AND {SHOWN} AND NOT e.id = ANY ($2::uuid[]) %s
 ORDER BY e.partition, e.created_at, e.id LIMIT $1
"""
_RUNNING_ROOTS = _RUNNING % "AND e.parent_id IS NULL"
_RUNNING_ANY = _RUNNING % ""
_REMEMBER = "INSERT INTO maintenance_pause (execution_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING"
_REMEMBERED = f"""
SELECT m.execution_id::text AS id,
       coalesce(e.state = 'RUNNING' OR e.state = 'PAUSED' AND e.state_info = '{MARK}', false) AS ours
  FROM maintenance_pause m LEFT JOIN execution e ON e.id = m.execution_id
 WHERE NOT m.execution_id = ANY ($2::uuid[]) LIMIT $1
"""
_FORGET = "DELETE FROM maintenance_pause WHERE execution_id = ANY ($1::uuid[])"
# Runs of single actions are not paused, but waited for.
_STILL = f"""
UPDATE maintenance SET status = 'PAUSED', changed_at = now()
 WHERE status = 'PAUSING'
   AND NOT EXISTS ({_RUNNING_EXECUTION}) AND NOT EXISTS ({_RUNNING_TASK})
RETURNING true
"""


class Status(StrEnum):
    """What the mesh does."""

    RUNNING = "RUNNING"
    """It works."""
    PAUSING = "PAUSING"
    """Nothing new begins; what runs comes to its end."""
    PAUSED = "PAUSED"
    """Nothing runs."""


class Standing(Struct, frozen=True):
    """How the mesh stands.

    Attributes:
        since: Since when it has that status.
        paused: How many executions maintenance has paused that do not go on yet.
        running: How many executions and tasks it waits for, up to 1,000.
    """

    status: Status
    since: datetime
    paused: int
    running: int


class Work(Struct, frozen=True):
    """What there is to do: by the status, and whether anything that was paused is remembered."""

    status: Status
    paused: bool


class Remembered(Struct, frozen=True):
    """An execution that maintenance paused; ``ours`` tells whether it still is as that left it."""

    id: str
    ours: bool


async def standing(source: Pool | Connection) -> Standing:
    """Return how the mesh stands."""
    row = await source.fetchrow(_STANDING)
    assert row is not None
    return Standing(Status(row["status"]), row["changed_at"], row["paused"], row["running"])


async def begin(connection: Connection) -> None:
    """Let nothing new begin; while it is so already, nothing changes."""
    await connection.execute(_BEGIN)


async def end(connection: Connection) -> None:
    """Let the mesh work again."""
    await connection.execute(_END)


async def work(source: Pool | Connection) -> Work:
    """Return what there is to do."""
    row = await source.fetchrow(_WORK)
    assert row is not None
    return Work(Status(row["status"]), row["paused"])


async def claim(connection: Connection) -> bool:
    """Become the one who does the work, until the transaction ends; false if somebody else is."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _LOCK))


async def to_pause(pool: Pool, *, limit: int, without: Collection[str]) -> list[str]:
    """Return ids of running executions: of roots as long as there are some, and then of those below."""
    for sql in (_RUNNING_ROOTS, _RUNNING_ANY):
        if rows := await pool.fetch(sql, limit, list(without)):
            return [row["id"] for row in rows]
    return []


async def remember(pool: Pool, ids: Sequence[str]) -> None:
    """Note that maintenance pauses these; before it does, so that a crash in between forgets none."""
    await pool.execute(_REMEMBER, ids)


async def remembered(pool: Pool, *, limit: int, without: Collection[str]) -> list[Remembered]:
    """Return some of those that maintenance paused."""
    return [Remembered(*row) for row in await pool.fetch(_REMEMBERED, limit, list(without))]


async def forget(pool: Pool, ids: Sequence[str]) -> None:
    """Note that these go on, or never will."""
    await pool.execute(_FORGET, ids)


async def note_standstill(pool: Pool) -> bool:
    """Become PAUSED if nothing runs any more; return whether that is so."""
    return bool(await pool.fetchval(_STILL))
