"""What waits for the outside: actions that somebody has to complete, and executions that are paused."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import asyncpg

from mistral_persistence.database import Connection, Pool
from mistral_persistence.standalone import HIDDEN

Row: TypeAlias = asyncpg.Record

# Of a project few executions are live at once, and an action is found by its execution.
_ACTIONS = f"""
SELECT a.id::text, a.execution_id::text, t.name AS task, e.workflow_name AS workflow, a.input,
       e.input AS execution_input, t.tags, a.name AS action
  FROM execution e
  JOIN action_execution a ON a.execution_id = e.id
  JOIN task_execution t ON t.id = a.task_id
 WHERE e.project_id = $1 AND e.finished_at IS NULL AND NOT {HIDDEN} AND a.state IN ('RUNNING', 'PAUSED')
   AND ($2::uuid IS NULL OR e.id = $2) AND ($3 = '' OR t.name = $3) AND ($4 = '' OR e.workflow_name = $4)
 ORDER BY a.created_at, a.id LIMIT $5
"""
_EXECUTIONS = f"""
SELECT e.id::text, e.id::text AS execution_id, '' AS task, e.workflow_name AS workflow, '{{}}'::json AS input,
       e.input AS execution_input, e.tags, '' AS action
  FROM execution e
 WHERE e.project_id = $1 AND e.finished_at IS NULL AND NOT {HIDDEN} AND e.state = 'PAUSED'
   AND ($2::uuid IS NULL OR e.id = $2) AND ($3 = '' OR e.workflow_name = $3)
 ORDER BY e.created_at, e.id LIMIT $4
"""


async def waiting_actions(
    source: Pool | Connection, project: str, *, execution_id: str | None, task: str, workflow: str, limit: int
) -> Sequence[Any]:
    """Return actions of a project that have not ended, oldest first; empty texts stand for any."""
    return await source.fetch(_ACTIONS, project, execution_id, task, workflow, limit)


async def paused_executions(
    source: Pool | Connection, project: str, *, execution_id: str | None, workflow: str, limit: int
) -> Sequence[Any]:
    """Return paused executions of a project, oldest first; empty texts stand for any."""
    return await source.fetch(_EXECUTIONS, project, execution_id, workflow, limit)
