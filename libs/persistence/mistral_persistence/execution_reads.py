"""Executions as readers see them: one, many at once, a page, or a whole tree.

Only reads; what runs is written by the engine alone. Rows bear the outside names of the columns. JSON columns come
as JSON text, ids as text, times as aware ``datetime``.
"""

from collections.abc import Sequence
from typing import TypeAlias

import asyncpg

from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Column, Kind, Listing, Page, Statement
from mistral_persistence.pages import read
from mistral_persistence.standalone import SHOWN

Row: TypeAlias = asyncpg.Record

EXECUTIONS = Listing(
    source="execution e",
    columns={
        "id": Column(sql="e.id", kind=Kind.UUID),
        "workflow_id": Column(sql="e.workflow_id", kind=Kind.UUID),
        "workflow_version": Column(sql="e.workflow_version", kind=Kind.NUMBER),
        "workflow_name": Column(sql="e.workflow_name", grouped=True),
        "name": Column(sql="e.workflow_name", grouped=True),
        "workflow_namespace": Column(sql="e.workflow_namespace"),
        "description": Column(sql="e.description"),
        "tags": Column(sql="e.tags", kind=Kind.TAGS, guard="e.tags <> '{}'"),
        "params": Column(sql="e.params", kind=Kind.JSON),
        "task_execution_id": Column(
            sql="e.task_execution_id", kind=Kind.UUID, guard="e.task_execution_id IS NOT NULL", nullable=True
        ),
        "root_execution_id": Column(
            sql="e.root_id",
            kind=Kind.UUID,
            shown="CASE WHEN e.parent_id IS NOT NULL THEN e.root_id::text END",
            absent="e.parent_id IS NULL",
            guard="e.parent_id IS NOT NULL",
        ),
        "state": Column(sql="e.state", grouped=True),
        "state_info": Column(sql="e.state_info", nullable=True),
        "input": Column(sql="e.input", kind=Kind.JSON),
        "output": Column(sql="e.output", kind=Kind.JSON, nullable=True),
        "published_global": Column(sql="e.globals", kind=Kind.JSON, nullable=True),
        "created_at": Column(sql="e.created_at", kind=Kind.TIME, grouped=True),
        "updated_at": Column(sql="e.updated_at", kind=Kind.TIME, grouped=True),
        "finished_at": Column(sql="e.finished_at", kind=Kind.TIME, nullable=True),
        "project_id": Column(sql="e.project_id"),
    },
)

HEAVY = frozenset({"output", "published_global"})
"""Columns that lists leave out unless asked."""

ALL_COLUMNS: Sequence[str] = tuple(name for name in EXECUTIONS.columns if name != "name")
LIST_COLUMNS: Sequence[str] = tuple(name for name in ALL_COLUMNS if name not in HEAVY)

_BY_IDS = f"{EXECUTIONS.select(ALL_COLUMNS)} WHERE e.id = ANY($1::uuid[])"

_FINAL_OF = """
SELECT id::text AS id, state FROM execution WHERE id = ANY($1::uuid[]) AND finished_at IS NOT NULL
"""

_STATES_OF = "SELECT id::text AS id, state FROM execution WHERE id = ANY($1::uuid[])"

# All below the root in one scan: a step from parent to child for each would be slow for thousands of children.
_FAMILY = (
    EXECUTIONS.select(LIST_COLUMNS).replace(" FROM ", ", e.parent_id::text AS parent_id FROM ")
    + " WHERE e.id = $1::uuid OR (e.root_id = $2::uuid AND e.parent_id IS NOT NULL) ORDER BY e.created_at, e.id"
)

_FAMILY_WHOLE = _FAMILY.replace(" FROM ", ", e.output, e.globals AS published_global FROM ", 1)

_RECENT_DURATIONS = """
SELECT extract(epoch FROM finished_at - created_at)::float8 AS seconds FROM execution
 WHERE workflow_name = $1 AND workflow_id = $2::uuid AND project_id = $3 AND state = 'SUCCESS'
 ORDER BY created_at DESC LIMIT 20
"""


async def by_ids(source: Pool | Connection, ids: Sequence[str]) -> list[Row]:
    """Return the rows of those that exist, with every column, in no order. The ids must be UUIDs."""
    return await source.fetch(_BY_IDS, ids)


async def final_among(source: Pool | Connection, ids: Sequence[str]) -> list[Row]:
    """Return id and state of those that are final."""
    return await source.fetch(_FINAL_OF, ids)


async def states_of(source: Pool | Connection, ids: Sequence[str]) -> dict[str, str]:
    """Return the states of those that exist, by id."""
    return {row["id"]: row["state"] for row in await source.fetch(_STATES_OF, ids)}


async def page(source: Pool | Connection, wanted: Page, *, project: str | None) -> list[Row]:
    """Return a page of executions of a project, or of all projects when it is None.

    Raises:
        InvalidInput: If a column is unknown or a value does not fit it.
    """
    return await read(source, EXECUTIONS, wanted, lambda: Statement([SHOWN]), project=project)


async def family(source: Pool | Connection, top: str, root: str, *, whole: bool) -> list[Row]:
    """Return an execution and all that have the same root, oldest first; rows also bear ``parent_id``.

    Args:
        root: Root of the whole tree; the top itself if it is one.
        whole: Whether the heavy columns come along.
    """
    return await source.fetch(_FAMILY_WHOLE if whole else _FAMILY, top, root)


async def recent_durations(source: Pool | Connection, name: str, workflow_id: str, project: str) -> list[float]:
    """Return how many seconds a project's last successful executions of a workflow took, at most 20."""
    return [row["seconds"] for row in await source.fetch(_RECENT_DURATIONS, name, workflow_id, project)]
