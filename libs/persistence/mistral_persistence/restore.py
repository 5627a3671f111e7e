"""Reading executions back, whole: what an engine does for those it does not have in memory."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import asyncpg
import msgspec
from immutables import Map
from msgspec import Struct

from mistral_core.language.model import Workflow
from mistral_core.machine.execution import ActionExecution, ChildExecution, Execution, TaskExecution
from mistral_core.machine.state import State
from mistral_persistence.database import Connection, Pool
from mistral_persistence.records import ACTION_BODY, CHILD_BODY, EXECUTION_BODY, TASK_BODY

_EXECUTIONS = """
SELECT e.id::text, e.partition, e.root_id::text, e.project_id, e.workflow_id::text, e.workflow_version,
       e.workflow_name, e.workflow_namespace, e.description, e.tags, e.state, e.state_info,
       e.input, e.params, e.output, e.globals, e.body, to_micros(e.created_at) AS created_at,
       to_micros(e.updated_at) AS updated_at, to_micros(e.finished_at) AS finished_at,
       r.body AS root_body,
       (SELECT max(h.position) FROM execution_history h WHERE h.execution_id = e.id) AS position
  FROM execution e LEFT JOIN execution r ON r.id = e.root_id AND r.id <> e.id
 WHERE e.id = ANY ($1::uuid[])
"""
_TASKS = """
SELECT id::text, execution_id::text, name, state, sequence, to_micros(created_at) AS created_at, body
  FROM task_record WHERE execution_id = ANY ($1::uuid[])
"""
_ACTION_COLUMNS = """
SELECT id::text, task_id::text, state, to_micros(created_at) AS created_at, input, body FROM action_record
"""
_ACTIONS = _ACTION_COLUMNS + " WHERE execution_id = ANY ($1::uuid[])"
_ACTION = _ACTION_COLUMNS + " WHERE id = $1"
_CHILDREN = """
SELECT id::text, task_id::text, accepted, index, body FROM child_execution WHERE execution_id = ANY ($1::uuid[])
"""
_PARTITION = "SELECT partition FROM execution WHERE id = $1"
_ACTION_PLACE = """
SELECT e.partition, e.id::text AS execution_id, a.task_id::text, a.state, a.attempt
  FROM action_execution a JOIN execution e ON e.id = a.execution_id WHERE a.id = $1
"""
_TASK_PLACE = """
SELECT e.partition, e.id::text AS execution_id
  FROM task_execution t JOIN execution e ON e.id = t.execution_id WHERE t.id = $1
"""
_LIVE = """
SELECT id::text FROM execution
 WHERE finished_at IS NULL AND partition = ANY ($1::smallint[]) AND id > $2 ORDER BY id LIMIT $3
"""
_ENVELOPES = """
SELECT id::text, envelope FROM action_record
 WHERE execution_id = ANY ($1::uuid[]) AND state = 'RUNNING' AND envelope IS NOT NULL
"""
# All below the root at once, by its index: there is none by parent, which would cost every start.
_DESCENDANTS = """
WITH RECURSIVE top AS (
    SELECT id, root_id FROM execution WHERE id = $1),
members AS MATERIALIZED (
    SELECT e.id, e.parent_id FROM execution e, top WHERE e.root_id = top.root_id AND e.parent_id IS NOT NULL),
family (id) AS (
    SELECT id FROM top
    UNION ALL
    SELECT m.id FROM members m JOIN family f ON m.parent_id = f.id)
SELECT id::text FROM family
"""
_TIMERS = "SELECT task_id::text, kind, round FROM timer WHERE execution_id = ANY ($1::uuid[])"

_ENDS = """
SELECT id::text, state, state_info, output FROM execution WHERE id = ANY ($1::uuid[]) AND finished_at IS NOT NULL
"""

_json = msgspec.json.Decoder()


class Stored(Struct, frozen=True):
    """A stored execution before its definition is known and derived fields are worked out.

    Attributes:
        execution: Arguments of ``Execution`` but for ``definition``.
        position: Position of the last history event; 0 when there is none.
    """

    execution: dict[str, Any]
    position: int

    def with_definition(self, definition: Workflow) -> Execution:
        return Execution(definition=definition, **self.execution)


class Place(Struct, frozen=True):
    """Where a record lives: its partition and its execution; for an action also how it stands."""

    partition: int
    execution_id: str
    task_id: str
    state: str = ""
    attempt: int = 0


class End(Struct, frozen=True):
    """How an execution ended."""

    id: str
    state: str
    state_info: str | None
    output: Any


async def load(connection: Connection, ids: Sequence[str]) -> dict[str, Stored]:
    """Return the executions among ``ids`` that exist, by id."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        rows = await connection.fetch(_EXECUTIONS, ids)
        tasks = await connection.fetch(_TASKS, ids)
        actions = await connection.fetch(_ACTIONS, ids)
        children = await connection.fetch(_CHILDREN, ids)
    actions_of = _grouped(actions, _action)
    children_of = _grouped(children, _child)
    tasks_of: dict[str, list[tuple[int, TaskExecution]]] = defaultdict(list)
    for row in tasks:
        task = _task(row, actions_of.get(row["id"], Map()), children_of.get(row["id"], Map()))
        tasks_of[row["execution_id"]].append((row["sequence"], task))
    return {row["id"]: _execution(row, tasks_of.get(row["id"], [])) for row in rows}


