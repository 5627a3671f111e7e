"""Environments: named sets of variables that executions can be started with."""

from collections.abc import Sequence
from typing import TypeAlias

import asyncpg
from msgspec import Struct

from mistral_core.errors import Conflict
from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Column, Kind, Listing, Page
from mistral_persistence.sharing import Shared

Row: TypeAlias = asyncpg.Record

ENVIRONMENTS = Listing(
    source="environment n",
    columns={
        "id": Column(sql="n.id", kind=Kind.UUID),
        "name": Column(sql="n.name"),
        "description": Column(sql="n.description", nullable=True),
        "variables": Column(sql="n.variables", kind=Kind.JSON),
        "scope": Column(sql="n.scope"),
        "project_id": Column(sql="n.project_id"),
        "created_at": Column(sql="n.created_at", kind=Kind.TIME),
        "updated_at": Column(sql="n.updated_at", kind=Kind.TIME, nullable=True),
    },
)

ALL_COLUMNS: Sequence[str] = tuple(ENVIRONMENTS.columns)


class NewEnvironment(Struct, frozen=True, kw_only=True):
    """What is stored of an environment; ``variables`` is a JSON object."""

    id: str
    project: str
    name: str
    description: str | None
    variables: str
    scope: str


class Change(Struct, frozen=True, kw_only=True):
    """What is to be replaced in an environment; None keeps what is."""

    description: str | None = None
    variables: str | None = None
    scope: str | None = None


_SHARED = Shared(ENVIRONMENTS, ALL_COLUMNS)
_INSERT = """
INSERT INTO environment (id, project_id, name, description, variables, scope) VALUES ($1, $2, $3, $4, $5, $6)
"""
_UPDATE = """
UPDATE environment SET description = coalesce($2, description), variables = coalesce($3, variables),
       scope = coalesce($4, scope), updated_at = now()
 WHERE id = $1::uuid
"""
_VARIABLES = """
SELECT wanted.project, wanted.name, n.variables
  FROM unnest($1::text[], $2::text[]) AS wanted (project, name)
 CROSS JOIN LATERAL (
       SELECT variables FROM environment
        WHERE name = wanted.name AND (project_id = wanted.project OR scope = 'public')
        ORDER BY (project_id = wanted.project) DESC, created_at LIMIT 1) AS n
"""


async def create(connection: Connection, new: NewEnvironment) -> None:
    """Store an environment. Raises Conflict if the project has one of that name."""
    try:
        await connection.execute(_INSERT, new.id, new.project, new.name, new.description, new.variables, new.scope)
    except asyncpg.UniqueViolationError:
        raise Conflict(f"Duplicate entry: there is already an environment '{new.name}'") from None


async def update(connection: Connection, environment_id: str, change: Change) -> None:
    """Replace parts of an environment; its variables only as a whole."""
    await connection.execute(_UPDATE, environment_id, change.description, change.variables, change.scope)


async def find(source: Pool | Connection, project: str, name: str, *, everything: bool = False) -> Row | None:
    """Return the environment of that name, if one is visible; a project's own comes first.

    Args:
        everything: Whether those of all projects are visible.
    """
    return await _SHARED.named(source, project, name, everything=everything)


async def variables(pool: Pool, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return the variables, as JSON text, of (project, name) pairs; those that nobody sees are missing."""
    rows = await pool.fetch(_VARIABLES, [project for project, _ in wanted], [name for _, name in wanted])
    return {(row["project"], row["name"]): row["variables"] for row in rows}


async def page(source: Pool | Connection, wanted: Page, *, project: str | None) -> list[Row]:
    """Return a page of the environments that a project sees, or of all when it is None.

    Raises:
        InvalidInput: If a column is unknown or a value does not fit it.
    """
    return await _SHARED.page(source, wanted, project=project)


async def delete(connection: Connection, environment_id: str) -> None:
    """Remove an environment; executions keep the variables that they began with."""
    await connection.execute("DELETE FROM environment WHERE id = $1::uuid", environment_id)
