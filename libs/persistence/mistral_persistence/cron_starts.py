"""Runs of cron triggers on their way to the engine: what is to be started, was started, or stands in the way."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from mistral_persistence.cron_runs import AT_WORK
from mistral_persistence.database import Connection, Pool

_TO_START = f"""
SELECT r.id::text, r.request_id, r.kind, r.due_at, c.id::text, c.project_id, c.name, c.workflow_id::text,
       c.workflow_namespace, c.workflow_input, c.workflow_params
  FROM cron_run r JOIN cron_trigger c ON c.id = r.trigger_id
 WHERE r.state = 'STARTING' AND {AT_WORK}
 ORDER BY r.created_at, r.due_at LIMIT $1
   FOR UPDATE OF r SKIP LOCKED
"""
_STARTED = """
UPDATE cron_run r SET state = 'OPEN', execution_id = t.execution_id, updated_at = now()
  FROM unnest($1::uuid[], $2::uuid[]) AS t (id, execution_id) WHERE r.id = t.id
"""
_FAILED = """
WITH refused AS (
    UPDATE cron_run r SET state = 'FAILED', reason = t.reason, updated_at = now()
      FROM unnest($1::uuid[], $2::text[]) AS t (id, reason) WHERE r.id = t.id
    RETURNING r.trigger_id, r.reason)
UPDATE cron_trigger c
   SET failed = c.failed + f.runs, fired = c.fired - f.runs, last_miss_at = now(), last_miss_reason = f.reason
  FROM (SELECT trigger_id, count(*) AS runs, max(reason) AS reason FROM refused GROUP BY trigger_id) f
 WHERE c.id = f.trigger_id
"""
_USED_UP = """
DELETE FROM cron_trigger c
 WHERE c.id = ANY($1::uuid[]) AND c.remaining_executions = 0 AND c.declared_as IS NULL
   AND NOT EXISTS (SELECT FROM cron_run r WHERE r.trigger_id = c.id AND r.state IN ('STARTING', 'WAITING'))
"""
_IN_THE_WAY = f"""
SELECT DISTINCT o.execution_id::text, w.overlap
  FROM cron_run w
  JOIN cron_run o ON o.trigger_id = w.trigger_id AND o.state = 'OPEN'
  JOIN execution e ON e.id = o.execution_id AND e.finished_at IS NULL
 WHERE w.state = 'WAITING' AND w.overlap IN ('cancel_other', 'terminate_other') AND {AT_WORK}
 LIMIT $1
"""
_OLD = """
DELETE FROM cron_run WHERE id IN (
    SELECT r.id FROM (
        SELECT id, execution_id, state, row_number() OVER (PARTITION BY trigger_id ORDER BY created_at DESC) AS place
          FROM cron_run WHERE state IN ('OPEN', 'OVER', 'SKIPPED', 'FAILED')) r
     WHERE r.place > $1 AND (r.state <> 'OPEN' OR NOT EXISTS (
        SELECT FROM execution e WHERE e.id = r.execution_id AND e.finished_at IS NULL))
     LIMIT $2)
"""


class RunToStart(Struct, frozen=True):
    """A run and what is started for it; input and params are JSON objects as text."""

    id: str
    request_id: str
    kind: str
    due_at: datetime
    trigger_id: str
    project: str
    name: str
    workflow_id: str
    namespace: str
    input: str
    params: str


async def to_start(connection: Connection, *, limit: int) -> list[RunToStart]:
    """Lock and return runs that are to be started, oldest first; none while the mesh is in maintenance."""
    return [RunToStart(*row) for row in await connection.fetch(_TO_START, limit)]


async def started(connection: Connection, executions: Sequence[tuple[str, str]]) -> None:
    """Note the executions of runs: pairs of ids."""
    if executions:
        await connection.execute(_STARTED, *map(list, zip(*executions, strict=True)))


async def failed(connection: Connection, reasons: Sequence[tuple[str, str]]) -> None:
    """Note that runs could not be started: pairs of id and reason."""
    if reasons:
        await connection.execute(_FAILED, *map(list, zip(*reasons, strict=True)))


async def remove_used_up(connection: Connection, trigger_ids: Sequence[str]) -> None:
    """Remove those of the triggers that have fired as often as they were to, once all of that is started."""
    await connection.execute(_USED_UP, trigger_ids)


async def in_the_way(pool: Pool, *, limit: int) -> list[tuple[str, str]]:
    """Return open executions that a waiting run is to end, and by which way of overlapping."""
    return [(row[0], row[1]) for row in await pool.fetch(_IN_THE_WAY, limit)]


async def drop_old(pool: Pool, *, kept: int, limit: int) -> int:
    """Remove all but the newest runs of each trigger, except what is open, and return how many."""
    status: str = await pool.execute(_OLD, kept, limit)
    return int(status.rpartition(" ")[2])
