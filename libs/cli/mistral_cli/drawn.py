"""An execution as a drawing needs it, read from the mesh: its definition and what its tasks did."""

import json
from dataclasses import dataclass
from typing import Any

from mistral_cli.connection import Mesh
from mistral_cli.listing import listed
from mistral_cli.record import bare, seconds_of
from mistral_core.graph import TaskRun

_MOST_TASKS = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What an execution did.

    Attributes:
        outdated: Whether the definition was changed after it began.
        took: Seconds so far, or until its end.
    """

    workflow: str
    definition: str
    outdated: bool
    state: str
    took: float
    tasks: tuple[TaskRun, ...]


def read_run(mesh: Mesh, execution_id: str, *, now: float) -> Run:
    """Read an execution, its workflow and its tasks."""
    execution = mesh.executions.GetExecution(id=execution_id).execution
    workflow = mesh.workflows.GetWorkflow(identifier=execution.workflow_id).workflow
    found = listed(mesh.tasks.ListTasks, "tasks", limit=_MOST_TASKS, execution_id=execution_id)
    ended = _time(execution, "finished_at") or now
    return Run(
        workflow=execution.workflow_name,
        definition=workflow.definition,
        outdated=workflow.version != execution.workflow_version,
        state=_state(execution),
        took=max(0.0, ended - seconds_of(execution.created_at)),
        tasks=tuple(_task(task, now) for task in found),
    )


def _task(message: Any, now: float) -> TaskRun:
    context = json.loads(message.runtime_context or "{}")
    started = _time(message, "started_at")
    return TaskRun(
        id=message.id,
        name=message.name,
        state=_state(message),
        started=started,
        until=_time(message, "finished_at") or (None if started is None else now),
        before=tuple((each["task_id"], each.get("event", "")) for each in context.get("triggered_by") or ()),
    )


def _state(message: Any) -> str:
    return bare(message.DESCRIPTOR.fields_by_name["state"].enum_type.values_by_number[message.state].name)


def _time(message: Any, name: str) -> float | None:
    return seconds_of(getattr(message, name)) if message.HasField(name) else None
