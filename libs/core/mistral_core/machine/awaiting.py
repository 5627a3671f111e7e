"""Runs that nobody can take yet: the task says so for as long as that is the case."""

from __future__ import annotations

from typing import Final

from mistral_core.machine.command import Lifecycle
from mistral_core.machine.draft import Draft
from mistral_core.machine.event import WorkerAwaited
from mistral_core.machine.execution import TaskExecution
from mistral_core.machine.needs import WorkerNeeds
from mistral_core.machine.state import State

_WAITS: Final = "Waiting for a worker "


def worker_awaited(draft: Draft, event: WorkerAwaited) -> None:
    """Show on the task that a run of it waits for a worker, or that it does no more."""
    task = draft.tasks.get(event.task_id)
    action = None if task is None else task.actions.get(event.action_id)
    if task is None or action is None or action.needs is None or task.state is not State.RUNNING:
        return
    if action.state is not State.RUNNING or action.attempt != event.attempt or action.round != task.round:
        return
    shown = says_so(task)
    info = told(action.needs, action.base or action.name) if event.awaited else None
    if info == task.state_info or (task.state_info is not None and not shown):
        return
    draft.announce(Lifecycle.TASK_WAITING, draft.change(task, state_info=info))


def says_so(task: TaskExecution) -> bool:
    """Tell whether a task says that it waits for a worker."""
    return task.state_info is not None and task.state_info.startswith(_WAITS)


def told(needs: WorkerNeeds, action: str) -> str:
    """Return what is told of a run that waits."""
    labels = ", ".join(f"{name}={value}" for name, value in needs.labels)
    having = f" and has the labels {labels}" if labels else ""
    return f"{_WAITS}that offers '{action}' on queue '{needs.queue}'{having}"


def too_late(action: str, queue: str, seconds: float) -> str:
    """Return the error of a run that nobody began in time."""
    return f"No worker began the action in time: none took '{action}' from queue '{queue}' within {seconds:g} seconds"
