"""Records as users see them in expressions: what ``task()`` and ``execution()`` give."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any

from mistral_core.language.model import Workflow
from mistral_core.machine.execution import Execution, Json, TaskExecution, TaskType

_by_index = attrgetter("index")


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def stamp(at: int) -> str:
    """Return a time in microseconds since the epoch as ``YYYY-MM-DD HH:MM:SS``, UTC."""
    return _second(at // 1_000_000)


def result_of(task: TaskExecution, *, listed: bool) -> Json:
    """Return what ``task().result`` is.

    Args:
        listed: Whether the task has with-items, whose result is a list whatever its length.
    """
    records: Any = task.actions if task.type is TaskType.ACTION else task.children
    accepted = [each for each in records.values() if each.accepted]
    if not listed and len(accepted) == 1:
        return _value(accepted[0])
    accepted.sort(key=_by_index)
    return [_value(each) for each in accepted]


def _value(record: Any) -> Json:
    return None if getattr(record, "blanked", False) else record.output


def task_document(task: TaskExecution, execution_id: str, workflow: Workflow) -> dict[str, Any]:
    """Return what ``task()`` gives for a task."""
    spec = workflow.tasks[task.name]
    return {
        "id": task.id,
        "name": task.name,
        "spec": spec.spec,
        "state": task.state.value,
        "state_info": task.state_info,
        "result": result_of(task, listed=spec.with_items is not None),
        "published": task.published,
        "type": task.type.value,
        "workflow_execution_id": execution_id,
        "created_at": stamp(task.created_at),
        "updated_at": stamp(task.updated_at),
    }


def execution_document(execution: Execution) -> dict[str, Any]:
    """Return what ``execution()`` gives."""
    return {
        "id": execution.id,
        "name": execution.workflow_name,
        "spec": execution.definition.spec,
        "input": execution.input,
        "params": execution.params,
        "created_at": stamp(execution.created_at),
        "updated_at": stamp(execution.updated_at),
        "root_execution_id": execution.root_id,
    }


def listed_execution(execution: Execution) -> dict[str, Any]:
    """Return what ``executions()`` gives for one execution: the same, and how it stands."""
    return {
        **execution_document(execution),
        "workflow_name": execution.workflow_name,
        "workflow_namespace": execution.workflow_namespace,
        "workflow_id": execution.workflow_id,
        "description": execution.description,
        "tags": list(execution.tags),
        "state": execution.state.value,
        "state_info": execution.state_info,
        "output": execution.output,
        "project_id": execution.project,
        "task_execution_id": None if execution.parent is None else execution.parent.task_id,
    }
