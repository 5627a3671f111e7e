"""Failing a task together with its workflow: for mistakes in the definition that no ``on-error`` may hide."""

from __future__ import annotations

from mistral_core.machine import completion
from mistral_core.machine.command import CancelTimer, Lifecycle
from mistral_core.machine.draft import Draft
from mistral_core.machine.event import TimerKind
from mistral_core.machine.execution import TaskExecution
from mistral_core.machine.state import FINAL, State
from mistral_core.machine.texts import clipped, first_line


def force_fail(draft: Draft, task: TaskExecution, message: str) -> None:
    """Turn the task and the workflow to ERROR with the same message; nothing of the task is followed."""
    message = clipped(message)
    if task.timeout_round:
        draft.tell(CancelTimer(task_id=task.id, kind=TimerKind.TIMEOUT, round=task.timeout_round))
    failed = draft.change(
        task,
        state=State.ERROR,
        state_info=message,
        finished_at=draft.at,
        processed=False,
        forced=True,
        error_handled=False,
        pending_state=None,
        pending_info=None,
        timeout_round=0,
        deadline=0,
        suspended=None,
        held=None,
    )
    draft.announce(Lifecycle.TASK_FAILED, failed)
    if draft.state not in FINAL:
        completion.fail(draft, message)


def run_failure(draft: Draft, task: TaskExecution, error: BaseException) -> str:
    """Return the text for a task that could not be run."""
    return f"Failed to run task [error={first_line(error)}, wf={draft.execution.workflow_name}, task={task.name}]"


def completion_failure(draft: Draft, task: TaskExecution, error: BaseException) -> str:
    """Return the text for a task whose completion could not be handled."""
    spec = draft.plan_for(task).spec
    where = f"wf={draft.execution.workflow_name}, task={task.name}, action={spec.workflow or spec.action}"
    return f"Failed to handle action completion [error={first_line(error)}, {where}]"
