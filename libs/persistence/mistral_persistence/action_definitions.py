"""Ad-hoc actions: stored, replaced, found and listed for users, and read whole by the engines.

Every change makes ``definition_epoch`` grow in the same transaction; whoever keeps the actions in memory compares it.
"""

from collections.abc import Sequence
from typing import TypeAlias

import asyncpg
from msgspec import Struct

from mistral_core.errors import Conflict
from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Column, Kind, Listing
from mistral_persistence.sharing import Shared

Row: TypeAlias = asyncpg.Record

ACTION_DEFINITIONS = Listing(
    source="action_definition a",
    columns={
        "id": Column(sql="a.id", kind=Kind.UUID),
        "name": Column(sql="a.name"),
        "namespace": Column(sql="a.namespace"),
        "definition": Column(sql="a.definition"),
        "input": Column(sql="a.input"),
        "description": Column(sql="a.description"),
        "tags": Column(sql="a.tags", kind=Kind.TAGS),
        "scope": Column(sql="a.scope"),
        "project_id": Column(sql="a.project_id"),
        "created_at": Column(sql="a.created_at", kind=Kind.TIME),
        "updated_at": Column(sql="a.updated_at", kind=Kind.TIME, nullable=True),
    },
)

ALL_COLUMNS: Sequence[str] = tuple(ACTION_DEFINITIONS.columns)


class NewAction(Struct, frozen=True, kw_only=True):
    """What is stored of an uploaded action; see the table for the meaning of the fields."""

    id: str
    project: str
    namespace: str
    name: str
    definition: str
    input: str
    description: str
    tags: Sequence[str]
    scope: str
    workbook: str | None = None


class Stored(Struct, frozen=True):
    """An ad-hoc action as the engines read it."""

    project: str
    namespace: str
    name: str
    scope: str
    definition: str


_SHARED = Shared(ACTION_DEFINITIONS, ALL_COLUMNS)
_SHOWN = ACTION_DEFINITIONS.select(ALL_COLUMNS)
_OWNED = f"{_SHOWN} WHERE a.project_id = $1 AND a.namespace = $2 AND a.name = ANY($3::text[])"
_INSERT = """
INSERT INTO action_definition (id, project_id, namespace, name, definition, workbook, input, description, tags, scope)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
_UPDATE = """
UPDATE action_definition
   SET name = $2, definition = $3, workbook = $4, input = $5, description = $6, tags = $7,
       scope = coalesce($8, scope), updated_at = now()
 WHERE id = $1::uuid
"""
_ALL = """
SELECT e.epoch, a.project_id, a.namespace, a.name, a.scope, a.definition
  FROM definition_epoch e LEFT JOIN action_definition a ON true
"""


async def lock(connection: Connection) -> None:
    """Have all other changes of actions wait for the end of this transaction; to be called before the first one.

    They wait for one another at the epoch anyway; this way none does so while it holds what another one needs.
    """
    await connection.fetchval("SELECT epoch FROM definition_epoch FOR UPDATE")


async def create(connection: Connection, new: NewAction) -> None:
    """Store an action. Raises Conflict if the project has one of that name in the namespace."""
    try:
        await connection.execute(
            _INSERT,
            new.id,
            new.project,
            new.namespace,
            new.name,
            new.definition,
            new.workbook,
            new.input,
            new.description,
            list(new.tags),
            new.scope,
        )
    except asyncpg.UniqueViolationError:
        raise _taken(new) from None


async def update(connection: Connection, action_id: str, new: NewAction, *, scope: str | None) -> None:
    """Replace the text of an action, whose name may change with it; ``scope`` None keeps what is.

    Raises:
        Conflict: If the new name is taken.
    """
    try:
        await connection.execute(
            _UPDATE,
            action_id,
            new.name,
            new.definition,
            new.workbook,
            new.input,
            new.description,
            list(new.tags),
            scope,
        )
    except asyncpg.UniqueViolationError:
        raise _taken(new) from None


def _taken(new: NewAction) -> Conflict:
    return Conflict(f"Duplicate entry: there is already an action '{new.name}'")


async def owned(connection: Connection, project: str, namespace: str, names: Sequence[str]) -> dict[str, Row]:
    """Return the project's actions of those names in the namespace, by name."""
    return {row["name"]: row for row in await connection.fetch(_OWNED, project, namespace, names)}


async def find(
    source: Pool | Connection, project: str, identifier: str, namespace: str, *, everything: bool = False
) -> Row | None:
    """Return the action of that id, or of that name in exactly that namespace, if it is visible.

    Args:
        everything: Whether those of all projects are.
    """
    return await _SHARED.find(source, project, identifier, namespace, everything=everything)


async def visible(source: Pool | Connection, project: str | None) -> list[Row]:
    """Return all actions that a project sees, or all there are when it is None."""
    if project is None:
        return await source.fetch(_SHOWN)
    return await source.fetch(f"{_SHOWN} WHERE {_SHARED.visible}", project)


async def delete(connection: Connection, action_id: str) -> None:
    """Remove an action; tasks that name it fail from now on."""
    await connection.execute("DELETE FROM action_definition WHERE id = $1::uuid", action_id)


async def epoch(pool: Pool) -> int:
    """Return the number that every change of the actions makes larger."""
    return int(await pool.fetchval("SELECT epoch FROM definition_epoch"))


async def everything(pool: Pool) -> tuple[int, list[Stored]]:
    """Return the epoch, and all actions as of it."""
    rows = await pool.fetch(_ALL)
    found = [tuple(row)[1:] for row in rows]
    return int(rows[0]["epoch"]), [Stored(*values) for values in found if values[0] is not None]
