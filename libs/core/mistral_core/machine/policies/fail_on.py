"""``fail-on``: a task that succeeded is an ERROR after all. What it published stays."""

from __future__ import annotations

from mistral_core.machine.draft import Draft
from mistral_core.machine.execution import TaskExecution
from mistral_core.machine.plan import TaskPlan
from mistral_core.machine.policies.values import truth
from mistral_core.machine.scope import task_scope
from mistral_core.machine.state import State


def fails(draft: Draft, task: TaskExecution, plan: TaskPlan) -> TaskExecution:
    """Return the task, turned to ERROR if the policy says so."""
    value = plan.spec.policies.fail_on
    if not value or task.state is not State.SUCCESS or not truth(value, "FailOn", task_scope(draft, task)):
        return task
    return draft.change(task, state=State.ERROR, state_info="Failed by 'fail-on' policy")
