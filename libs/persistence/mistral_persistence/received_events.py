"""Events that were taken: stored once each, listed, and forgotten in time; ``event_reactions`` acts on them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

import asyncpg
from msgspec import Struct

from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Column, Kind, Listing, Page, Statement, page_statement
from mistral_persistence.literals import as_uuid

Row: TypeAlias = asyncpg.Record

EVENTS = Listing(
    source="received_event r",
    columns={
        "id": Column(sql="r.id", kind=Kind.UUID),
        "source": Column(sql="r.source"),
        "event_id": Column(sql="r.event_id"),
        "project_id": Column(sql="r.project_id"),
        "scope": Column(sql="r.scope"),
        "exchange": Column(sql="r.exchange"),
        "topic": Column(sql="r.topic"),
        "event": Column(sql="r.event"),
        "publisher": Column(sql="r.publisher"),
        "user_id": Column(sql="r.user_id"),
        "happened_at": Column(sql="r.happened_at"),
        "payload": Column(sql="r.payload", kind=Kind.JSON),
        "cause_id": Column(sql="r.cause_id", kind=Kind.UUID, nullable=True),
        "depth": Column(sql="r.depth", kind=Kind.NUMBER),
        "state": Column(sql="r.state"),
        "fired": Column(sql="r.fired", kind=Kind.NUMBER),
        "duplicates": Column(sql="r.duplicates", kind=Kind.NUMBER),
        "created_at": Column(sql="r.created_at", kind=Kind.TIME),
        "updated_at": Column(sql="r.updated_at", kind=Kind.TIME, nullable=True),
    },
)

ALL_COLUMNS: Sequence[str] = tuple(EVENTS.columns)

LEAST_KEPT_SECONDS: Final = 600
"""However many events there are, the second one of the same is known for at least so long."""

# A repeat of one that is there changes its count alone.
_STORE = """
INSERT INTO received_event (id, source_id, source, event_id, project_id, scope, exchange, topic, event, publisher,
                            user_id, happened_at, payload, depth, cause_id)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                     $9::text[], $10::text[], $11::text[], $12::text[], $13::json[], $14::smallint[], $15::uuid[])
    ON CONFLICT (id) DO UPDATE SET duplicates = received_event.duplicates + 1, last_duplicate_at = now()
RETURNING id::text, duplicates = 0 AS fresh
"""
_ONE = f"{EVENTS.select(ALL_COLUMNS)} WHERE r.id = $2::uuid AND "
_VERDICTS = """
SELECT trigger_id::text, kind, name, project_id, verdict, reason, execution_id::text, at
  FROM event_verdict WHERE event_id = $1::uuid AND ($2::text IS NULL OR project_id = $2)
 ORDER BY at, trigger_id
"""
_DROP_OLD = """
DELETE FROM received_event WHERE id IN (
    SELECT id FROM received_event WHERE created_at < $1 AND state = 'DONE' ORDER BY created_at LIMIT $2)
"""
# The newest of those past the wanted number; found along the index, without counting.
_BORDER = "SELECT created_at FROM received_event ORDER BY created_at DESC, id DESC OFFSET $1 LIMIT 1"


class NewEvent(Struct, frozen=True, kw_only=True):
    """What is stored of an event; ``payload`` is JSON text, ``id`` made of its source and ``event_id``."""

    id: str
    source_id: str | None
    source: str
    event_id: str
    project: str
    scope: str
    exchange: str
    topic: str
    event: str
    publisher: str
    user: str
    happened_at: str
    payload: str
    depth: int = 0
    cause_id: str | None = None


async def store(source: Pool | Connection, events: Sequence[NewEvent]) -> list[str]:
    """Store events and return the ids of those that were not there yet."""
    # The same twice in one statement is refused; always the same order, so that nobody waits for each other.
    unique = [event for _, event in sorted({event.id: event for event in events}.items())]
    if not unique:
        return []
    columns: list[list[Any]] = [list(column) for column in zip(*(_values(event) for event in unique), strict=True)]
    return [row["id"] for row in await source.fetch(_STORE, *columns) if row["fresh"]]


async def find(source: Pool | Connection, project: str, event_id: str, *, everything: bool = False) -> Row | None:
    """Return the event of that id, if it is visible; what is no UUID is none's.

    Args:
        everything: Whether those of all projects are.
    """
    if not as_uuid(event_id):
        return None
    seen = "$1::text IS NOT NULL" if everything else EVENTS.seen_by("$1")
    return await source.fetchrow(_ONE + seen, project, event_id)


async def page(source: Pool | Connection, wanted: Page, *, project: str | None) -> list[Row]:
    """Return a page of the events that a project sees, or of all when it is None.

    Raises:
        InvalidInput: If a column is unknown or a value does not fit it.
    """
    sql, arguments = page_statement(EVENTS, wanted, Statement(), project=project)
    return await source.fetch(sql, *arguments)


async def verdicts(source: Pool | Connection, event_id: str, *, project: str | None) -> list[Row]:
    """Return what the triggers and bindings of a project, or of all for None, made of an event."""
    return await source.fetch(_VERDICTS, event_id, project)


async def drop_events(pool: Pool, *, before: datetime, keep: int, now: datetime, limit: int) -> int:
    """Forget events that are done with and old, or more than are to be kept; return how many, at most ``limit``."""
    moment: datetime | None = await pool.fetchval(_BORDER, keep)
    if moment is not None:
        before = max(before, min(moment, _spared(now)))
    return int((await pool.execute(_DROP_OLD, before, limit)).rpartition(" ")[2])


def _spared(now: datetime) -> datetime:
    return datetime.fromtimestamp(now.timestamp() - LEAST_KEPT_SECONDS, now.tzinfo)


def _values(event: NewEvent) -> tuple[Any, ...]:
    first = (event.id, event.source_id, event.source, event.event_id, event.project, event.scope, event.exchange)
    more = (event.topic, event.event, event.publisher, event.user, event.happened_at, event.payload)
    return (*first, *more, event.depth, event.cause_id)
