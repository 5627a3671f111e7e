"""What people do to an execution as a whole: pause, resume, stop, change its environment."""

from __future__ import annotations

from collections.abc import Mapping

from mistral_core.errors import Forbidden, IllegalState, Invalid
from mistral_core.machine import completion
from mistral_core.machine.children import unfinished
from mistral_core.machine.command import Lifecycle, TellChild, TellParent
from mistral_core.machine.context import merged
from mistral_core.machine.draft import Draft
from mistral_core.machine.event import (
    ChildPaused,
    ChildResumed,
    EnvironmentChanged,
    PauseRequested,
    ResumeRequested,
    StopRequested,
)
from mistral_core.machine.execution import Execution
from mistral_core.machine.policies.timeout import cancel_runs
from mistral_core.machine.state import FINAL, State
from mistral_core.machine.texts import message


def illegal_change(execution: Execution, wanted: State) -> IllegalState:
    """Return the refusal of a change of the execution's state."""
    return IllegalState(
        f"Can't change workflow execution state from {execution.state} to {wanted}. "
        f"[workflow={execution.workflow_name}, execution_id={execution.id}]"
    )


def pause(draft: Draft, event: PauseRequested) -> None:
    """Pause a running execution; one that is paused already stays as it is.

    Raises:
        IllegalState: If the execution is final.
    """
    if draft.state in FINAL:
        raise illegal_change(draft.execution, State.PAUSED)
    pause_execution(draft, message(event.message))


def pause_execution(draft: Draft, info: str | None) -> None:
    """Pause with the sub-workflows, and tell the parent. What runs goes on; what would follow waits."""
    if draft.state is not State.RUNNING:
        return
    for child in unfinished(draft):
        if child.state is not State.PAUSED:
            draft.tell(TellChild(child_id=child.id, event=PauseRequested(at=draft.at, message=info)))
    draft.amend(state=State.PAUSED, state_info=info)
    draft.announce(Lifecycle.WORKFLOW_PAUSED)
    parent = draft.execution.parent
    if parent is not None:
        event = ChildPaused(at=draft.at, task_id=parent.task_id, child_id=draft.before.id, order=draft.next_order())
        draft.tell(TellParent(execution_id=parent.execution_id, event=event))


def resume_execution(draft: Draft, *, children: bool = True) -> None:
    """Set a paused execution RUNNING, tell sub-workflows and parent; the caller sees to what is to follow."""
    if children:
        for child in unfinished(draft):
            draft.tell(TellChild(child_id=child.id, event=ResumeRequested(at=draft.at)))
    draft.amend(state=State.RUNNING, state_info=None)
    draft.announce(Lifecycle.WORKFLOW_RESUMED)
    tell_parent_resumed(draft)


def tell_parent_resumed(draft: Draft) -> None:
    """Tell the parent that the execution runs again."""
    parent = draft.execution.parent
    if parent is not None:
        event = ChildResumed(
            at=draft.at,
            task_id=parent.task_id,
            child_id=draft.before.id,
            order=draft.next_order(),
            replays=draft.execution.replays,
        )
        draft.tell(TellParent(execution_id=parent.execution_id, event=event))


def stop(draft: Draft, event: StopRequested) -> None:
    """End the execution now. On one that is final only a wish for SUCCESS is refused, others change nothing.

    Raises:
        IllegalState: If SUCCESS is wanted of an execution that is not running.
        Invalid: If ``state`` is not final.
    """
    info = message(event.message)
    if event.state is State.SUCCESS and draft.state is not State.RUNNING:
        raise illegal_change(draft.execution, State.SUCCESS)
    if draft.state in FINAL:
        return
    match event.state:
        case State.SUCCESS:
            completion.succeed(draft, info)
        case State.ERROR:
            completion.fail(draft, info)
        case State.CANCELLED:
            for child in unfinished(draft):
                told = StopRequested(at=draft.at, state=State.CANCELLED, message=info)
                draft.tell(TellChild(child_id=child.id, event=told))
            completion.cancel(draft, info)
        case _:
            raise Invalid(f"An execution cannot be stopped with {event.state}.")
    _cancel_actions(draft)


def _cancel_actions(draft: Draft) -> None:
    for task in draft.in_order():
        if task.state not in FINAL:
            cancel_runs(draft, task)


def change_environment(draft: Draft, event: EnvironmentChanged) -> None:
    """Merge into the environment; a child takes what its parent tells it, whatever its state.

    Raises:
        Forbidden: If the root execution is running or has succeeded.
    """
    if draft.execution.parent is None:
        if draft.state not in (State.IDLE, State.PAUSED, State.ERROR):
            raise Forbidden(
                "Updating env to workflow execution is only permitted if it is in IDLE, PAUSED or ERROR state. "
                f"[execution_id={draft.before.id}, state={draft.state}]"
            )
        merge_environment(draft, event.env)
        return
    draft.amend(env=merged(draft.execution.env, event.env))
    _tell_environment(draft)


def merge_environment(draft: Draft, env: object) -> None:
    """Merge into the params, and for a root execution into the environment that all its sub-workflows see.

    Raises:
        Invalid: If ``env`` is not a mapping.
    """
    if not isinstance(env, Mapping):
        raise Invalid("An environment must be a mapping.")
    draft.amend(params={**draft.execution.params, "env": merged(draft.execution.params.get("env") or {}, env)})
    if draft.execution.parent is None:
        draft.amend(env=merged(draft.execution.env, env))
        _tell_environment(draft)


def _tell_environment(draft: Draft) -> None:
    for child in unfinished(draft):
        event = EnvironmentChanged(at=draft.at, env=draft.execution.env)
        draft.tell(TellChild(child_id=child.id, event=event))
