"""How a task comes to life: its record, the policies that come first, then its action, sub-workflow or items."""

from __future__ import annotations

from mistral_core.errors import ExpressionFailed, Invalid
from mistral_core.machine import control, items
from mistral_core.machine.children import child_for
from mistral_core.machine.command import Lifecycle
from mistral_core.machine.context import Context
from mistral_core.machine.dispatch import action_for, name_of
from mistral_core.machine.draft import Draft
from mistral_core.machine.execution import TaskExecution, TaskType
from mistral_core.machine.failing import force_fail, run_failure
from mistral_core.machine.plan import TaskPlan
from mistral_core.machine.policies import pause, timeout, wait
from mistral_core.machine.scope import task_scope
from mistral_core.machine.state import FINAL, State


def create(
    draft: Draft, name: str, context: Context, triggered_by: tuple[tuple[str, str], ...], *, waiting: bool = False
) -> TaskExecution:
    """Add the record of a new task, RUNNING or, for a join, WAITING."""
    previous = draft.last.get(name)
    plan = draft.plan.tasks[name]
    task = TaskExecution(
        id=draft.next_id(),
        name=name,
        type=TaskType.WORKFLOW if plan.workflow else TaskType.ACTION,
        state=State.WAITING if waiting else State.RUNNING,
        state_info="Task is waiting." if waiting else None,
        created_at=draft.at,
        updated_at=draft.at,
        started_at=None if waiting else draft.at,
        triggered_by=triggered_by,
        context=context,
        previous=previous,
        join=plan.join,
        number=draft.sequence,
    )
    draft.add(task)
    return task


def launch(draft: Draft, name: str, context: Context, triggered_by: tuple[tuple[str, str], ...]) -> None:
    """Create a task and start its work."""
    begin(draft, create(draft, name, context, triggered_by))


def begin(
    draft: Draft, task: TaskExecution, *, event: Lifecycle = Lifecycle.TASK_LAUNCHED, paused: bool = False
) -> None:
    """Start the work of a RUNNING task, unless a policy holds it back.

    Args:
        event: What to announce.
        paused: Whether ``pause-before`` was served already.
    """
    plan = draft.plan_for(task)
    if not plan.prepares:
        draft.announce(event, task)
        work(draft, task, plan)
        return
    try:
        if not paused and pause.holds(draft, task, plan):
            control.pause_execution(draft, f"Set by 'pause-before' policy [task={task.name}]")
            return
        task = timeout.arm(draft, task, plan)
        if not task.waited_before and wait.delays_start(draft, task, plan):
            return
    except (ExpressionFailed, Invalid) as error:
        force_fail(draft, draft.tasks[task.id], run_failure(draft, task, error))
        return
    draft.announce(event, task)
    work(draft, task, plan)


def work(draft: Draft, task: TaskExecution, plan: TaskPlan) -> None:
    """Give out what a RUNNING task has to do. What cannot be evaluated fails the task and the workflow."""
    try:
        if plan.bindings:
            if task.items is None:
                items.start(draft, task, plan)
            else:
                items.start_again(draft, task, plan, task.items.rerun)
        elif plan.workflow:
            scope = task_scope(draft, task)
            child, start = child_for(draft, task, plan, name_of(plan, scope), scope)
            draft.change(task, children=task.children.set(child.id, child))
            draft.children.add((task.id, child.id))
            draft.tell(start)
        else:
            scope = task_scope(draft, task)
            action, run = action_for(draft, task, plan, name_of(plan, scope), scope)
            draft.change(task, actions=task.actions.set(action.id, action))
            draft.actions.add((task.id, action.id))
            draft.tell(run)
    except (ExpressionFailed, Invalid) as error:
        failed = draft.tasks[task.id]
        if failed.state not in FINAL:
            force_fail(draft, failed, run_failure(draft, failed, error))


def resume_work(draft: Draft, task: TaskExecution) -> None:
    """Let a task that a policy held back go on with its work."""
    running = draft.change(task, state=State.RUNNING, state_info=None)
    draft.announce(Lifecycle.TASK_LAUNCHED, running)
    work(draft, running, draft.plan_for(task))
