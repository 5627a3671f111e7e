"""Temporary workers: a row for each, made before it is started, so that none is ever forgotten."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

import asyncpg
from msgspec import Struct

from mistral_persistence.database import Connection, Pool

Row: TypeAlias = asyncpg.Record

_COLUMNS = "w.id::text AS id, w.execution_id, w.driver, w.state, w.handle, w.reason, w.created_at, w.ended_at"
_LISTED = f"""
SELECT {_COLUMNS} FROM fleet_worker w
 WHERE w.fleet_id = $1::uuid AND ($2 = '' OR w.execution_id = $2) AND ($3 OR w.state <> 'ENDED')
 ORDER BY w.created_at DESC, w.id LIMIT 1000
"""
# The workers of a fleet that is gone have no template, and are ended.
_ALIVE = f"""
SELECT {_COLUMNS}, w.fleet_id::text AS fleet_id, f.idle_seconds
  FROM fleet_worker w LEFT JOIN fleet f ON f.id = w.fleet_id
 WHERE w.state <> 'ENDED' ORDER BY w.created_at, w.id
"""
_ADD = """
INSERT INTO fleet_worker (id, fleet_id, execution_id, driver)
SELECT unnest($1::uuid[]), $2::uuid, $3, $4
"""
_STARTED = "UPDATE fleet_worker SET state = 'RUNNING', handle = $2 WHERE id = $1::uuid AND state = 'STARTING'"
_STOPPING = "UPDATE fleet_worker SET state = 'STOPPING', reason = $2 WHERE id = $1::uuid AND state <> 'ENDED'"
_ENDED = """
UPDATE fleet_worker SET state = 'ENDED', ended_at = now(), reason = CASE WHEN $2 = '' THEN reason ELSE $2 END
 WHERE id = $1::uuid AND state <> 'ENDED'
"""
_FAILURES = """
SELECT fleet_id::text || '/' || execution_id AS key, count(*) AS failures, max(ended_at) AS last
  FROM fleet_worker WHERE state = 'ENDED' AND reason <> '' AND ended_at > $1
 GROUP BY 1
"""
_FORGET = """
DELETE FROM fleet_worker WHERE id IN (
    SELECT id FROM fleet_worker WHERE state = 'ENDED' AND ended_at < $1 LIMIT $2)
"""
_FLEETS = """
SELECT wanted.key, f.id::text AS id, f.name, f.project_id, f.driver, f.template, f.most_workers, f.slots, f.idle_seconds
  FROM unnest($1::text[], $2::text[], $3::text[]) AS wanted (key, project, name)
 CROSS JOIN LATERAL (
       SELECT * FROM fleet
        WHERE name = wanted.name AND (project_id = wanted.project OR scope = 'public')
        ORDER BY (project_id = wanted.project) DESC, created_at LIMIT 1) AS f
"""


class FleetRow(Struct, frozen=True, kw_only=True):
    """A fleet as whoever starts its workers needs it."""

    id: str
    name: str
    project: str
    driver: str
    template: str
    most_workers: int
    slots: int
    idle_seconds: int


async def listed(source: Pool | Connection, fleet_id: str, *, execution_id: str, ended: bool) -> list[Row]:
    """Return the workers of a fleet, newest first, at most 1000.

    Args:
        execution_id: Only those of this root execution; empty for all.
        ended: Whether those that have ended are among them.
    """
    return await source.fetch(_LISTED, fleet_id, execution_id, ended)


async def alive(pool: Pool) -> list[Row]:
    """Return all that have not ended, oldest first; ``idle_seconds`` is None when their fleet is gone."""
    return await pool.fetch(_ALIVE)


async def fleets_of(pool: Pool, wanted: Sequence[tuple[str, str, str]]) -> dict[str, FleetRow]:
    """Return fleets as projects see them, by key, of (key, project, name); those that nobody sees are missing."""
    found = await pool.fetch(_FLEETS, *([each[i] for each in wanted] for i in range(3)))
    return {
        row["key"]: FleetRow(
            id=row["id"],
            name=row["name"],
            project=row["project_id"],
            driver=row["driver"],
            template=row["template"],
            most_workers=row["most_workers"],
            slots=row["slots"],
            idle_seconds=row["idle_seconds"],
        )
        for row in found
    }


async def add(pool: Pool, ids: Sequence[str], *, fleet_id: str, execution_id: str, driver: str) -> None:
    """Take down that these are about to be started."""
    await pool.execute(_ADD, ids, fleet_id, execution_id, driver)


async def started(pool: Pool, worker_id: str, handle: str) -> None:
    """Take down what the driver calls it."""
    await pool.execute(_STARTED, worker_id, handle)


async def stopping(pool: Pool, worker_id: str, reason: str) -> None:
    """Take down that it was asked to leave, and why."""
    await pool.execute(_STOPPING, worker_id, reason)


async def ended(pool: Pool, worker_id: str, reason: str) -> None:
    """Take down that it has ended; an empty reason keeps the one that there is."""
    await pool.execute(_ENDED, worker_id, reason)


async def failures(pool: Pool, since: datetime) -> dict[str, tuple[int, datetime]]:
    """Return how many ended with a reason since then, and when the last did, by ``<fleet id>/<execution id>``."""
    rows = await pool.fetch(_FAILURES, since)
    return {row["key"]: (row["failures"], row["last"]) for row in rows}


async def forget(pool: Pool, *, before: datetime, limit: int) -> int:
    """Remove those that ended before a moment; returns how many."""
    return int((await pool.execute(_FORGET, before, limit)).split()[-1])
