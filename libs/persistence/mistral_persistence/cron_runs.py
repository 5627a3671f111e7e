"""Runs of cron triggers as schedulers see them: which are due, waiting, to be started, open, and over.

What is decided is stored before it is done. A trigger and the runs that its turn made are one transaction; a run is
started afterwards, under its request id, by whichever scheduler comes first.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from mistral_persistence.database import Connection, Pool

AT_WORK: Final = "(SELECT status FROM maintenance) = 'RUNNING'"
"""Condition that the mesh is not in maintenance."""

# Whose runs are still to be started is left alone: while no engine answers nothing piles up. They are counted, since a
# join would be planned while there are none and made when there are many.
_DUE = f"""
SELECT c.id::text, c.name, c.pattern, c.patterns, c.timezone, c.first_execution_time, c.start_at, c.end_at, c.jitter,
       c.overlap, c.catchup_window, coalesce(c.due_at, c.next_execution_time), c.remaining_executions
  FROM cron_trigger c
 WHERE c.next_execution_time <= now() AND {AT_WORK}
   AND 0 = (SELECT count(*) FROM cron_run r WHERE r.trigger_id = c.id AND r.state = 'STARTING')
 ORDER BY c.next_execution_time, c.id LIMIT $1
   FOR UPDATE OF c SKIP LOCKED
"""
_NEXT = "SELECT extract(epoch FROM min(next_execution_time) - now())::float8 FROM cron_trigger"
_OVER = """
UPDATE cron_run r SET state = 'OVER', updated_at = now()
 WHERE r.trigger_id = ANY($1::uuid[]) AND r.state = 'OPEN'
   AND NOT EXISTS (SELECT FROM execution e WHERE e.id = r.execution_id AND e.finished_at IS NULL)
"""
_AHEAD = """
SELECT trigger_id::text, id::text, state FROM cron_run
 WHERE trigger_id = ANY($1::uuid[]) AND state IN ('WAITING', 'STARTING', 'OPEN') ORDER BY due_at, created_at
"""
_ADD = """
INSERT INTO cron_run (id, trigger_id, request_id, kind, due_at, overlap, state, reason)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[],
                     $8::text[])
ON CONFLICT (trigger_id, request_id) DO UPDATE
   SET state = excluded.state, reason = excluded.reason, kind = excluded.kind, overlap = excluded.overlap,
       updated_at = now()
 WHERE cron_run.state IN ('SKIPPED', 'FAILED')
RETURNING id::text
"""
_SKIP = "UPDATE cron_run SET state = 'SKIPPED', reason = $2, updated_at = now() WHERE id = ANY($1::uuid[])"
_MOVE = """
UPDATE cron_trigger c
   SET next_execution_time = t.next_time, due_at = t.due_at, remaining_executions = c.remaining_executions - t.used,
       fired = c.fired + t.fired, missed = c.missed + t.missed, skipped = c.skipped + t.skipped,
       last_execution_time = coalesce(t.last_time, c.last_execution_time),
       last_miss_at = CASE WHEN t.reason = '' THEN c.last_miss_at ELSE now() END,
       last_miss_reason = CASE WHEN t.reason = '' THEN c.last_miss_reason ELSE t.reason END,
       status = CASE WHEN t.ended = '' THEN c.status ELSE 'ENDED' END,
       status_note = CASE WHEN t.ended = '' THEN c.status_note ELSE t.ended END,
       updated_at = now()
  FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::integer[], $5::bigint[], $6::bigint[], $7::bigint[],
              $8::timestamptz[], $9::text[], $10::text[])
       AS t (id, next_time, due_at, used, fired, missed, skipped, last_time, reason, ended)
 WHERE c.id = t.id
"""
# The turn of a waiting run has come when nothing of its trigger is open or about to be.
_FREE = f"""
SELECT c.id::text FROM cron_trigger c
 WHERE c.id IN (
    SELECT w.trigger_id FROM cron_run w
     WHERE w.state = 'WAITING' AND NOT EXISTS (
        SELECT FROM cron_run o LEFT JOIN execution e ON e.id = o.execution_id
         WHERE o.trigger_id = w.trigger_id
           AND (o.state = 'STARTING' OR (o.state = 'OPEN' AND e.id IS NOT NULL AND e.finished_at IS NULL))))
   AND {AT_WORK}
 ORDER BY c.id LIMIT $1
   FOR UPDATE OF c SKIP LOCKED
