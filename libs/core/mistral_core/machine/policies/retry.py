"""``retry``: a task that ended is tried again, so many times, after a delay."""

from __future__ import annotations

from msgspec.structs import replace

from mistral_core.expressions import Scope, evaluate
from mistral_core.language.model import Retry
from mistral_core.machine.command import Lifecycle
from mistral_core.machine.draft import Draft
from mistral_core.machine.event import TimerKind
from mistral_core.machine.execution import TaskExecution
from mistral_core.machine.plan import TaskPlan
from mistral_core.machine.policies.values import integer
from mistral_core.machine.policies.wait import delay
from mistral_core.machine.scope import outbound, task_scope
from mistral_core.machine.state import State


def again(draft: Draft, task: TaskExecution, plan: TaskPlan) -> TaskExecution | None:
    """Return the task made ready for another try, or None if this end stands.

    A ready task is RUNNING when it may go on at once and DELAYED when a timer was started.
    """
    policy = plan.spec.policies.retry
    if policy is None or task.state not in (State.SUCCESS, State.ERROR) or _hopeless(task):
        return None
    scope = task_scope(draft, task, variables=outbound(task))
    count = integer(policy.count, "Retry", scope)
    seconds = integer(policy.delay, "Retry", scope)
    done = task.retry_no or 0
    if done >= count or not _wanted(policy, task, scope):
        return None
    fresh = withdraw(draft, task)
    fresh = draft.change(
        fresh,
        round=task.round + 1,
        retry_no=done + 1,
        items=None,
        elements=None,
        state=State.DELAYED if seconds else State.RUNNING,
        state_info=f"Delayed by 'retry' policy [delay={seconds}]" if seconds else None,
    )
    if seconds:
        delay(draft, fresh, TimerKind.RETRY, seconds)
        fresh = draft.tasks[fresh.id]
    else:
        draft.announce(Lifecycle.TASK_DELAYED, fresh)
    return fresh


def withdraw(draft: Draft, task: TaskExecution, *, indexes: frozenset[int] | None = None) -> TaskExecution:
    """Take back the accepted results of a task, all or those of the given items, and return the task."""
    actions, children = task.actions.mutate(), task.children.mutate()
    for action in task.actions.values():
        if action.accepted and (indexes is None or action.index in indexes):
            actions[action.id] = replace(action, accepted=False, updated_at=draft.at)
            draft.actions.add((task.id, action.id))
    for child in task.children.values():
        if child.accepted and (indexes is None or child.index in indexes):
            children[child.id] = replace(child, accepted=False, updated_at=draft.at)
            draft.children.add((task.id, child.id))
    return draft.change(task, actions=actions.finish(), children=children.finish())


def _hopeless(task: TaskExecution) -> bool:
    """Tell whether an action of this try said that no further one can mend its failure."""
    return task.state is State.ERROR and any(
        action.permanent and action.accepted and action.state is State.ERROR for action in task.actions.values()
    )


def _wanted(policy: Retry, task: TaskExecution, scope: Scope) -> bool:
    if task.state is State.ERROR and policy.break_on is not None and evaluate(policy.break_on, scope):
        return False
    if policy.continue_on is not None:
        return bool(evaluate(policy.continue_on, scope))
    return task.state is State.ERROR
