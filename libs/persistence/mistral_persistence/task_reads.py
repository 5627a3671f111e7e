"""Tasks as readers see them: one with its result, a page, or all of some executions.

Only reads; what runs is written by the engine alone. Rows bear the outside names of the columns and, as ``body``,
the JSON text of what has no column of its own.
"""

from collections.abc import Sequence
from typing import TypeAlias

import asyncpg

from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Column, Kind, Listing, Page, Statement
from mistral_persistence.pages import read
from mistral_persistence.standalone import SHOWN

Row: TypeAlias = asyncpg.Record

TASKS = Listing(
    source="task_execution t JOIN execution e ON e.id = t.execution_id",
    columns={
        "id": Column(sql="t.id", kind=Kind.UUID),
        "name": Column(sql="t.name"),
        "type": Column(sql="t.type"),
        "workflow_name": Column(sql="e.workflow_name"),
        "workflow_namespace": Column(sql="e.workflow_namespace"),
        "workflow_id": Column(sql="e.workflow_id", kind=Kind.UUID),
        "workflow_execution_id": Column(sql="t.execution_id", kind=Kind.UUID),
        "tags": Column(sql="t.tags", kind=Kind.TAGS),
        "state": Column(sql="t.state"),
        "state_info": Column(sql="t.state_info", nullable=True),
        "project_id": Column(sql="e.project_id"),
        "published": Column(sql="t.published", kind=Kind.JSON, nullable=True),
        "processed": Column(sql="t.processed", kind=Kind.FLAG),
        "created_at": Column(sql="t.created_at", kind=Kind.TIME, grouped=True),
        "updated_at": Column(sql="t.updated_at", kind=Kind.TIME),
        "started_at": Column(sql="t.started_at", kind=Kind.TIME, nullable=True),
        "finished_at": Column(sql="t.finished_at", kind=Kind.TIME, nullable=True),
        "body": Column(sql="t.body", kind=Kind.JSON),
        "sequence": Column(sql="t.sequence", kind=Kind.NUMBER),
    },
)

ALL_COLUMNS: Sequence[str] = tuple(name for name in TASKS.columns if name != "sequence")

_ONE = f"{TASKS.select(ALL_COLUMNS)} WHERE t.id = $1::uuid"

_OF_EXECUTIONS = (
    f"{TASKS.select(ALL_COLUMNS)} WHERE t.execution_id = ANY($1::uuid[]) ORDER BY t.created_at, t.sequence, t.id"
)

_FAILED_AMONG = "SELECT id::text AS id FROM task_execution WHERE id = ANY($1::uuid[]) AND state = 'ERROR'"

_ACTION_RESULTS = """
SELECT output FROM action_execution
 WHERE execution_id = $1::uuid AND task_id = $2::uuid AND accepted ORDER BY index, created_at, id
"""

_CHILD_RESULTS = """
SELECT body -> 'output' AS output FROM child_execution
 WHERE execution_id = $1::uuid AND task_id = $2::uuid AND accepted ORDER BY index, id
"""

_AWAITED_TARGETS = """
SELECT DISTINCT coalesce(body ->> 'target', '') FROM action_record
 WHERE execution_id = $1::uuid AND task_id = $2::uuid AND state = 'RUNNING'
   AND coalesce((body ->> 'synchronous')::boolean, true) AND body -> 'needs' IS NULL
"""


async def one(source: Pool | Connection, task_id: str) -> Row | None:
    """Return a task with every column. The id must be a UUID."""
    return await source.fetchrow(_ONE, task_id)


async def page(
    source: Pool | Connection, wanted: Page, *, project: str | None, execution_id: str | None = None
) -> list[Row]:
    """Return a page of tasks of a project, or of all when it is None; of one execution if that is said.

    Raises:
        InvalidInput: If a column is unknown or a value does not fit it.
    """

    def scope() -> Statement:
        statement = Statement([SHOWN])
        if execution_id is not None:
            statement.conditions.append(f"t.execution_id = {statement.bind(execution_id)}::uuid")
        return statement

    return await read(source, TASKS, wanted, scope, project=project)


async def of_executions(source: Pool | Connection, execution_ids: Sequence[str]) -> list[Row]:
    """Return all tasks of some executions, in the order in which they came to be."""
    return await source.fetch(_OF_EXECUTIONS, execution_ids)


async def failed_among(source: Pool | Connection, task_ids: Sequence[str]) -> set[str]:
    """Return the ids of those that failed."""
    return {row["id"] for row in await source.fetch(_FAILED_AMONG, task_ids)}


async def results(source: Pool | Connection, execution_id: str, task_id: str, *, of_children: bool) -> list[str | None]:
    """Return the JSON texts of the results that count for a task, in the order of its items."""
    sql = _CHILD_RESULTS if of_children else _ACTION_RESULTS
    return [row["output"] for row in await source.fetch(sql, execution_id, task_id)]


async def awaited_targets(source: Pool | Connection, execution_id: str, task_id: str) -> list[str]:
    """Return the targets of the actions that executors owe to a task; "" for an action without one."""
    return [row[0] for row in await source.fetch(_AWAITED_TARGETS, execution_id, task_id)]
