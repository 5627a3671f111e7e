"""Bindings of logical event names to what happens."""

from collections.abc import Sequence
from typing import TypeAlias

import asyncpg
from msgspec import Struct

from mistral_core.errors import Conflict
from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Column, Kind, Listing, Page
from mistral_persistence.sharing import Shared

Row: TypeAlias = asyncpg.Record

BINDINGS = Listing(
    source="event_binding v",
    columns={
        "id": Column(sql="v.id", kind=Kind.UUID),
        "name": Column(sql="v.name"),
        "description": Column(sql="v.description"),
        "enabled": Column(sql="v.enabled", kind=Kind.FLAG),
        "scope": Column(sql="v.scope"),
        "exchange": Column(sql="v.exchange"),
        "topic": Column(sql="v.topic"),
        "event": Column(sql="v.event"),
        "matching": Column(sql="v.matching"),
        "condition": Column(sql="v.condition"),
        "mapping": Column(sql="v.mapping", kind=Kind.JSON),
        "project_id": Column(sql="v.project_id"),
        "created_at": Column(sql="v.created_at", kind=Kind.TIME),
        "updated_at": Column(sql="v.updated_at", kind=Kind.TIME, nullable=True),
    },
)

ALL_COLUMNS: Sequence[str] = tuple(BINDINGS.columns)

_SHARED = Shared(BINDINGS, ALL_COLUMNS)
_INSERT = """
INSERT INTO event_binding (id, project_id, name, description, enabled, scope, exchange, topic, event, matching,
                           condition, mapping)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
_UPDATE = """
UPDATE event_binding
   SET description = coalesce($2, description), enabled = coalesce($3, enabled), scope = coalesce($4, scope),
       exchange = coalesce($5, exchange), topic = coalesce($6, topic), event = coalesce($7, event),
       matching = coalesce($8, matching), condition = coalesce($9, condition), mapping = coalesce($10, mapping),
       updated_at = now()
 WHERE id = $1::uuid
"""


class NewBinding(Struct, frozen=True, kw_only=True):
    """What is stored of a binding; the mapping is a JSON object as text."""

    id: str
    project: str
    name: str
    description: str
    enabled: bool
    scope: str
    exchange: str
    topic: str
    event: str
    matching: str
    condition: str
    mapping: str


class BindingChange(Struct, frozen=True, kw_only=True):
    """What is to be replaced of a binding; None keeps what is."""

    description: str | None = None
    enabled: bool | None = None
    scope: str | None = None
    exchange: str | None = None
    topic: str | None = None
    event: str | None = None
    matching: str | None = None
    condition: str | None = None
    mapping: str | None = None


async def create(connection: Connection, new: NewBinding) -> None:
    """Store a binding. Raises Conflict if the project has one of that name."""
    first = (new.id, new.project, new.name, new.description, new.enabled, new.scope, new.exchange, new.topic)
    try:
        await connection.execute(_INSERT, *first, new.event, new.matching, new.condition, new.mapping)
    except asyncpg.UniqueViolationError:
        raise Conflict(f"Duplicate entry: there is already an event binding {new.name!r}") from None


async def update(connection: Connection, binding_id: str, change: BindingChange) -> None:
    """Replace parts of a binding."""
    first = (change.description, change.enabled, change.scope, change.exchange, change.topic, change.event)
    await connection.execute(_UPDATE, binding_id, *first, change.matching, change.condition, change.mapping)


async def find(source: Pool | Connection, project: str, identifier: str, *, everything: bool = False) -> Row | None:
    """Return the binding of that id or name, if one is visible; a project's own comes first.

    Args:
        everything: Whether those of all projects are visible.
    """
    return await _SHARED.find(source, project, identifier, everything=everything)


async def page(source: Pool | Connection, wanted: Page, *, project: str | None) -> list[Row]:
    """Return a page of the bindings that a project sees, or of all when it is None.

    Raises:
        InvalidInput: If a column is unknown or a value does not fit it.
    """
    return await _SHARED.page(source, wanted, project=project)


async def delete(connection: Connection, binding_id: str) -> None:
    """Remove a binding; events of its name that were made stay."""
    await connection.execute("DELETE FROM event_binding WHERE id = $1::uuid", binding_id)
