"""Uploaded code: stored, replaced by the next version, found and listed. What it says is nobody's business here."""

from collections.abc import Sequence
from typing import TypeAlias

import asyncpg
from msgspec import Struct

from mistral_core.errors import Conflict
from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Column, Kind, Listing, Page
from mistral_persistence.sharing import Shared

Row: TypeAlias = asyncpg.Record

_ACTIONS = "ARRAY(SELECT d.name FROM dynamic_action d WHERE d.code_source_id = c.id ORDER BY d.name)"

CODE_SOURCES = Listing(
    source="code_source c",
    columns={
        "id": Column(sql="c.id", kind=Kind.UUID),
        "name": Column(sql="c.name"),
        "namespace": Column(sql="c.namespace"),
        "content": Column(sql="c.content"),
        "version": Column(sql="c.version", kind=Kind.NUMBER),
        "scope": Column(sql="c.scope"),
        "actions": Column(sql=_ACTIONS, kind=Kind.TAGS),
        "project_id": Column(sql="c.project_id"),
        "created_at": Column(sql="c.created_at", kind=Kind.TIME),
        "updated_at": Column(sql="c.updated_at", kind=Kind.TIME, nullable=True),
    },
)

ALL_COLUMNS: Sequence[str] = tuple(CODE_SOURCES.columns)


class NewCodeSource(Struct, frozen=True, kw_only=True):
    """What is stored of uploaded code."""

    id: str
    project: str
    namespace: str
    name: str
    content: str
    scope: str


_SHARED = Shared(CODE_SOURCES, ALL_COLUMNS)
_INSERT = """
INSERT INTO code_source (id, project_id, namespace, name, content, scope) VALUES ($1, $2, $3, $4, $5, $6)
"""
_UPDATE = """
UPDATE code_source SET content = $2, version = version + 1, scope = coalesce($3, scope), updated_at = now()
 WHERE id = $1::uuid
"""


async def create(connection: Connection, new: NewCodeSource) -> None:
    """Store code as version 1. Raises Conflict if the project has some of that name in the namespace."""
    try:
        await connection.execute(_INSERT, new.id, new.project, new.namespace, new.name, new.content, new.scope)
    except asyncpg.UniqueViolationError:
        raise Conflict(f"Duplicate entry for CodeSource: there is already a code source '{new.name}'") from None


async def update(connection: Connection, source_id: str, content: str, *, scope: str | None) -> None:
    """Replace code by its next version; ``scope`` None keeps what is."""
    await connection.execute(_UPDATE, source_id, content, scope)


async def find(
    source: Pool | Connection, project: str, identifier: str, namespace: str, *, everything: bool = False
) -> Row | None:
    """Return the code of that id, or of that name in exactly that namespace, if it is visible.

    Args:
        everything: Whether those of all projects are.
    """
    return await _SHARED.find(source, project, identifier, namespace, everything=everything)


async def page(source: Pool | Connection, wanted: Page, *, project: str | None) -> list[Row]:
    """Return a page of the code that a project sees, or of all when it is None.

    Raises:
        InvalidInput: If a column is unknown or a value does not fit it.
    """
    return await _SHARED.page(source, wanted, project=project)


async def delete(connection: Connection, source_id: str) -> None:
    """Remove code, and the actions that are classes in it."""
    await connection.execute("DELETE FROM code_source WHERE id = $1::uuid", source_id)
