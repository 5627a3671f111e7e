"""News about actions and sub-workflows: what they do to their records and to the task."""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from mistral_core.errors import ExpressionFailed, IllegalState, Invalid, NotFound
from mistral_core.machine import control, resuming
from mistral_core.machine.command import Lifecycle
from mistral_core.machine.dispatch import adhoc_output, run_of
from mistral_core.machine.draft import Draft
from mistral_core.machine.ending import end, next_item
from mistral_core.machine.event import (
    ActionDeferred,
    ActionFinished,
    ActionLost,
    ActionUpdated,
    ChildFinished,
    ChildPaused,
    ChildRefused,
    ChildResumed,
    Outcome,
)
from mistral_core.machine.execution import ActionExecution, ChildExecution, TaskExecution
from mistral_core.machine.failing import completion_failure, force_fail
from mistral_core.machine.needs import due_again
from mistral_core.machine.policies import timeout
from mistral_core.machine.state import FINAL, State, may_change
from mistral_core.machine.texts import clipped, error_text
from mistral_core.standard import ASYNCHRONOUS

_STATES: Final = {
    Outcome.SUCCESS: State.SUCCESS,
    Outcome.ERROR: State.ERROR,
    Outcome.CANCELLED: State.CANCELLED,
    Outcome.REFUSED: State.ERROR,
}


def action_finished(draft: Draft, event: ActionFinished) -> None:
    """Record how a run ended, and let its task go on with that."""
    found = _live_action(draft, event.task_id, event.action_id, event.attempt)
    if found is None:
        return
    task, action = found
    state, value = _STATES[event.outcome], event.value
    counts = _moves(task, action.round) and not _cut_off(draft, state)
    late = counts and 0 < task.deadline <= event.at and state is not State.SUCCESS and task.suspended is None
    failure: ExpressionFailed | Invalid | None = None
    if state is State.SUCCESS and action.base is not None:
        try:
            value = adhoc_output(draft, task, action.name, value)
        except (ExpressionFailed, Invalid) as error:
            failure = error
    ended = replace(
        action,
        state=state,
        output=value,
        accepted=counts and not late,
        updated_at=draft.at,
        worker=event.worker,
        permanent=event.permanent,
    )
    actions = task.actions.set(action.id, ended)
    draft.actions.add((task.id, action.id))
    if counts and not late and failure is None and event.outcome is not Outcome.REFUSED:
        _go_on(draft, task, state, None if state is State.SUCCESS else error_text(value), actions=actions)
        return
    task = draft.note(task, actions=actions)
    if not counts:
        return
    if late:
        time_out(draft, task)
    elif event.outcome is Outcome.REFUSED:
        force_fail(draft, task, error_text(value) or "The action was refused.")
    elif failure is not None:
        force_fail(draft, task, completion_failure(draft, task, failure))


def time_out(draft: Draft, task: TaskExecution) -> None:
    """End a task whose time is over, for good."""
    timeout.cancel_runs(draft, task)
    end(draft, task.id, State.ERROR, timeout.info(task), final=True)


def action_deferred(draft: Draft, event: ActionDeferred) -> None:
    """Take note that somebody else will complete the action."""
    found = _live_action(draft, event.task_id, event.action_id, event.attempt)
    if found is not None and found[1].synchronous:
        draft.change_action(*found, synchronous=False)


def action_lost(draft: Draft, event: ActionLost) -> None:
    """Run a lost action again if that is safe; otherwise it is an error."""
    found = _live_action(draft, event.task_id, event.action_id, event.attempt)
    if found is None or not found[1].synchronous:
        return
    task, action = found
    if action.safe_rerun and draft.state not in FINAL and _moves(task, action.round):
        needs = due_again(action.needs, draft.at)
        again = draft.change_action(task, action, attempt=action.attempt + 1, needs=needs)
        draft.tell(run_of(task.id, again))
        return
    finished = ActionFinished(
        at=event.at,
        task_id=event.task_id,
        action_id=event.action_id,
        attempt=event.attempt,
        outcome=Outcome.ERROR,
        value="The executor was lost while it ran the action, and the action is not safe to run again.",
    )
    action_finished(draft, finished)


def action_updated(draft: Draft, event: ActionUpdated) -> None:
    """Pause or resume an asynchronous action, and with it task and execution.

    Raises:
        NotFound: If there is no such action.
        IllegalState: If the action cannot take that state.
    """
    task = draft.tasks.get(event.task_id)
    action = None if task is None else task.actions.get(event.action_id)
    if task is None or action is None:
        raise NotFound(f"Action execution not found [action_execution_id={event.action_id}]")
    if event.state not in (State.PAUSED, State.RUNNING) or not may_change(action.state, event.state):
        raise IllegalState(f"Invalid state transition from {action.state} to {event.state}.")
    if event.state is State.PAUSED and action.synchronous and action.name not in ASYNCHRONOUS:
        raise IllegalState(
            "Transition to the PAUSED state is only supported for asynchronous action execution. "
            f"[action_execution_id={action.id}]"
        )
    if action.state is event.state:
        return
    draft.change_action(task, action, state=event.state)
    if _moves(task, action.round):
        (_task_paused if event.state is State.PAUSED else _task_resumed)(draft, draft.tasks[task.id])


