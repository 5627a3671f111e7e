"""Sources of events: what people see of them, who listens, and how they fare.

Secrets are read by ``with_secret`` and ``claim`` alone.
"""

from collections.abc import Sequence
from typing import TypeAlias

import asyncpg
from msgspec import Struct

from mistral_core.errors import Conflict
from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Column, Kind, Listing, Page, Statement, page_statement
from mistral_persistence.literals import as_uuid

Row: TypeAlias = asyncpg.Record

SOURCES = Listing(
    source="event_source v LEFT JOIN event_source_status s ON s.source_id = v.id",
    columns={
        "id": Column(sql="v.id", kind=Kind.UUID),
        "name": Column(sql="v.name"),
        "description": Column(sql="v.description"),
        "kind": Column(sql="v.kind"),
        "enabled": Column(sql="v.enabled", kind=Kind.FLAG),
        "exchange": Column(sql="v.exchange"),
        "topic": Column(sql="v.topic"),
        "tenancy": Column(sql="v.tenancy"),
        "settings": Column(sql="v.settings", kind=Kind.JSON),
        "has_secret": Column(sql="(v.secret <> '')", kind=Kind.FLAG),
        "rate_per_minute": Column(sql="v.rate_per_minute", kind=Kind.NUMBER),
        "max_bytes": Column(sql="v.max_bytes", kind=Kind.NUMBER),
        "received": Column(sql="coalesce(s.received, 0)", kind=Kind.NUMBER),
        "duplicates": Column(sql="coalesce(s.duplicates, 0)", kind=Kind.NUMBER),
        "refused": Column(sql="coalesce(s.refused, 0)", kind=Kind.NUMBER),
        "last_event_at": Column(sql="s.last_event_at", kind=Kind.TIME, nullable=True),
        "last_error": Column(sql="coalesce(s.last_error, '')"),
        "last_error_at": Column(sql="s.last_error_at", kind=Kind.TIME, nullable=True),
        "project_id": Column(sql="v.project_id"),
        "created_at": Column(sql="v.created_at", kind=Kind.TIME),
        "updated_at": Column(sql="v.updated_at", kind=Kind.TIME, nullable=True),
    },
)

ALL_COLUMNS: Sequence[str] = tuple(SOURCES.columns)

_SHOWN = SOURCES.select(ALL_COLUMNS)
_INSERT = """
INSERT INTO event_source (id, project_id, name, description, kind, enabled, exchange, topic, tenancy, settings, secret,
                          rate_per_minute, max_bytes)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""
_UPDATE = """
UPDATE event_source
   SET description = coalesce($2, description), enabled = coalesce($3, enabled), exchange = coalesce($4, exchange),
       topic = coalesce($5, topic), tenancy = coalesce($6, tenancy), settings = coalesce($7, settings),
       secret = coalesce($8, secret), rate_per_minute = coalesce($9, rate_per_minute),
       max_bytes = coalesce($10, max_bytes), updated_at = now()
 WHERE id = $1::uuid
"""
_OPEN = """
SELECT id::text, project_id, name, kind, exchange, topic, tenancy, settings, secret, rate_per_minute, max_bytes,
       coalesce(updated_at, created_at) AS changed_at
  FROM event_source
"""
_CLAIM = f"""
WITH free AS (
    INSERT INTO event_source_status AS s (source_id, owner, owned_until)
    SELECT id, $1, now() + $2 * interval '1 second' FROM event_source WHERE enabled AND kind = ANY($3::text[])
        ON CONFLICT (source_id) DO UPDATE SET owner = excluded.owner, owned_until = excluded.owned_until
     WHERE s.owner = excluded.owner OR s.owned_until < now()
    RETURNING source_id
)
{_OPEN} WHERE id IN (SELECT source_id FROM free)
"""
_RELEASE = "UPDATE event_source_status SET owned_until = '-infinity' WHERE owner = $1"
# One that was removed meanwhile has no status any more.
_NOTE = """
INSERT INTO event_source_status AS s (source_id, received, duplicates, refused, last_event_at)
SELECT id, $2::bigint, $3::bigint, $4::bigint, CASE WHEN $2::bigint > 0 THEN now() END
  FROM event_source WHERE id = $1::uuid
    ON CONFLICT (source_id) DO UPDATE SET received = s.received + excluded.received,
       duplicates = s.duplicates + excluded.duplicates, refused = s.refused + excluded.refused,
       last_event_at = coalesce(excluded.last_event_at, s.last_event_at)
