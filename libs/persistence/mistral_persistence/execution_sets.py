"""Many executions at once: the ids of those that fit conditions, and which of some ids do."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

from mistral_persistence.columns import Filter, Operator, Statement
from mistral_persistence.database import Connection, Pool
from mistral_persistence.execution_reads import EXECUTIONS
from mistral_persistence.listing import Page, page_statement
from mistral_persistence.standalone import SHOWN

Place: TypeAlias = tuple[datetime, str]
"""Time and id of an execution: where to go on behind it, also when it is gone by then."""

_FAILED_TASKS = """
SELECT id::text AS id, body -> 'items' IS NOT NULL AS has_items,
       coalesce(json_array_length(body -> 'next_tasks'), 0) > 0 AS went_on
  FROM task_record
 WHERE execution_id = $1::uuid AND state = 'ERROR' AND body ->> 'superseded_by' IS NULL
 ORDER BY created_at, sequence
"""


async def fitting(
    source: Pool | Connection,
    filters: Sequence[Filter],
    nulls: Sequence[str],
    *,
    project: str | None,
    roots_only: bool,
    limit: int,
    behind: Place | None = None,
) -> list[Place]:
    """Return the oldest executions that fit, of one project unless it is None.

    Raises:
        InvalidInput: If a column is unknown or a value does not fit it.
    """
    statement = Statement([SHOWN, *(["e.parent_id IS NULL"] if roots_only else [])])
    if behind is not None:
        at, execution_id = behind
        statement.conditions.append(
            f"(e.created_at, e.id) > ({statement.bind(at)}, {statement.bind(execution_id)}::uuid)"
        )
    page = Page(columns=("id", "created_at"), filters=filters, nulls=nulls, limit=limit)
    sql, arguments = page_statement(EXECUTIONS, page, statement, project=project)
    return [(row["created_at"], row["id"]) for row in await source.fetch(sql, *arguments)]


async def names_among(
    source: Pool | Connection,
    ids: Sequence[str],
    filters: Sequence[Filter],
    nulls: Sequence[str],
    *,
    project: str | None,
) -> dict[str, str]:
    """Return the workflow names of those of some executions that fit, by id; the ids must be UUIDs.

    Raises:
        InvalidInput: If a column is unknown or a value does not fit it.
    """
    among = Filter("id", Operator.IN, tuple(ids))
    page = Page(columns=("id", "workflow_name"), filters=[among, *filters], nulls=nulls, limit=len(ids))
    sql, arguments = page_statement(EXECUTIONS, page, Statement([SHOWN]), project=project)
    return {row["id"]: row["workflow_name"] for row in await source.fetch(sql, *arguments)}


async def tasks_to_rerun(source: Pool | Connection, execution_id: str) -> list[tuple[str, bool]]:
    """Return id and whether it has items of each task whose failure made an execution fail.

    Those are the failed ones that nothing followed; if something followed every one of them, they all are.
    """
    rows = await source.fetch(_FAILED_TASKS, execution_id)
    last = [row for row in rows if not row["went_on"]] or rows
    return [(row["id"], row["has_items"]) for row in last]
