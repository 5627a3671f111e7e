"""Going on after a pause, and after the end: what had to wait or was cut off is taken up again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mistral_core.errors import ExpressionFailed, Invalid
from mistral_core.machine import control, direct, items, launch, superseding
from mistral_core.machine.command import Lifecycle, StartTimer
from mistral_core.machine.draft import Draft
from mistral_core.machine.ending import advance, end_wait, try_again
from mistral_core.machine.event import ResumeRequested, TimerKind
from mistral_core.machine.execution import ChildExecution, TaskExecution, settled
from mistral_core.machine.failing import completion_failure, force_fail
from mistral_core.machine.state import FINAL, State

NOT_ENDED: Final[Mapping[str, Any]] = {
    "processed": False,
    "forced": False,
    "has_next": False,
    "next_tasks": (),
    "error_handled": False,
}
"""What the end of a task had set, as it was before."""


def resume(draft: Draft, event: ResumeRequested) -> None:
    """Let a paused execution go on; any other stays as it is.

    Raises:
        Invalid: If ``env`` is not a mapping.
    """
    if draft.state not in (State.PAUSED, State.IDLE):
        return
    if event.env is not None:
        control.merge_environment(draft, event.env)
    control.resume_execution(draft)
    go_on(draft)


def resume_if_none_paused(draft: Draft) -> None:
    """Let a paused execution go on unless what one of its tasks runs is paused."""
    paused = ((task.suspended or task.state) is State.PAUSED for task in draft.in_order())
    if draft.state is State.PAUSED and not any(paused):
        control.resume_execution(draft, children=False)
        go_on(draft)


def go_on(draft: Draft) -> None:
    """Do what was put off while the execution was paused or over. A ``pause`` found on the way is passed over."""
    draft.resuming = True
    if draft.execution.backlog:
        direct.take_up(draft)
    for each in list(draft.in_order()):
        if draft.state is not State.RUNNING:
            break
        task = draft.tasks[each.id]
        if task.state is State.IDLE:
            running = draft.change(task, state=State.RUNNING, state_info=None, started_at=draft.at)
            launch.begin(draft, running, paused=True)
        elif task.state is State.WAITING:
            draft.checks[task.name] = None
        elif task.state in FINAL and not settled(task):
            _advance(draft, task)
    draft.resuming = False


def reopen_execution(draft: Draft, *, replayed: bool = False) -> None:
    """Set an execution that is over RUNNING again and take up what its end had cut off.

    Args:
        replayed: Whether a task is replayed, in it or below it; only that brings back one that has succeeded.

    Raises:
        IllegalState: If it has succeeded.
    """
    if draft.state is State.SUCCESS and not replayed:
        raise control.illegal_change(draft.execution, State.RUNNING)
    if draft.state not in FINAL:
        return
    if replayed:
        draft.amend(replays=draft.execution.replays + 1)
    draft.amend(state=State.RUNNING, state_info=None, output=None, finished_at=None)
    draft.announce(Lifecycle.WORKFLOW_RERUN)
    control.tell_parent_resumed(draft)
    for task in list(draft.in_order()):
        _revive(draft, draft.tasks[task.id])
    go_on(draft)


def reopen_child(draft: Draft, task: TaskExecution, child: ChildExecution, order: int, replays: int) -> None:
    """Take note that a sub-workflow that had ended runs again; its task waits for it once more.

    After a replay in it, whatever had followed from its task is set aside, and will follow anew.
    """
    replayed = replays > child.replays
    again = {"accepted": False, "output": None, "state_info": None, "order": order, "replays": replays}
    draft.change_child(task, child, state=State.RUNNING, **again)
    task = draft.tasks[task.id]
    if child.round != task.round or task.superseded_by is not None:
        return
    if not replayed and (task.state in (State.SUCCESS, State.SKIPPED) or draft.state in (State.SUCCESS, State.PAUSED)):
        return
    if task.items is not None:
        task = items.recount(draft, task)
    if task.state in FINAL:
        if replayed:
            superseding.set_aside_followers(draft, task)
        task = draft.change(draft.tasks[task.id], state=State.RUNNING, state_info=None, finished_at=None, **NOT_ENDED)
        draft.announce(Lifecycle.TASK_RERUN, task)
    if draft.state is not State.PAUSED:
        reopen_execution(draft, replayed=replayed)


def _revive(draft: Draft, task: TaskExecution) -> None:
    """Give a task that the end of the execution had left in the middle something to go on with."""
    if task.state in FINAL or task.suspended is not None or draft.state is not State.RUNNING:
        return
    if task.timeout_round:
        timer = StartTimer(task_id=task.id, kind=TimerKind.TIMEOUT, round=task.timeout_round, due=task.deadline)
        draft.tell(timer)
    match task.state:
        case State.WAITING:
            draft.checks[task.name] = None
        case State.DELAYED if task.pending_state is not None:
            end_wait(draft, task)
        case State.DELAYED:
            try_again(draft, draft.change(task, waited_before=True))
        case State.RUNNING if not _has_live_work(task):
            left = None if task.items is None else items.remaining(task)
            fresh = draft.change(task, round=task.round + 1, items=left, elements=None)
            try_again(draft, fresh)
        case State.RUNNING if task.items is not None:
            items.recount(draft, task)
        case _:
            pass


def _has_live_work(task: TaskExecution) -> bool:
    return any(each.state not in FINAL for each in task.actions.values()) or any(
        each.state not in FINAL for each in task.children.values()
    )


def _advance(draft: Draft, task: TaskExecution) -> None:
    try:
        advance(draft, task, draft.plan_for(task), {})
    except (ExpressionFailed, Invalid) as error:
        force_fail(draft, draft.tasks[task.id], completion_failure(draft, task, error))
