"""``wait-before`` and ``wait-after``: the task is DELAYED before its work starts, or after it has ended."""

from __future__ import annotations

from mistral_core.machine.command import Lifecycle, StartTimer
from mistral_core.machine.draft import Draft
from mistral_core.machine.event import TimerKind
from mistral_core.machine.execution import TaskExecution
from mistral_core.machine.plan import TaskPlan
from mistral_core.machine.policies.values import integer
from mistral_core.machine.scope import task_scope
from mistral_core.machine.state import State


def delays_start(draft: Draft, task: TaskExecution, plan: TaskPlan) -> bool:
    """Delay the start of a task, if the policy says so."""
    value = plan.spec.policies.wait_before
    seconds = integer(value, "WaitBefore", task_scope(draft, task)) if value else 0
    if not seconds:
        return False
    info = f"Delayed by 'wait-before' policy [delay={seconds}]"
    delay(draft, draft.change(task, state=State.DELAYED, state_info=info), TimerKind.WAIT_BEFORE, seconds)
    return True


def delays_end(draft: Draft, task: TaskExecution, plan: TaskPlan) -> bool:
    """Delay the end of a task, once, if the policy says so; its final state is kept aside."""
    value = plan.spec.policies.wait_after
    if not value or task.waited_after or task.state not in (State.SUCCESS, State.ERROR):
        return False
    seconds = integer(value, "WaitAfter", task_scope(draft, task))
    if not seconds:
        return False
    delayed = draft.change(
        task,
        state=State.DELAYED,
        state_info=f"Delayed by 'wait-after' policy [delay={seconds}]",
        pending_state=task.state,
        pending_info=task.state_info,
    )
    delay(draft, delayed, TimerKind.WAIT_AFTER, seconds)
    return True


def delay(draft: Draft, task: TaskExecution, kind: TimerKind, seconds: int) -> None:
    """Start the timer that ends a delay of the task."""
    due = draft.at + seconds * 1_000_000
    task = draft.change(task, delayed_by=kind.value, due=due)
    draft.tell(StartTimer(task_id=task.id, kind=kind, round=task.round, due=due))
    draft.announce(Lifecycle.TASK_DELAYED, task)
