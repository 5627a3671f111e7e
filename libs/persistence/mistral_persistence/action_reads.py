"""Action executions as readers see them: one, a page, or all of some executions.

Only reads; what runs is written by the engine alone. Rows bear the outside names of the columns; ``output`` is the
bare result as JSON text, NULL before there is one.
"""

from collections.abc import Sequence
from typing import TypeAlias

import asyncpg

from mistral_persistence.columns import VALUES
from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Column, Kind, Listing, Page, Statement, page_statement
from mistral_persistence.standalone import HIDDEN, SHOWN

Row: TypeAlias = asyncpg.Record

# Of one that is run on its own nobody is to see what it is a task of; should that give up on it, so does it.
_OWN = f"CASE WHEN {SHOWN} THEN {{}} END"
_GIVEN_UP = f"{HIDDEN} AND e.finished_at IS NOT NULL AND a.state <> e.state AND a.state NOT IN ('SUCCESS', 'ERROR')"
_STATE = f"CASE WHEN {_GIVEN_UP} THEN e.state ELSE a.state END"
_STATE_INFO = f"CASE WHEN {_GIVEN_UP} THEN t.state_info ELSE a.state_info END"

# An action may well give null, which is not stored. What went wrong with one that was given up on, only its task knows.
_OUTPUT = f"""CASE WHEN {_GIVEN_UP} AND e.state = 'ERROR' THEN to_json(t.state_info)
 WHEN a.output IS NULL AND a.state IN ('SUCCESS', 'ERROR') THEN 'null' ELSE a.output END"""

# Actions of a task are found by its execution.
_EXECUTION_OF_TASK = (
    f"a.execution_id = ANY(ARRAY(SELECT t1.execution_id FROM task_record t1 WHERE t1.id = ANY({VALUES}::uuid[])))"
)

ACTIONS = Listing(
    source="action_execution a JOIN execution e ON e.id = a.execution_id JOIN task_execution t ON t.id = a.task_id",
    columns={
        "id": Column(sql="a.id", kind=Kind.UUID),
        "workflow_name": Column(sql=_OWN.format("e.workflow_name"), nullable=True),
        "workflow_namespace": Column(sql="e.workflow_namespace"),
        "task_name": Column(sql=_OWN.format("t.name"), nullable=True),
        "task_execution_id": Column(
            sql="a.task_id",
            kind=Kind.UUID,
            shown=_OWN.format("a.task_id::text"),
            guard=f"{SHOWN} AND {_EXECUTION_OF_TASK}",
            nullable=True,
        ),
        "workflow_execution_id": Column(
            sql="a.execution_id", kind=Kind.UUID, shown=_OWN.format("a.execution_id::text"), nullable=True
        ),
        "state": Column(sql=_STATE),
        "state_info": Column(sql=_STATE_INFO, nullable=True),
        "tags": Column(sql="t.tags", kind=Kind.TAGS),
        "name": Column(sql="a.name"),
        "description": Column(sql=f"CASE WHEN {HIDDEN} THEN e.description ELSE '' END"),
        "project_id": Column(sql="e.project_id"),
        "accepted": Column(sql="a.accepted", kind=Kind.FLAG),
        "index": Column(sql="a.index", kind=Kind.NUMBER),
        "attempt": Column(sql="a.attempt", kind=Kind.NUMBER),
        "input": Column(sql="a.input", kind=Kind.JSON),
        "output": Column(sql=_OUTPUT, kind=Kind.JSON, nullable=True),
        "created_at": Column(sql="a.created_at", kind=Kind.TIME),
        "updated_at": Column(sql="a.updated_at", kind=Kind.TIME),
    },
)

HEAVY = frozenset({"output"})
"""Columns that lists leave out unless asked."""

ALL_COLUMNS: Sequence[str] = tuple(ACTIONS.columns)
LIST_COLUMNS: Sequence[str] = tuple(name for name in ALL_COLUMNS if name not in HEAVY)

_ONE = f"{ACTIONS.select(ALL_COLUMNS)} WHERE a.id = $1::uuid"

_STANDALONE = f"{ACTIONS.select(ALL_COLUMNS)} WHERE a.execution_id = $1::uuid"

_BEARER = f"""
SELECT e.id::text FROM action_execution a JOIN execution e ON e.id = a.execution_id WHERE a.id = $1::uuid AND {HIDDEN}
"""

_OF_EXECUTIONS = (
    f"{ACTIONS.select(LIST_COLUMNS)} WHERE a.execution_id = ANY($1::uuid[]) ORDER BY a.created_at, a.index, a.id"
)


async def one(source: Pool | Connection, action_id: str) -> Row | None:
    """Return an action execution with every column. The id must be a UUID."""
    return await source.fetchrow(_ONE, action_id)


async def standalone(source: Pool | Connection, execution_id: str) -> Row | None:
    """Return the action that a hidden execution runs; None if it could not even begin."""
    return await source.fetchrow(_STANDALONE, execution_id)


async def bearer(source: Pool | Connection, action_id: str) -> str | None:
    """Return the id of the hidden execution that runs an action on its own; None if there is none."""
    return await source.fetchval(_BEARER, action_id)  # type: ignore[no-any-return]


async def page(
    source: Pool | Connection, wanted: Page, *, project: str | None, of_task: tuple[str, str] | None = None
) -> list[Row]:
    """Return a page of action executions of a project, or of all when it is None.

    Args:
        of_task: Execution id and task id, for those of one task.

    Raises:
        InvalidInput: If a column is unknown or a value does not fit it.
    """
    statement = Statement()
    if of_task is not None:
        execution_id, task_id = of_task
        # Both, since the index begins with the execution.
        statement.conditions.append(f"a.execution_id = {statement.bind(execution_id)}::uuid")
        statement.conditions.append(f"a.task_id = {statement.bind(task_id)}::uuid")
    sql, arguments = page_statement(ACTIONS, wanted, statement, project=project)
    return await source.fetch(sql, *arguments)


async def of_executions(source: Pool | Connection, execution_ids: Sequence[str]) -> list[Row]:
    """Return all action executions of some executions, without outputs, oldest first."""
    return await source.fetch(_OF_EXECUTIONS, execution_ids)
