"""Dynamic actions: names for classes in uploaded code. Stored and listed for users, and found for the executors."""

from collections.abc import Sequence
from typing import TypeAlias

import asyncpg
from msgspec import Struct

from mistral_core.errors import Conflict
from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Column, Kind, Listing, Page
from mistral_persistence.sharing import Shared

Row: TypeAlias = asyncpg.Record

DYNAMIC_ACTIONS = Listing(
    source="dynamic_action d JOIN code_source c ON c.id = d.code_source_id",
    columns={
        "id": Column(sql="d.id", kind=Kind.UUID),
        "name": Column(sql="d.name"),
        "namespace": Column(sql="d.namespace"),
        "class_name": Column(sql="d.class_name"),
        "code_source_id": Column(sql="d.code_source_id", kind=Kind.UUID),
        "code_source_name": Column(sql="c.name"),
        "scope": Column(sql="d.scope"),
        "project_id": Column(sql="d.project_id"),
        "created_at": Column(sql="d.created_at", kind=Kind.TIME),
        "updated_at": Column(sql="d.updated_at", kind=Kind.TIME, nullable=True),
    },
)

ALL_COLUMNS: Sequence[str] = tuple(DYNAMIC_ACTIONS.columns)


class NewDynamicAction(Struct, frozen=True, kw_only=True):
    """What is stored of a dynamic action."""

    id: str
    project: str
    namespace: str
    name: str
    class_name: str
    code_source_id: str
    scope: str


class Change(Struct, frozen=True, kw_only=True):
    """What is to be replaced in a dynamic action; None keeps what is."""

    name: str | None = None
    class_name: str | None = None
    code_source_id: str | None = None
    scope: str | None = None


_SHARED = Shared(DYNAMIC_ACTIONS, ALL_COLUMNS)
_INSERT = """
INSERT INTO dynamic_action (id, project_id, namespace, name, class_name, code_source_id, scope)
VALUES ($1, $2, $3, $4, $5, $6::uuid, $7)
"""
_UPDATE = """
UPDATE dynamic_action
   SET name = coalesce($2, name), class_name = coalesce($3, class_name),
       code_source_id = coalesce($4::uuid, code_source_id), scope = coalesce($5, scope), updated_at = now()
 WHERE id = $1::uuid
"""
# Somebody else's code may have been public once.
_READABLE = "(c.project_id = d.project_id OR c.scope = 'public')"
_WITH_CODE = f"""
SELECT d.id::text, d.name, d.namespace, d.class_name, d.scope, d.project_id, d.created_at, d.updated_at, c.content
  FROM dynamic_action d JOIN code_source c ON c.id = d.code_source_id AND {_READABLE}
"""
# The code itself only for those who do not have it.
_CODE = f"""
SELECT d.class_name, c.name, c.version, encode(sha256(convert_to(c.content, 'UTF8')), 'hex') AS digest,
       CASE WHEN encode(sha256(convert_to(c.content, 'UTF8')), 'hex') = $4 THEN NULL ELSE c.content END AS content
  FROM dynamic_action d JOIN code_source c ON c.id = d.code_source_id AND {_READABLE}
 WHERE d.name = $2 AND d.namespace = ANY($3::text[]) AND {_SHARED.visible}
 ORDER BY array_position($3::text[], d.namespace), (d.project_id = $1) DESC, d.created_at LIMIT 1
"""


async def create(connection: Connection, new: NewDynamicAction) -> None:
    """Store a dynamic action. Raises Conflict if the project has one of that name in the namespace."""
    try:
        await connection.execute(
            _INSERT, new.id, new.project, new.namespace, new.name, new.class_name, new.code_source_id, new.scope
        )
    except asyncpg.UniqueViolationError:
        raise _taken(new.name) from None


async def update(connection: Connection, action_id: str, change: Change) -> None:
    """Replace parts of a dynamic action. Raises Conflict if the new name is taken."""
    try:
        await connection.execute(
            _UPDATE, action_id, change.name, change.class_name, change.code_source_id, change.scope
        )
    except asyncpg.UniqueViolationError:
        raise _taken(change.name) from None


def _taken(name: str | None) -> Conflict:
    return Conflict(f"Duplicate entry for DynamicActionDefinition: there is already a dynamic action '{name}'")


async def find(
    source: Pool | Connection, project: str, identifier: str, namespace: str, *, everything: bool = False
) -> Row | None:
    """Return the action of that id, or of that name in exactly that namespace, if it is visible.

    Args:
        everything: Whether those of all projects are.
    """
    return await _SHARED.find(source, project, identifier, namespace, everything=everything)


async def page(source: Pool | Connection, wanted: Page, *, project: str | None) -> list[Row]:
    """Return a page of the actions that a project sees, or of all when it is None.

    Raises:
        InvalidInput: If a column is unknown or a value does not fit it.
    """
    return await _SHARED.page(source, wanted, project=project)


async def with_code(source: Pool | Connection, project: str | None) -> list[Row]:
    """Return all actions that a project sees, or all there are when it is None, each with its whole code."""
    if project is None:
        return await source.fetch(_WITH_CODE)
    return await source.fetch(f"{_WITH_CODE} WHERE {_SHARED.visible}", project)


async def code_of(pool: Pool, project: str, namespaces: Sequence[str], name: str, known: str) -> Row | None:
    """Return the class, and the code it is in, of an action in the first of the namespaces that has it.

    Args:
        known: SHA-256 of the code that the caller has, in hex digits; if it is still that, ``content`` is NULL.
    """
    return await pool.fetchrow(_CODE, project, name, list(namespaces), known)


async def delete(connection: Connection, action_id: str) -> None:
    """Remove a dynamic action; tasks that name it fail from now on."""
    await connection.execute("DELETE FROM dynamic_action WHERE id = $1::uuid", action_id)
