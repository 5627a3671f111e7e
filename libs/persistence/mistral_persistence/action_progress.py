"""How far runs of actions in workers are: the last that each told, with the last lines that it wrote."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import asyncpg
import msgspec
from msgspec import Struct

from mistral_persistence.database import Connection, Pool

Row: TypeAlias = asyncpg.Record

MOST_LINES = 1000
"""Lines kept of a run."""
MOST_LINE_BYTES = 256 * 1024
"""Bytes kept of the lines of a run, without what surrounds them."""


class Line(Struct, frozen=True):
    """A line that a run wrote; ``at`` is ISO 8601, ``level`` such as ``INFO``."""

    at: str
    level: str
    message: str


class Progress(Struct, frozen=True, kw_only=True):
    """What a run tells; None leaves what is known as it was. ``details`` is JSON text."""

    action_id: str
    attempt: int
    worker: str = ""
    percent: float | None = None
    details: str | None = None
    lines: tuple[Line, ...] = ()


_LIVE = """
SELECT a.id::text AS id, a.execution_id::text AS execution_id, a.task_id::text AS task_id,
       coalesce((a.body ->> 'index')::integer, 0) AS index, p.attempt, p.percent, p.details, p.lines
  FROM action_record a LEFT JOIN action_progress p ON p.action_id = a.id
 WHERE a.id = ANY($1::uuid[]) AND a.state IN ('RUNNING', 'PAUSED')
"""
_WRITE = """
INSERT INTO action_progress (action_id, execution_id, task_id, index, attempt, percent, details, lines, worker)
VALUES ($1::uuid, $2::uuid, $3::uuid, $4, $5, $6, $7::json, $8::jsonb, $9)
ON CONFLICT (action_id) DO UPDATE
   SET attempt = $5, percent = $6, details = $7::json, lines = $8::jsonb, worker = $9, updated_at = now()
"""
# The run itself, or else the newest one before it of the same item of the task.
_DETAILS = """
SELECT p.details FROM action_record a
  JOIN action_progress p ON p.execution_id = a.execution_id AND p.task_id = a.task_id
   AND p.index = coalesce((a.body ->> 'index')::integer, 0)
 WHERE a.id = $1::uuid AND p.details IS NOT NULL
 ORDER BY p.action_id = a.id DESC, p.updated_at DESC LIMIT 1
"""
_TOLD = """
SELECT a.body ->> 'worker' AS ended_by, p.attempt, p.percent, p.details, p.lines, p.worker, p.updated_at
  FROM action_record a LEFT JOIN action_progress p ON p.action_id = a.id WHERE a.id = $1::uuid
"""

_lines = msgspec.json.Decoder(list[Line])


async def record(pool: Pool, told: Iterable[Progress]) -> list[str]:
    """Take down what runs tell; return the ids of those of which it was: the others have ended or are unknown."""
    # In one order, so that two writers never wait for each other.
    wanted = {each.action_id: each for each in sorted(told, key=lambda each: each.action_id)}
    async with pool.acquire() as connection, connection.transaction():
        rows = {row["id"]: row for row in await connection.fetch(_LIVE, list(wanted))}
        news = [_row(rows[i], each) for i, each in wanted.items() if _counts(rows.get(i), each)]
        await connection.executemany(_WRITE, news)
    return [row[0] for row in news]


async def details(source: Pool | Connection, action_id: str) -> str | None:
    """Return what the run, or the one before it of the same item, told last for who goes on with it."""
    return await source.fetchval(_DETAILS, action_id)  # type: ignore[no-any-return]


async def told(source: Pool | Connection, action_id: str) -> Row | None:
    """Return which worker ended a run, and what it told; ``attempt`` is NULL if it told nothing."""
    return await source.fetchrow(_TOLD, action_id)


def lines_of(row: Row) -> list[Line]:
    """Return the lines of a run that told something."""
    return _lines.decode(row["lines"])


def _counts(row: Row | None, told: Progress) -> bool:
    return row is not None and (row["attempt"] is None or row["attempt"] <= told.attempt)


def _row(row: Row, told: Progress) -> tuple[Any, ...]:
    same = row["attempt"] == told.attempt
    percent = row["percent"] if told.percent is None and same else told.percent
    details = row["details"] if told.details is None else told.details
    known = _lines.decode(row["lines"]) if row["lines"] else []
    lines = msgspec.json.encode(bounded([*known, *told.lines])).decode()
    place = (told.action_id, row["execution_id"], row["task_id"], row["index"])
    return (*place, told.attempt, percent, details, lines, told.worker)


def bounded(lines: Sequence[Line]) -> Sequence[Line]:
    """Return the last lines that may be kept."""
    size, first = 0, len(lines)
    while first > max(0, len(lines) - MOST_LINES):
        size += len(lines[first - 1].message.encode())
        if size > MOST_LINE_BYTES:
            break
        first -= 1
    return lines[first:]
