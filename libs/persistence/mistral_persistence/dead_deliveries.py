"""Deliveries that were given up: listed, tried anew, removed. What is pending is ``notifications``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import asyncpg

from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Column, Kind, Listing, Page, Statement, page_statement
from mistral_persistence.literals import as_uuid

Row: TypeAlias = asyncpg.Record

DEAD_LETTERS = Listing(
    # Outside they are known by another id than inside.
    source="(SELECT uid AS id, project_id, subscription_id, publisher, destination, event, execution_id, payload,"
    " attempts, error, created_at, given_up_at FROM notification WHERE given_up_at IS NOT NULL) d",
    columns={
        "id": Column(sql="d.id", kind=Kind.UUID),
        "project_id": Column(sql="d.project_id"),
        "subscription_id": Column(sql="d.subscription_id", kind=Kind.UUID, nullable=True),
        "publisher": Column(sql="coalesce(d.publisher ->> 'type', '')"),
        "destination": Column(sql="d.destination"),
        "event": Column(sql="d.event"),
        "execution_id": Column(sql="d.execution_id", kind=Kind.UUID),
        "payload": Column(sql="d.payload", kind=Kind.JSON),
        "attempts": Column(sql="d.attempts", kind=Kind.NUMBER),
        "error": Column(sql="coalesce(d.error, '')"),
        "created_at": Column(sql="d.created_at", kind=Kind.TIME),
        "given_up_at": Column(sql="d.given_up_at", kind=Kind.TIME),
    },
)

ALL_COLUMNS: Sequence[str] = tuple(DEAD_LETTERS.columns)

_DEAD = """
SELECT id, execution_id, event, coalesce(publisher->>'type', '') AS publisher, attempts, coalesce(error, '') AS error,
       given_up_at
  FROM notification
 WHERE given_up_at IS NOT NULL AND ($2::timestamptz IS NULL OR (given_up_at, id) < ($2, $3::bigint))
 ORDER BY given_up_at DESC, id DESC
 LIMIT $1
"""
# Those of a subscription that is switched off wait until it is on again.
_ANEW = """
UPDATE notification n
   SET given_up_at = NULL, attempts = 0, error = NULL, claimed_until = '-infinity',
       next_attempt_at = CASE WHEN EXISTS (SELECT FROM subscription s WHERE s.id = n.subscription_id AND NOT s.enabled)
                              THEN 'infinity' ELSE now() END
 WHERE n.given_up_at IS NOT NULL
"""
_REPLAY = _ANEW + "   AND ($1::bigint[] IS NULL OR n.id = ANY($1))"
_CHOSEN = """
   AND ($1::text IS NULL OR n.project_id = $1)
   AND ($2::uuid[] IS NULL OR n.uid = ANY($2))
   AND ($3::uuid IS NULL OR n.subscription_id = $3)
"""
_BY_ID = f"{DEAD_LETTERS.select(ALL_COLUMNS)} WHERE d.id = $1::uuid AND ($2::text IS NULL OR d.project_id = $2)"
_DELETE = "DELETE FROM notification n WHERE n.given_up_at IS NOT NULL" + _CHOSEN


@dataclass(frozen=True, slots=True)
class DeadRow:
    """A delivery that was given up."""

    id: int
    execution_id: UUID
    event: str
    publisher: str
    attempts: int
    error: str
    given_up_at: datetime


async def dead_deliveries(pool: Pool, *, limit: int, before: tuple[datetime, int] | None = None) -> list[DeadRow]:
    """Return given-up deliveries, newest first, past the given ``(given_up_at, id)``."""
    moment, last = before or (None, None)
    return [DeadRow(*row) for row in await pool.fetch(_DEAD, limit, moment, last)]


async def replay_deliveries(pool: Pool, ids: Sequence[int] | None) -> int:
    """Have given-up deliveries, or all of them, tried anew; return how many."""
    return _affected(await pool.execute(_REPLAY, ids))


async def find(source: Pool | Connection, project: str | None, letter_id: str) -> Row | None:
    """Return a given-up delivery of a project, or of any if it is None."""
    return await source.fetchrow(_BY_ID, letter_id, project) if as_uuid(letter_id) else None


async def page(source: Pool | Connection, wanted: Page, *, project: str | None) -> list[Row]:
    """Return a page of what was given up in a project, or in all if it is None.

    Raises:
        InvalidInput: If a column is unknown or a value does not fit it.
    """
    sql, arguments = page_statement(DEAD_LETTERS, wanted, Statement(), project=project)
    return await source.fetch(sql, *arguments)


async def replay(
    connection: Connection, project: str | None, ids: Sequence[str] | None, subscription_id: str | None
) -> int:
    """Have deliveries tried anew, as if they had never been; None restricts nothing; return how many."""
    return _affected(await connection.execute(_ANEW + _CHOSEN, project, ids, subscription_id))


async def delete(
    connection: Connection, project: str | None, ids: Sequence[str] | None, subscription_id: str | None
) -> int:
    """Forget given-up deliveries; None restricts nothing; return how many."""
    return _affected(await connection.execute(_DELETE, project, ids, subscription_id))


def _affected(status: str) -> int:
    return int(status.rpartition(" ")[2])
