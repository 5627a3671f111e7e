"""``pause-before``: the execution stops before the task, which stays IDLE until somebody resumes it."""

from __future__ import annotations

from mistral_core.machine.draft import Draft
from mistral_core.machine.execution import TaskExecution
from mistral_core.machine.plan import TaskPlan
from mistral_core.machine.policies.values import truth
from mistral_core.machine.scope import task_scope
from mistral_core.machine.state import State


def holds(draft: Draft, task: TaskExecution, plan: TaskPlan) -> bool:
    """Set the task IDLE if the policy says so; the caller pauses the execution then."""
    value = plan.spec.policies.pause_before
    if not value or not truth(value, "PauseBefore", task_scope(draft, task)):
        return False
    draft.change(task, state=State.IDLE, state_info="Set by 'pause-before' policy", started_at=None)
    return True
