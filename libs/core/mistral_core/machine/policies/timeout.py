"""``timeout``: one limit for the whole task, waits and retries included, after which the task has failed for good."""

from __future__ import annotations

from mistral_core.machine.command import CancelAction, CancelTimer, StartTimer
from mistral_core.machine.draft import Draft
from mistral_core.machine.event import TimerKind
from mistral_core.machine.execution import ActionExecution, TaskExecution
from mistral_core.machine.plan import TaskPlan
from mistral_core.machine.policies.values import integer
from mistral_core.machine.scope import task_scope
from mistral_core.machine.state import State


def arm(draft: Draft, task: TaskExecution, plan: TaskPlan) -> TaskExecution:
    """Start the timer of the task, if it has a limit."""
    value = plan.spec.policies.timeout
    seconds = integer(value, "Timeout", task_scope(draft, task)) if value else 0
    if not seconds:
        return task
    due = draft.at + seconds * 1_000_000
    draft.tell(StartTimer(task_id=task.id, kind=TimerKind.TIMEOUT, round=task.round, due=due))
    resolved = {**task.resolved, "timeout": seconds}
    return draft.change(task, timeout_round=task.round, deadline=due, resolved=resolved)


def disarm(draft: Draft, task: TaskExecution) -> None:
    """Forget the timer of a task that ended in time."""
    draft.tell(CancelTimer(task_id=task.id, kind=TimerKind.TIMEOUT, round=task.timeout_round))


def info(task: TaskExecution) -> str:
    """Return what a task that ran out of time says."""
    return f"Task timed out [timeout(s)={task.resolved.get('timeout')}]."


def _place(action: ActionExecution) -> tuple[int, int]:
    return action.created_at, action.index


def cancel_runs(draft: Draft, task: TaskExecution) -> None:
    """Tell the executors that nobody waits for what the task still runs; the records stay as they are."""
    for action in sorted(task.actions.values(), key=_place):
        if action.state is State.RUNNING and action.synchronous:
            draft.tell(CancelAction(task_id=task.id, action_id=action.id, attempt=action.attempt))