"""
_NOTE_ERROR = """
INSERT INTO event_source_status AS s (source_id, last_error, last_error_at)
SELECT id, $2::text, now() FROM event_source WHERE id = $1::uuid
    ON CONFLICT (source_id) DO UPDATE SET last_error = excluded.last_error, last_error_at = excluded.last_error_at
"""


class NewSource(Struct, frozen=True, kw_only=True):
    """What is stored of a source; settings are a JSON object as text."""

    id: str
    project: str
    name: str
    description: str
    kind: str
    enabled: bool
    exchange: str
    topic: str
    tenancy: str
    settings: str
    secret: str
    rate_per_minute: int
    max_bytes: int


class SourceChange(Struct, frozen=True, kw_only=True):
    """What is to be replaced of a source; None keeps what is."""

    description: str | None = None
    enabled: bool | None = None
    exchange: str | None = None
    topic: str | None = None
    tenancy: str | None = None
    settings: str | None = None
    secret: str | None = None
    rate_per_minute: int | None = None
    max_bytes: int | None = None


async def create(connection: Connection, new: NewSource) -> None:
    """Store a source. Raises Conflict if there is one of that name in any project."""
    first = (new.id, new.project, new.name, new.description, new.kind, new.enabled, new.exchange, new.topic)
    more = (new.tenancy, new.settings, new.secret, new.rate_per_minute, new.max_bytes)
    try:
        await connection.execute(_INSERT, *first, *more)
    except asyncpg.UniqueViolationError:
        raise Conflict(f"Duplicate entry: there is already an event source {new.name!r}") from None


async def update(connection: Connection, source_id: str, change: SourceChange) -> None:
    """Replace parts of a source."""
    first = (change.description, change.enabled, change.exchange, change.topic, change.tenancy, change.settings)
    await connection.execute(_UPDATE, source_id, *first, change.secret, change.rate_per_minute, change.max_bytes)


async def delete(connection: Connection, source_id: str) -> None:
    """Remove a source; events that it brought stay."""
    await connection.execute("DELETE FROM event_source WHERE id = $1::uuid", source_id)


async def find(source: Pool | Connection, project: str, identifier: str, *, everything: bool = False) -> Row | None:
    """Return the source of that name or id, if it is visible.

    Args:
        everything: Whether those of all projects are.
    """
    column = "v.id = $2::uuid" if as_uuid(identifier) else "v.name = $2"
    seen = "$1::text IS NOT NULL" if everything else SOURCES.seen_by("$1")
    return await source.fetchrow(f"{_SHOWN} WHERE {column} AND {seen}", project, identifier)


async def page(source: Pool | Connection, wanted: Page, *, project: str | None) -> list[Row]:
    """Return a page of the sources of a project, or of all when it is None.

    Raises:
        InvalidInput: If a column is unknown or a value does not fit it.
    """
    sql, arguments = page_statement(SOURCES, wanted, Statement(), project=project)
    return await source.fetch(sql, *arguments)


async def with_secret(source: Pool | Connection, name: str) -> Row | None:
    """Return an enabled source by its name with all that a listener needs, its secret too."""
    return await source.fetchrow(f"{_OPEN} WHERE name = $1 AND enabled", name)


async def claim(pool: Pool, owner: str, *, kinds: Sequence[str], seconds: float) -> list[Row]:
    """Return the enabled sources that are this listener's from now on for so many seconds, their secrets too."""
    return await pool.fetch(_CLAIM, owner, seconds, kinds)


async def release(pool: Pool, owner: str) -> None:
    """Leave all sources to other listeners."""
    await pool.execute(_RELEASE, owner)


async def note(
    source: Pool | Connection, source_id: str, *, received: int = 0, duplicates: int = 0, refused: int = 0
) -> None:
    """Count what came of a source."""
    await source.execute(_NOTE, source_id, received, duplicates, refused)


async def note_error(source: Pool | Connection, source_id: str, error: str) -> None:
    """Note what is wrong with a source, for people; empty once it is well."""
    await source.execute(_NOTE_ERROR, source_id, error[:1000])
