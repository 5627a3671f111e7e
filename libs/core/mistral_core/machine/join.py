"""Joins: tasks that wait for several branches.

An arrival on the way to success costs the same however many branches there are: it is one entry in a map. Only what
may make a join impossible asks for a look at the routes: a branch that ended elsewhere, or a join that is new.
A join runs once per activation: branches that come after it started are taken note of and end there; a branch that
comes a second time, or that the join itself led to, begins a new activation, which is a new task.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from immutables import Map

from mistral_core.machine import context as contexts
from mistral_core.machine.command import Lifecycle
from mistral_core.machine.context import Context
from mistral_core.machine.draft import Draft
from mistral_core.machine.execution import TaskExecution, settled
from mistral_core.machine.launch import begin, create
from mistral_core.machine.scope import entry, outbound
from mistral_core.machine.state import State

NOT_TRIGGERED: Final = "not triggered"
IMPOSSIBLE: Final = "impossible route"


def arrive(draft: Draft, name: str, source: TaskExecution, trigger: str) -> bool:
    """Let a branch arrive at a join; return whether it leads on there, or ends because the join has run."""
    pair = (source.id, trigger)
    join = draft.newest(name)
    if join is None:
        _wait(draft, create(draft, name, contexts.EMPTY, (), waiting=True), source.name, pair)
        return True
    if join.suspended is State.WAITING:
        draft.note(join, arrived=join.arrived.set(source.name, pair))
        return True
    if join.state is State.WAITING:
        _arrived(draft, join, join.arrived.set(source.name, pair))
        return True
    if join.state is State.ERROR and never_ran(join):
        draft.note(join, arrived=join.arrived.set(source.name, pair))
        draft.checks[name] = None
        return True
    known = join.arrived.get(source.name)
    if known is None and not _comes_of(draft, source, join):
        draft.note(join, arrived=join.arrived.set(source.name, pair))
        return False
    if known is not None and known[0] == source.id:
        return False
    _wait(draft, create(draft, name, contexts.EMPTY, (), waiting=True), source.name, pair)
    return True


def never_ran(join: TaskExecution) -> bool:
    """Tell whether a join ended without doing its work."""
    return not join.actions and not join.children and join.items is None


def _comes_of(draft: Draft, task: TaskExecution, join: TaskExecution) -> bool:
    """Tell whether a task follows from a join, directly or not: then its branch has come round."""
    seen, open_ids = {task.id}, [task.id]
    while open_ids:
        sources = {source for source, _ in draft.tasks[open_ids.pop()].triggered_by}
        if join.id in sources:
            return True
        # What is older than the join cannot follow from it.
        fresh = [each for each in sources - seen if draft.tasks[each].number > join.number]
        seen.update(fresh)
        open_ids.extend(fresh)
    return False


def lost(draft: Draft, targets: Iterable[str]) -> None:
    """Look again at the joins that the given tasks might have led to, now that these are not next."""
    for target in sorted(targets, key=draft.plan.order.__getitem__):
        for name in draft.plan.joins_behind(target):
            join = draft.newest(name)
            if join is not None and join.state is State.WAITING:
                draft.checks[name] = None


def check(draft: Draft, name: str, *, stuck: bool = False) -> None:
    """Decide whether a join may start, must fail, or goes on waiting.

    Args:
        stuck: Whether nothing else is going on, so that no further branch can come.
    """
    join = draft.newest(name)
    if join is None or not (join.state is State.WAITING or (join.state is State.ERROR and never_ran(join))):
        return
    sources = draft.plan.sources.get(name, ())
    possible: set[str] = set() if stuck else _possible(draft, name)
    arrived = join.arrived
    missed: list[tuple[str, str, str]] = []
    for source in sources:
        if source in arrived or source in possible:
            continue
        newest = draft.newest(source)
        if newest is None:
            missed.append((source, "", IMPOSSIBLE))
        elif (trigger := _led(newest, name)) is not None:
            arrived = arrived.set(source, (newest.id, trigger))
        else:
            missed.append((source, newest.id, NOT_TRIGGERED))
    needed = draft.plan.needed(name)
    if len(arrived) >= needed:
        _start(draft, join, arrived)
    elif len(sources) - len(missed) < needed and join.state is State.WAITING:
        _fail(draft, join, arrived, missed)
    elif arrived is not join.arrived:
        draft.note(join, arrived=arrived)


def unblock(draft: Draft) -> bool:
    """If joins that wait are all that is left, let the first of them start or fail; return whether there was one."""
    waiting = draft.execution.waiting
    if not waiting or draft.live != len(waiting) or draft.state is not State.RUNNING or draft.execution.backlog:
        return False
    check(draft, draft.tasks[waiting[0]].name, stuck=True)
    return True


def reopen(draft: Draft, join: TaskExecution) -> None:
    """Set a join WAITING again, with what arrived before."""
    await_branches(draft, draft.change(join, state=State.WAITING, state_info="Task is waiting.", round=join.round + 1))


def await_branches(draft: Draft, join: TaskExecution) -> None:
    """Have a WAITING join wait for what has not arrived, and look whether it need wait at all."""
    _await(draft, join)
    draft.checks[join.name] = None


def _wait(draft: Draft, join: TaskExecution, source: str, pair: tuple[str, str]) -> None:
    _await(draft, join)
    draft.checks[join.name] = None
    _arrived(draft, join, Map({source: pair}))


def _await(draft: Draft, join: TaskExecution) -> None:
    draft.amend(waiting=(*draft.execution.waiting, join.id))
    draft.announce(Lifecycle.TASK_WAITING, join)


def _arrived(draft: Draft, join: TaskExecution, arrived: Map[str, tuple[str, str]]) -> None:
    if len(arrived) >= draft.plan.needed(join.name):
        draft.checks.pop(join.name, None)
        _start(draft, join, arrived)
    else:
        draft.note(join, arrived=arrived)


def _start(draft: Draft, join: TaskExecution, arrived: Map[str, tuple[str, str]]) -> None:
    _stop_waiting(draft, join)
    triggers = _in_order(draft, join.name, arrived)
    if join.state is State.ERROR:
        # It had failed for want of a branch; its policies begin anew.
        join = draft.change(join, round=join.round + 1, retry_no=None, waited_before=False, waited_after=False)
    running = draft.change(
        join,
        state=State.RUNNING,
        state_info=None,
        started_at=draft.at,
        finished_at=None,
        processed=False,
        triggered_by=triggers,
        arrived=arrived,
        context=_context(draft, triggers),
    )
    begin(draft, running)


def _fail(
    draft: Draft, join: TaskExecution, arrived: Map[str, tuple[str, str]], missed: list[tuple[str, str, str]]
) -> None:
    _stop_waiting(draft, join)
    triggers = _in_order(draft, join.name, arrived)
    draft.change(
        join,
        state=State.RUNNING,
        triggered_by=triggers + tuple((task_id, why) for _, task_id, why in missed if task_id),
        arrived=arrived,
        context=_context(draft, triggers),
    )
    draft.later(join.id, State.ERROR, f"Failed by tasks: {[source for source, _, _ in missed]}")


def _stop_waiting(draft: Draft, join: TaskExecution) -> None:
    if join.state is State.WAITING:
        draft.amend(waiting=tuple(each for each in draft.execution.waiting if each != join.id))


def _in_order(draft: Draft, name: str, arrived: Map[str, tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(arrived[source] for source in draft.plan.sources.get(name, ()) if source in arrived)


def _context(draft: Draft, triggers: Iterable[tuple[str, str]]) -> Context:
    return contexts.merge(branch_context(draft.tasks[task_id]) for task_id, _ in triggers)


def branch_context(task: TaskExecution) -> Context:
    """Return what a branch brings to a join: of a skipped task only what it began with."""
    return entry(task) if task.state is State.SKIPPED else outbound(task)


def _led(task: TaskExecution, name: str) -> str | None:
    return next((trigger for target, trigger in task.next_tasks if target == name), None) if settled(task) else None


def _possible(draft: Draft, join: str) -> set[str]:
    """Return the tasks that may still run, or are at it, without the join running first."""
    tasks = draft.plan.tasks
    snapshot = draft.open.finish()
    draft.open = snapshot.mutate()
    found = {name for name in snapshot if name != join}
    found.update(each["target"] for each in draft.execution.backlog if not each["command"])
    open_names = list(found)
    while open_names:
        fresh = tasks[open_names.pop()].targets - found
        fresh = fresh - {join}
        found |= fresh
        open_names.extend(fresh)
    return found