async def load_action(connection: Connection, action_id: str) -> ActionExecution | None:
    """Return one action execution, or None if there is none of that id."""
    row = await connection.fetchrow(_ACTION, action_id)
    return None if row is None else _action(row)


async def partition_of(pool: Pool, execution_id: str) -> int | None:
    """Return the partition of an execution, or None if there is none of that id."""
    partition: int | None = await pool.fetchval(_PARTITION, execution_id)
    return partition


async def place_of_action(pool: Pool, action_id: str) -> Place | None:
    """Return where an action execution lives, or None if there is none of that id."""
    row = await pool.fetchrow(_ACTION_PLACE, action_id)
    return None if row is None else Place(*row)


async def place_of_task(pool: Pool, task_id: str) -> Place | None:
    """Return where a task lives, or None if there is none of that id."""
    row = await pool.fetchrow(_TASK_PLACE, task_id)
    return None if row is None else Place(row["partition"], row["execution_id"], task_id)


async def live_executions(pool: Pool, partitions: Sequence[int], after: str, limit: int) -> list[str]:
    """Return ids of unfinished executions of ``partitions`` in order, those greater than ``after``."""
    rows = await pool.fetch(_LIVE, partitions, after, limit)
    return [row["id"] for row in rows]


async def open_envelopes(pool: Pool, ids: Sequence[str]) -> dict[str, str]:
    """Return for each running action of the executions the id of the bus message that carried it."""
    return {row["id"]: row["envelope"] for row in await pool.fetch(_ENVELOPES, ids)}


async def pending_timers(pool: Pool, ids: Sequence[str]) -> set[tuple[str, str, int]]:
    """Return (task id, kind, round) of every timer of the executions."""
    return {(row["task_id"], row["kind"], row["round"]) for row in await pool.fetch(_TIMERS, ids)}


async def ends_of(pool: Pool, ids: Sequence[str]) -> list[End]:
    """Return how those of the executions ended that are final."""
    rows = await pool.fetch(_ENDS, ids)
    return [End(row["id"], row["state"], row["state_info"], _value(row["output"])) for row in rows]


async def family_of(pool: Pool, execution_id: str) -> list[str]:
    """Return the id itself and those of all sub-workflow executions below it; empty if there is none."""
    return [row["id"] for row in await pool.fetch(_DESCENDANTS, execution_id)]


def _grouped(rows: Sequence[asyncpg.Record], make: Any) -> dict[str, Map[str, Any]]:
    groups: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in rows:
        groups[row["task_id"]][row["id"]] = make(row)
    return {task_id: Map(group) for task_id, group in groups.items()}


def _action(row: asyncpg.Record) -> ActionExecution:
    return ActionExecution(
        id=row["id"],
        state=State(row["state"]),
        created_at=row["created_at"],
        input=_json.decode(row["input"]),
        **ACTION_BODY.fields(row["body"]),
    )


def _child(row: asyncpg.Record) -> ChildExecution:
    return ChildExecution(id=row["id"], accepted=row["accepted"], index=row["index"], **CHILD_BODY.fields(row["body"]))


def _task(row: asyncpg.Record, actions: Map[str, ActionExecution], children: Map[str, ChildExecution]) -> TaskExecution:
    return TaskExecution(
        id=row["id"],
        name=row["name"],
        state=State(row["state"]),
        created_at=row["created_at"],
        actions=actions,
        children=children,
        **TASK_BODY.fields(row["body"]),
    )


def _execution(row: asyncpg.Record, tasks: list[tuple[int, TaskExecution]]) -> Stored:
    body = EXECUTION_BODY.fields(row["body"])
    if row["root_body"] is not None:
        body["env"] = EXECUTION_BODY.fields(row["root_body"])["env"]
    execution: dict[str, Any] = {
        "id": row["id"],
        "root_id": row["root_id"],
        "partition": row["partition"],
        "project": row["project_id"],
        "workflow_id": row["workflow_id"],
        "workflow_version": row["workflow_version"],
        "workflow_name": row["workflow_name"],
        "workflow_namespace": row["workflow_namespace"],
        "description": row["description"],
        "tags": tuple(row["tags"]),
        "state": State(row["state"]),
        "state_info": row["state_info"],
        "input": _json.decode(row["input"]),
        "params": _json.decode(row["params"]),
        "output": _value(row["output"]),
        "globals": _value(row["globals"]) or {},
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "finished_at": row["finished_at"],
        "tasks": Map({task.id: task for _, task in tasks}),
        "sequence": max((sequence for sequence, _ in tasks), default=0),
        **body,
    }
    return Stored(execution, row["position"] or 0)


def _value(text: str | None) -> Any:
    return None if text is None else _json.decode(text)
