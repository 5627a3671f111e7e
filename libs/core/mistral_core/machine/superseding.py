"""Setting tasks aside whose place a replay takes: they stay in the record and count for nothing any more."""

from __future__ import annotations

from typing import Final

from immutables import Map

from mistral_core.machine import context as contexts
from mistral_core.machine import join
from mistral_core.machine.command import CancelTimer, Lifecycle, TellChild
from mistral_core.machine.draft import Draft
from mistral_core.machine.event import StopRequested, TimerKind
from mistral_core.machine.execution import TaskExecution, waits
from mistral_core.machine.launch import create
from mistral_core.machine.policies.timeout import cancel_runs
from mistral_core.machine.state import FINAL, State

_INFO: Final = "Superseded by a replay."


def set_aside(draft: Draft, task: TaskExecution, by: str) -> None:
    """Set a task aside with all that followed from it, for the attempt ``by``; what still runs of it is cancelled."""
    _set_aside(draft, {task.id, *_followers(draft, task)}, by)


def set_aside_followers(draft: Draft, task: TaskExecution) -> None:
    """Set aside what followed from a task that has not ended after all."""
    _set_aside(draft, set(_followers(draft, task)) - {task.id}, task.id)


def _set_aside(draft: Draft, gone: set[str], by: str) -> None:
    for each in list(draft.in_order()):
        if each.id in gone:
            _supersede(draft, draft.tasks[each.id], by)
    for name in draft.plan.joins:
        if name in draft.last:
            _see_to_join(draft, draft.tasks[draft.last[name]], gone, by)
    backlog = tuple(entry for entry in draft.execution.backlog if entry["task"] not in gone | {by})
    if len(backlog) != len(draft.execution.backlog):
        draft.amend(backlog=backlog)


def _followers(draft: Draft, task: TaskExecution) -> set[str]:
    """Return the ids of all that came of a task; joins that still wait for other branches are none of them."""
    present = [each for each in draft.in_order() if each.superseded_by is None]
    if draft.plan.reverse:
        names = _dependents(draft, task.name)
        return {each.id for each in present if each.name in names}
    led: dict[str, list[str]] = {}
    for each in present:
        if not waits(each):
            for source, _ in each.triggered_by:
                led.setdefault(source, []).append(each.id)
    found: set[str] = set()
    open_ids = [task.id]
    while open_ids:
        fresh = [each for each in led.get(open_ids.pop(), ()) if each not in found]
        found.update(fresh)
        open_ids.extend(fresh)
    return found


def _dependents(draft: Draft, name: str) -> set[str]:
    found: set[str] = set()
    open_names = [name]
    while open_names:
        fresh = set(draft.plan.dependents.get(open_names.pop(), ())) - found
        found |= fresh
        open_names.extend(fresh)
    return found


def _supersede(draft: Draft, task: TaskExecution, by: str) -> None:
    if task.state in FINAL:
        draft.change(task, superseded_by=by, processed=True)
        return
    cancel_runs(draft, task)
    _stop_children(draft, task)
    _forget_timers(draft, task)
    if task.state is State.WAITING:
        draft.amend(waiting=tuple(each for each in draft.execution.waiting if each != task.id))
    ended = draft.change(
        task,
        superseded_by=by,
        state=State.CANCELLED,
        state_info=_INFO,
        processed=True,
        finished_at=draft.at,
        pending_state=None,
        pending_info=None,
        timeout_round=0,
        deadline=0,
        suspended=None,
        held=None,
    )
    draft.announce(Lifecycle.TASK_CANCELLED, ended)


def _stop_children(draft: Draft, task: TaskExecution) -> None:
    for child in sorted(task.children.values(), key=lambda each: (each.created_at, each.index)):
        if child.state not in FINAL:
            stop = StopRequested(at=draft.at, state=State.CANCELLED, message=_INFO)
            draft.tell(TellChild(child_id=child.id, event=stop))


def _forget_timers(draft: Draft, task: TaskExecution) -> None:
    if task.timeout_round:
        draft.tell(CancelTimer(task_id=task.id, kind=TimerKind.TIMEOUT, round=task.timeout_round))
    if task.state is State.DELAYED and task.delayed_by is not None:
        draft.tell(CancelTimer(task_id=task.id, kind=TimerKind(task.delayed_by), round=task.round))


def _see_to_join(draft: Draft, newest: TaskExecution, gone: set[str], by: str) -> None:
    """Take back what had arrived at a join; what else had arrived at one that is gone goes on waiting there."""
    left = Map({source: pair for source, pair in newest.arrived.items() if pair[0] not in gone and pair[0] != by})
    if newest.id in gone:
        if left:
            _wait_again(draft, newest.name, left)
    elif newest.superseded_by is None and len(left) < len(newest.arrived):
        newest = draft.note(newest, arrived=left)
        if waits(newest) and not left:
            _supersede(draft, newest, by)


def _wait_again(draft: Draft, name: str, arrived: Map[str, tuple[str, str]]) -> None:
    fresh = draft.note(create(draft, name, contexts.EMPTY, (), waiting=True), arrived=arrived)
    join.await_branches(draft, fresh)
    if draft.state is State.PAUSED:
        del draft.checks[name]
