"""How a task ends: publishing, the policies that come last, transitions."""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from mistral_core.errors import ExpressionFailed, Invalid
from mistral_core.machine import direct, items, join, reverse, target
from mistral_core.machine.command import Lifecycle
from mistral_core.machine.context import publish as with_published
from mistral_core.machine.draft import Draft
from mistral_core.machine.execution import TaskExecution
from mistral_core.machine.failing import completion_failure, force_fail
from mistral_core.machine.launch import work
from mistral_core.machine.plan import TaskPlan
from mistral_core.machine.policies import fail_on, retry, timeout, wait
from mistral_core.machine.publishing import publish
from mistral_core.machine.scope import entry
from mistral_core.machine.state import FINAL, State

_ANNOUNCED: Final = {
    State.SUCCESS: Lifecycle.TASK_SUCCEEDED,
    State.ERROR: Lifecycle.TASK_FAILED,
    State.CANCELLED: Lifecycle.TASK_CANCELLED,
    State.SKIPPED: Lifecycle.TASK_SKIPPED,
}


def end(
    draft: Draft,
    task_id: str,
    state: State,
    info: str | None,
    *,
    final: bool = False,
    published: bool = False,
    **fields: Any,
) -> None:
    """End a task with a state; one that has ended already stays as it is, unless it is skipped.

    The end of a suspended task is put off until somebody lets it go on.

    Args:
        final: Whether no policy may change that any more.
        published: Whether what it publishes was published before a wait.
        fields: Further fields of the task that change with it.
    """
    task = draft.tasks[task_id]
    if task.state in FINAL and state is not State.SKIPPED:
        return
    if task.suspended is not None:
        draft.change(task, **{"held": task.held or (state, info, final), **fields})
        return
    plan = draft.plan_for(task)
    if task.pending_state is not None:
        fields["pending_state"] = fields["pending_info"] = None
    task = draft.change(task, state=state, state_info=info, **fields)
    try:
        changes: dict[str, Any] = {}
        if state is not State.CANCELLED and not published:
            changes = _published(draft, task, plan)
        if plan.concludes and not final and draft.state not in FINAL:
            held = _policies(draft, draft.change(task, **changes), plan)
            if held is None:
                return
            task, changes = held, {}
        _settle(draft, task, plan, changes)
    except (ExpressionFailed, Invalid) as error:
        task = draft.tasks[task_id]
        force_fail(draft, task, completion_failure(draft, task, error))


def end_wait(draft: Draft, task: TaskExecution) -> None:
    """End a task whose ``wait-after`` is over, with the state that was held back."""
    state, info = task.pending_state or State.SUCCESS, task.pending_info
    end(draft, task.id, state, info, published=True, waited_after=True)


def advance(draft: Draft, task: TaskExecution, plan: TaskPlan, changes: dict[str, Any]) -> None:
    """Evaluate the transitions of a finished task and carry them out.

    Args:
        changes: Fields of the task that are still to be changed.

    Raises:
        ExpressionFailed: If a condition fails.
    """
    if draft.plan.reverse:
        task = draft.change(task, processed=True, **changes)
        if reverse.follow(draft, task):
            draft.change(draft.tasks[task.id], has_next=True)
        return
    if plan.ends:
        draft.change(task, processed=True, **changes)
        return
    variables = with_published(entry(task), changes.get("published", task.published))
    if plan.conditional:
        task, changes = draft.change(task, **changes), {}
    fired = direct.fired_by(draft, task, plan, variables)
    if draft.target is not None:
        fired = target.towards(draft, draft.target, task, fired)
    led_to = direct.led_to(fired)
    handled = task.state is State.ERROR and any(each.trigger == "on-error" for each in fired)
    goes_on = bool(led_to)
    task = draft.change(task, processed=True, next_tasks=led_to, has_next=goes_on, error_handled=handled, **changes)
    if direct.follow(draft, task, fired, variables) is not goes_on:
        draft.change(draft.tasks[task.id], has_next=not goes_on)
    if len(led_to) != len(plan.targets):
        join.lost(draft, plan.targets.difference([name for name, _ in led_to]))


def _published(draft: Draft, task: TaskExecution, plan: TaskPlan) -> dict[str, Any]:
    fields = publish(draft, task, plan)
    if not plan.spec.keep_result:
        actions = task.actions.mutate()
        for action in task.actions.values():
            if action.accepted:
                actions[action.id] = replace(action, output=None, blanked=True)
                draft.actions.add((task.id, action.id))
        fields["actions"] = actions.finish()
    return fields


def _policies(draft: Draft, task: TaskExecution, plan: TaskPlan) -> TaskExecution | None:
    """Return the task, perhaps in another state, or None if it does not end yet."""
    if wait.delays_end(draft, task, plan):
        return None
    task = fail_on.fails(draft, task, plan)
    ready = retry.again(draft, task, plan)
    if ready is None:
        return task
    if ready.state is State.RUNNING:
        try_again(draft, ready)
    return None


def try_again(draft: Draft, task: TaskExecution) -> None:
    """Start the next try of a task; a join that never ran looks for its branches again."""
    if task.join and join.never_ran(task):
        join.reopen(draft, task)
        return
    running = draft.change(task, state=State.RUNNING, state_info=None)
    draft.announce(Lifecycle.TASK_LAUNCHED, running)
    work(draft, running, draft.plan_for(running))


def _settle(draft: Draft, task: TaskExecution, plan: TaskPlan, changes: dict[str, Any]) -> None:
    if task.timeout_round:
        timeout.disarm(draft, task)
        changes["timeout_round"] = changes["deadline"] = 0
    changes["finished_at"] = draft.at
    draft.announce(_ANNOUNCED[task.state], task)
    if draft.state is State.RUNNING:
        advance(draft, task, plan, changes)
    else:
        draft.change(task, **changes)


def next_item(draft: Draft, task: TaskExecution, plan: TaskPlan, state: State, **fields: Any) -> None:
    """Count a finished item of a task; errors of the next item's input fail task and workflow."""
    try:
        items.finished(draft, task, plan, state, **fields)
    except (ExpressionFailed, Invalid) as error:
        failed = draft.tasks[task.id]
        force_fail(draft, failed, completion_failure(draft, failed, error))
