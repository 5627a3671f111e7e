"""An execution read back from its rows: what is derived from them is worked out again, in one pass."""

from __future__ import annotations

from collections.abc import Iterator

from immutables import Map
from msgspec.structs import replace

from mistral_core.machine import context as contexts
from mistral_core.machine.children import start_of
from mistral_core.machine.command import RunAction, StartChild
from mistral_core.machine.context import Context
from mistral_core.machine.dispatch import run_of
from mistral_core.machine.execution import Execution, TaskExecution, settled, waits
from mistral_core.machine.plan import Plan, plan_of
from mistral_core.machine.rerun import led_by
from mistral_core.machine.state import FINAL, State


def restored(execution: Execution) -> Execution:
    """Return the execution with the fields that rows do not hold (``DERIVED_..._FIELDS``) filled in.

    ``definition`` and ``tasks``, with their actions and children, must be there.
    """
    plan = plan_of(execution.definition)
    tasks = sorted(execution.tasks.values(), key=lambda task: task.number)
    last: dict[str, str] = {}
    opened: dict[str, int] = {}
    for task in tasks:
        last[task.name] = task.id
        if not settled(task):
            opened[task.name] = opened.get(task.name, 0) + 1
    lineage = _Lineage(plan, {task.id: task for task in tasks}, last)
    arrivals = _arrivals(tasks, last)
    rebuilt = {
        task.id: replace(task, context=lineage.entry(task), arrived=arrivals.get(task.id, Map())) for task in tasks
    }
    return replace(
        execution,
        tasks=Map(rebuilt),
        last=Map(last),
        open=Map(opened),
        live=sum(task.state not in FINAL for task in tasks),
        waiting=tuple(task.id for task in tasks if task.state is State.WAITING),
    )


def outstanding(execution: Execution) -> Iterator[RunAction | StartChild]:
    """Yield the commands whose outcome a running execution still waits for, to be repeated after a loss.

    Asynchronous actions that have begun are left out: somebody outside completes them.
    """
    if execution.state in FINAL:
        return
    for task in execution.tasks.values():
        if task.state in FINAL:
            continue
        for action in task.actions.values():
            if action.state is State.RUNNING and action.synchronous and action.round == task.round:
                yield run_of(task.id, action)
        for child in task.children.values():
            if child.state is State.RUNNING and child.round == task.round:
                yield start_of(task.id, child)


class _Lineage:
    """Works out what each task began with from what led to it, each task once."""

    def __init__(self, plan: Plan, tasks: dict[str, TaskExecution], last: dict[str, str]) -> None:
        self._plan = plan
        self._tasks = tasks
        self._last = last
        self._entries: dict[str, Context] = {}
        self._exits: dict[str, Context] = {}

    def entry(self, task: TaskExecution) -> Context:
        pending = [task]
        while pending:
            current = pending[-1]
            if current.id in self._entries:
                pending.pop()
                continue
            sources = self._sources(current)
            missing = [source for source in sources if source.id not in self._entries]
            if missing:
                pending.extend(missing)
                continue
            self._entries[current.id] = self._merged(current, sources)
            pending.pop()
        return self._entries[task.id]

    def _sources(self, task: TaskExecution) -> list[TaskExecution]:
        if waits(task):
            return []
        if self._plan.reverse:
            names = self._plan.workflow.tasks[task.name].requires
            newest = [self._tasks[self._last[name]] for name in names if name in self._last]
            return [each for each in newest if each.superseded_by is None]
        return [self._tasks[task_id] for task_id in led_by(task) if task_id in self._tasks]

    def _merged(self, task: TaskExecution, sources: list[TaskExecution]) -> Context:
        skips = task.join or self._plan.reverse
        return contexts.merge(
            self._entries[source.id] if skips and source.state is State.SKIPPED else self._exit(source)
            for source in sources
        )

    def _exit(self, task: TaskExecution) -> Context:
        found = self._exits.get(task.id)
        if found is None:
            found = self._exits[task.id] = contexts.publish(self._entries[task.id], task.published)
        return found


def _arrivals(tasks: list[TaskExecution], last: dict[str, str]) -> dict[str, Map[str, tuple[str, str]]]:
    """Return what arrived at the newest execution of each join."""
    tasks = [task for task in tasks if task.superseded_by is None]
    joins = {task.name: task for task in tasks if task.join and last[task.name] == task.id}
    known = {task.id: task for task in tasks}
    found: dict[str, dict[str, tuple[str, str]]] = {name: {} for name in joins}
    for name, join in joins.items():
        for task_id in filter(known.__contains__, led_by(join)):
            event = next(event for each, event in join.triggered_by if each == task_id)
            found[name][known[task_id].name] = (task_id, event)
    for task in tasks:
        for name, event in task.next_tasks:
            target = joins.get(name)
            # What came before the join was made went to an earlier activation.
            if target and ((task.finished_at or 0) >= target.created_at or waits(target)):
                found[name][task.name] = (task.id, event)
    return {joins[name].id: Map(pairs) for name, pairs in found.items()}
