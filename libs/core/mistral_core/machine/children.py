"""Sub-workflows as their parent task sees them: how one is asked for, and what its news do to the task."""

from __future__ import annotations

from collections.abc import Iterator

from mistral_core.expressions import Scope
from mistral_core.machine.command import StartChild
from mistral_core.machine.dispatch import input_of
from mistral_core.machine.draft import Draft
from mistral_core.machine.execution import ChildExecution, TaskExecution, TaskType
from mistral_core.machine.plan import TaskPlan
from mistral_core.machine.state import FINAL, State
from mistral_core.priority import priority_of


def child_for(
    draft: Draft, task: TaskExecution, plan: TaskPlan, name: str, scope: Scope, index: int = 0
) -> tuple[ChildExecution, StartChild]:
    """Return the record of a new sub-workflow and the command that starts it; neither is stored yet.

    Raises:
        ExpressionFailed: If an expression of the input fails.
        InvalidInput: If the input is no mapping.
    """
    child = ChildExecution(
        id=draft.next_id(),
        workflow=name,
        state=State.RUNNING,
        created_at=draft.at,
        updated_at=draft.at,
        index=index,
        round=task.round,
        input=input_of(plan, scope),
        priority=draft.execution.params.get("priority") if plan.priority is None else priority_of(plan.priority(scope)),
    )
    return child, start_of(task.id, child)


def start_of(task_id: str, child: ChildExecution) -> StartChild:
    """Return the command that starts a sub-workflow as its record says."""
    return StartChild(task_id=task_id, child_id=child.id, index=child.index, workflow=child.workflow, input=child.input)


def unfinished(draft: Draft) -> Iterator[ChildExecution]:
    """Yield the sub-workflows that are not final, in the order of their tasks; for rare events only."""
    for task in draft.in_order():
        if task.type is TaskType.WORKFLOW:
            children = (child for child in task.children.values() if child.state not in FINAL)
            yield from sorted(children, key=lambda child: (child.created_at, child.index))