def child_finished(draft: Draft, event: ChildFinished) -> None:
    """Record how a sub-workflow ended, and let its task go on with that."""
    found = _child(draft, event.task_id, event.child_id)
    if found is None or _stale(found[1], event.order):
        return
    if found[1].state in FINAL:
        if not event.order:
            return
        # It ended before, was run again, and the news of that are still on their way.
        resuming.reopen_child(draft, *found, event.order, event.replays)
    task = draft.tasks[event.task_id]
    child = task.children[event.child_id]
    counts = _moves(task, child.round)
    draft.change_child(
        task,
        child,
        state=event.state,
        output=event.output,
        state_info=event.state_info,
        accepted=counts,
        order=max(child.order, event.order),
        replays=max(child.replays, event.replays),
    )
    if counts:
        info = event.state_info
        if event.state is State.ERROR and info is None:
            info = f"Failed subworkflow [execution_id={child.id}]"
        _go_on(draft, draft.tasks[task.id], event.state, None if event.state is State.SUCCESS else info)


def child_refused(draft: Draft, event: ChildRefused) -> None:
    """Fail the task of a sub-workflow that could not be started."""
    found = _live_child(draft, event.task_id, event.child_id)
    if found is None:
        return
    task, child = found
    counts, text = _moves(task, child.round), clipped(event.message)
    draft.change_child(task, child, state=State.ERROR, output={"result": text}, state_info=text, accepted=counts)
    if counts:
        _go_on(draft, draft.tasks[task.id], State.ERROR, text)


def child_paused(draft: Draft, event: ChildPaused) -> None:
    """Pause the task, and the execution with all its sub-workflows, when one of these was paused."""
    found = _live_child(draft, event.task_id, event.child_id)
    if found is None or found[1].state is State.PAUSED or _stale(found[1], event.order):
        return
    task, child = found
    draft.change_child(task, child, state=State.PAUSED, order=max(child.order, event.order))
    if _moves(task, child.round):
        _task_paused(draft, draft.tasks[task.id])


def child_resumed(draft: Draft, event: ChildResumed) -> None:
    """Let the task, and perhaps the execution, run again with a sub-workflow that does."""
    found = _child(draft, event.task_id, event.child_id)
    if found is None or found[1].state is State.RUNNING or _stale(found[1], event.order):
        return
    task, child = found
    if child.state in FINAL:
        resuming.reopen_child(draft, task, child, event.order, event.replays)
        return
    draft.change_child(task, child, state=State.RUNNING, order=max(child.order, event.order))
    if _moves(task, child.round):
        _task_resumed(draft, draft.tasks[task.id])


def _live_action(
    draft: Draft, task_id: str, action_id: str, attempt: int
) -> tuple[TaskExecution, ActionExecution] | None:
    task = draft.tasks.get(task_id)
    action = None if task is None else task.actions.get(action_id)
    if task is None or action is None or action.state in FINAL or action.attempt != attempt:
        return None
    return task, action


def _child(draft: Draft, task_id: str, child_id: str) -> tuple[TaskExecution, ChildExecution] | None:
    task = draft.tasks.get(task_id)
    child = None if task is None else task.children.get(child_id)
    return None if task is None or child is None else (task, child)


def _live_child(draft: Draft, task_id: str, child_id: str) -> tuple[TaskExecution, ChildExecution] | None:
    found = _child(draft, task_id, child_id)
    return None if found is None or found[1].state in FINAL else found


def _stale(child: ChildExecution, order: int) -> bool:
    """Tell whether news of a child are older than what is known; news without an order never are."""
    return 0 < order <= child.order


def _cut_off(draft: Draft, state: State) -> bool:
    """Tell whether an action's end comes too late for its task, which stays as the end of the execution found it."""
    return draft.state is State.CANCELLED or (state is State.CANCELLED and draft.state in FINAL)


def _moves(task: TaskExecution, round: int) -> bool:
    return task.state in (State.RUNNING, State.PAUSED) and task.round == round


def _go_on(draft: Draft, task: TaskExecution, state: State, info: str | None, **fields: Any) -> None:
    plan = draft.plan_for(task)
    if plan.bindings:
        next_item(draft, task, plan, state, **fields)
    else:
        end(draft, task.id, state, info, **fields)


def _task_paused(draft: Draft, task: TaskExecution) -> None:
    if task.suspended is State.RUNNING:
        draft.change(task, suspended=State.PAUSED)
    elif task.state is State.RUNNING:
        draft.announce(Lifecycle.TASK_PAUSED, draft.change(task, state=State.PAUSED))
    control.pause_execution(draft, None)


def _task_resumed(draft: Draft, task: TaskExecution) -> None:
    records: list[Any] = [*task.actions.values(), *task.children.values()]
    none_paused = not any(each.state is State.PAUSED for each in records)
    if task.suspended is State.PAUSED and none_paused:
        draft.change(task, suspended=State.RUNNING)
    elif task.state is State.PAUSED and task.suspended is None and none_paused:
        draft.announce(Lifecycle.TASK_RESUMED, draft.change(task, state=State.RUNNING))
    resuming.resume_if_none_paused(draft)
