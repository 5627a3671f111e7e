"""Answers to ``tasks()`` and ``executions()`` from the executions of one stub run."""

from collections.abc import Iterable, Mapping
from typing import Any

from mistral_core.machine.document import execution_document, stamp, task_document
from mistral_core.machine.execution import Execution, TaskExecution, TaskType
from mistral_core.machine.surroundings import ExecutionsQuery, Query, TasksQuery


def answer(query: Query, executions: Mapping[str, Execution]) -> list[dict[str, Any]]:
    """Return the documents that a query asks for, oldest first."""
    match query:
        case ExecutionsQuery(filters=filters):
            chosen = (each for each in executions.values() if all(_has(each, *wish) for wish in filters))
            return [execution_document(each) for each in chosen]
        case TasksQuery():
            found = [(t, e) for e in _family(query, executions) for t in e.tasks.values() if _fits(t, query)]
            found.sort(key=lambda pair: (pair[0].created_at, pair[0].number, pair[0].id))
            return [task_document(task, each.id, each.definition) for task, each in found]


def _has(execution: Execution, name: str, wanted: str) -> bool:
    match name:
        case "id":
            return execution.id == wanted
        case "root_execution_id":
            return execution.root_id == wanted
        case "state":
            return execution.state.value == wanted
        case "from_time":
            return stamp(execution.created_at) >= wanted
        case "to_time":
            return stamp(execution.created_at) < wanted
    return False


def _family(query: TasksQuery, executions: Mapping[str, Execution]) -> Iterable[Execution]:
    if query.execution_id is None:
        return list(executions.values())
    found: list[Execution] = []
    waiting = [query.execution_id]
    while waiting:
        execution = executions.get(waiting.pop())
        if execution is None:
            continue
        found.append(execution)
        if query.recursive:
            waiting.extend(child for task in execution.tasks.values() for child in task.children)
    return found


def _fits(task: TaskExecution, query: TasksQuery) -> bool:
    if query.state is not None and task.state.value != query.state:
        return False
    if not query.flat or task.type is TaskType.ACTION:
        return True
    return all(child.state is not task.state for child in task.children.values())
