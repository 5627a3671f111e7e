"""Answers to what expressions ask about other executions: ``tasks()`` and ``executions()``."""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from mistral_core.machine.document import listed_execution, task_document
from mistral_core.machine.execution import Execution, TaskExecution, TaskType
from mistral_core.machine.surroundings import ExecutionsQuery, Query, TasksQuery
from mistral_engine.definitions import Definitions
from mistral_engine.hot import HotExecutions
from mistral_persistence import restore
from mistral_persistence.database import Pool
from mistral_persistence.selection import executions_of, family_below


class Facts:
    """Looks into the store; executions in memory are taken as they are there, which is the same or newer."""

    def __init__(self, pool: Pool, definitions: Definitions, hot: HotExecutions) -> None:
        self._pool = pool
        self._definitions = definitions
        self._hot = hot

    async def answer(self, query: Query) -> Sequence[Mapping[str, Any]]:
        """Return the documents that a query asks for, oldest first; none for an id or time that is malformed."""
        try:
            match query:
                case ExecutionsQuery():
                    ids = await executions_of(self._pool, query.project, dict(query.filters))
                    return [listed_execution(e) for e in await self._load(ids)]
                case TasksQuery():
                    return await self._tasks(query)
        except asyncpg.DataError:
            return []

    async def _tasks(self, query: TasksQuery) -> list[Mapping[str, Any]]:
        if query.execution_id is None:
            ids = await executions_of(self._pool, query.project, {})
        else:
            ids = await family_below(self._pool, query.project, query.execution_id, recursive=query.recursive)
        executions = await self._load(ids)
        found = [(t, e) for e in executions for t in e.tasks.values() if _fits(t, query)]
        found.sort(key=lambda pair: (pair[0].created_at, pair[0].id))
        return [task_document(task, e.id, e.definition) for task, e in found]

    async def _load(self, ids: Sequence[str]) -> list[Execution]:
        hot = {i: kept.execution for i in ids if (kept := self._hot.get(i)) is not None}
        missing = [i for i in ids if i not in hot]
        if missing:
            async with self._pool.acquire() as connection:
                stored = await restore.load(connection, missing)
            versions = {i: (s.execution["workflow_id"], s.execution["workflow_version"]) for i, s in stored.items()}
            workflows = await self._definitions.versions(list(versions.values()))
            hot |= {i: s.with_definition(workflows[versions[i]]) for i, s in stored.items() if versions[i] in workflows}
        return [hot[i] for i in ids if i in hot]


def _fits(task: TaskExecution, query: TasksQuery) -> bool:
    if query.state is not None and task.state.value != query.state:
        return False
    if not query.flat or task.type is TaskType.ACTION:
        return True
    # A workflow task counts by itself when none of its sub-workflows shows its state.
    return all(child.state is not task.state for child in task.children.values())