"""
_PROMOTE = """
WITH promoted AS (
    UPDATE cron_run SET state = 'STARTING', updated_at = now() WHERE id = ANY($1::uuid[]) AND state = 'WAITING'
    RETURNING trigger_id, due_at)
UPDATE cron_trigger c SET fired = c.fired + 1, last_execution_time = p.due_at
  FROM promoted p WHERE c.id = p.trigger_id
"""


class DueTrigger(Struct, frozen=True):
    """A trigger whose time has come; ``remaining`` is None if it goes on for ever, ``window`` is in seconds."""

    id: str
    name: str
    pattern: str
    patterns: list[str]
    timezone: str
    first: datetime | None
    start_at: datetime | None
    end_at: datetime | None
    jitter: int
    overlap: str
    window: int | None
    due_at: datetime
    remaining: int | None


class NewRun(Struct, frozen=True, kw_only=True):
    """A run as it is stored first."""

    id: str
    trigger_id: str
    request_id: str
    kind: str
    due_at: datetime
    overlap: str
    state: str
    reason: str = ""


class Move(Struct, frozen=True, kw_only=True):
    """How a trigger goes on after its turn.

    Attributes:
        next_time: When it starts something again; None if it has ended.
        due_at: That time without jitter; None if it is the same.
        used: How many of its remaining executions are used up; 0 if it has no such count.
        reason: Why due times were not run; empty if all were.
        ended: Why it has ended; empty if it has not.
    """

    id: str
    next_time: datetime | None
    due_at: datetime | None
    used: int
    fired: int
    missed: int
    skipped: int
    last_time: datetime | None
    reason: str = ""
    ended: str = ""


class Ahead(Struct, frozen=True):
    """What a trigger has ahead of a new run: whether one is open or about to be, and the ids of those that wait."""

    busy: bool = False
    waiting: tuple[str, ...] = ()


async def next_due_in(pool: Pool) -> float | None:
    """Return the seconds until the first trigger is due, negative when it is; None if there is no trigger."""
    seconds: float | None = await pool.fetchval(_NEXT)
    return seconds


async def due(connection: Connection, *, limit: int) -> list[DueTrigger]:
    """Lock and return triggers whose time has come; those that another scheduler has locked are left out.

    There are none while the mesh is in maintenance: what became due meanwhile has its turn once it is over.
    """
    return [DueTrigger(*row) for row in await connection.fetch(_DUE, limit)]


async def ahead(connection: Connection, trigger_ids: Sequence[str]) -> dict[str, Ahead]:
    """Note which open runs of triggers are over, and return what each of these has ahead of a new run.

    The caller has the triggers locked.
    """
    if not trigger_ids:
        return {}
    await connection.execute(_OVER, trigger_ids)
    found: dict[str, Ahead] = {}
    for trigger_id, run_id, state in await connection.fetch(_AHEAD, trigger_ids):
        known = found.get(trigger_id, Ahead())
        waits = state == "WAITING"
        found[trigger_id] = Ahead(known.busy or not waits, (*known.waiting, run_id) if waits else known.waiting)
    return found


async def add(connection: Connection, runs: Sequence[NewRun]) -> int:
    """Store runs and return how many; one whose request id has been run or is about to be is left as it is."""
    if not runs:
        return 0
    columns = [[getattr(run, name) for run in runs] for name in NewRun.__struct_fields__]
    return len(await connection.fetch(_ADD, *columns))


async def skip(connection: Connection, run_ids: Sequence[str], reason: str) -> None:
    """Note that runs which waited are left out."""
    if run_ids:
        await connection.execute(_SKIP, run_ids, reason)


async def move(connection: Connection, moves: Sequence[Move]) -> None:
    """Let triggers go on after their turns."""
    if moves:
        await connection.execute(_MOVE, *([getattr(one, name) for one in moves] for name in Move.__struct_fields__))


async def free(connection: Connection, *, limit: int) -> list[str]:
    """Lock and return triggers of which a run waits and none is open."""
    return [row[0] for row in await connection.fetch(_FREE, limit)]


async def promote(connection: Connection, run_ids: Sequence[str]) -> None:
    """Have runs that waited started."""
    await connection.execute(_PROMOTE, run_ids)
