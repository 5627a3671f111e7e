"""Workbooks as users keep them: the texts. What they hold is stored by ``workflows`` and ``action_definitions``."""

from collections.abc import Sequence
from typing import TypeAlias

import asyncpg
from msgspec import Struct

from mistral_core.errors import Conflict
from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Column, Kind, Listing, Page
from mistral_persistence.sharing import Shared

Row: TypeAlias = asyncpg.Record

WORKBOOKS = Listing(
    source="workbook b",
    columns={
        "id": Column(sql="b.id", kind=Kind.UUID),
        "name": Column(sql="b.name"),
        "namespace": Column(sql="b.namespace"),
        "definition": Column(sql="b.definition"),
        "tags": Column(sql="b.tags", kind=Kind.TAGS),
        "scope": Column(sql="b.scope"),
        "project_id": Column(sql="b.project_id"),
        "created_at": Column(sql="b.created_at", kind=Kind.TIME),
        "updated_at": Column(sql="b.updated_at", kind=Kind.TIME, nullable=True),
    },
)

ALL_COLUMNS: Sequence[str] = tuple(WORKBOOKS.columns)


class NewWorkbook(Struct, frozen=True, kw_only=True):
    """What is stored of an uploaded workbook."""

    id: str
    project: str
    namespace: str
    name: str
    definition: str
    tags: Sequence[str]
    scope: str


_SHARED = Shared(WORKBOOKS, ALL_COLUMNS)
_INSERT = """
INSERT INTO workbook (id, project_id, namespace, name, definition, tags, scope) VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_UPDATE = """
UPDATE workbook SET definition = $4, tags = $5, scope = coalesce($6, scope), updated_at = now()
 WHERE project_id = $1 AND namespace = $2 AND name = $3
RETURNING scope
"""


async def create(connection: Connection, new: NewWorkbook) -> None:
    """Store a workbook. Raises Conflict if the project has one of that name in the namespace."""
    try:
        await connection.execute(
            _INSERT, new.id, new.project, new.namespace, new.name, new.definition, list(new.tags), new.scope
        )
    except asyncpg.UniqueViolationError:
        raise Conflict(f"Duplicate entry: there is already a workbook '{new.name}'") from None


async def update(connection: Connection, new: NewWorkbook, *, scope: str | None) -> str | None:
    """Replace the text of the workbook of that name and return its scope; None if there is none.

    Args:
        scope: New scope; None keeps what is.
    """
    found: str | None = await connection.fetchval(
        _UPDATE, new.project, new.namespace, new.name, new.definition, list(new.tags), scope
    )
    return found


async def find(
    source: Pool | Connection, project: str, name: str, namespace: str, *, everything: bool = False
) -> Row | None:
    """Return the workbook of that name in exactly that namespace, if it is visible.

    Args:
        everything: Whether those of all projects are.
    """
    return await _SHARED.named(source, project, name, namespace, everything=everything)


async def page(source: Pool | Connection, wanted: Page, *, project: str | None) -> list[Row]:
    """Return a page of the workbooks that a project sees, or of all when it is None.

    Raises:
        InvalidInput: If a column is unknown or a value does not fit it.
    """
    return await _SHARED.page(source, wanted, project=project)


async def delete(connection: Connection, workbook_id: str) -> None:
    """Remove a workbook; what was stored of it stays."""
    await connection.execute("DELETE FROM workbook WHERE id = $1::uuid", workbook_id)
