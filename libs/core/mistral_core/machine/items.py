"""with-items: one action or sub-workflow for each element, so many at once, counted and never walked over again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from mistral_core.errors import ExpressionFailed, Invalid
from mistral_core.expressions import Scope
from mistral_core.machine.children import child_for
from mistral_core.machine.command import Command
from mistral_core.machine.dispatch import action_for, name_of
from mistral_core.machine.draft import Draft
from mistral_core.machine.execution import Items, TaskExecution, TaskType
from mistral_core.machine.plan import TaskPlan
from mistral_core.machine.policies import concurrency
from mistral_core.machine.scope import task_scope
from mistral_core.machine.state import FINAL, State
from mistral_core.machine.texts import clipped, first_line


def start(draft: Draft, task: TaskExecution, plan: TaskPlan) -> None:
    """Evaluate the collections and give out the first items; without any the task succeeds at once.

    Raises:
        ExpressionFailed: If an expression of the collections, of a policy or of an item's input fails.
        Invalid: If the collections are none, or differ in length.
    """
    scope = task_scope(draft, task)
    elements = _elements(plan, scope)
    items = Items(total=len(elements[0]), concurrency=concurrency.limit(plan, scope))
    task = draft.change(task, items=items, elements=elements)
    if items.total:
        give_out(draft, task, plan)
    else:
        draft.later(task.id, State.SUCCESS)


def start_again(draft: Draft, task: TaskExecution, plan: TaskPlan, indexes: Sequence[int]) -> None:
    """Give out only some of the items; the results of the others stay. Errors are those of ``start``."""
    scope = task_scope(draft, task)
    elements = _elements(plan, scope)
    again = tuple(index for index in indexes if index < len(elements[0]))
    items = Items(total=len(elements[0]), concurrency=concurrency.limit(plan, scope), rerun=again)
    task = draft.change(task, items=items, elements=elements)
    if again:
        give_out(draft, task, plan)
    else:
        draft.later(task.id, State.SUCCESS)


def give_out(draft: Draft, task: TaskExecution, plan: TaskPlan) -> None:
    """Start as many of the remaining items as may run; either all of these or, on an error, none.

    Raises:
        ExpressionFailed: If the input of an item fails.
        Invalid: If the input of an item does not fit an ad-hoc action.
    """
    items = task.items
    assert items is not None
    wanted = len(items.rerun) if items.rerun else items.total
    room = wanted if items.concurrency is None else items.concurrency - items.running
    stop = min(wanted, items.started + room)
    if stop <= items.started:
        return
    try:
        name = name_of(plan, task_scope(draft, task))
    except ExpressionFailed as failure:
        # The variables of an item are no part of what a name sees; this much the task may handle itself.
        draft.later(task.id, State.ERROR, first_line(failure))
        return
    task = task if task.elements is not None else draft.note(task, elements=_elements(plan, task_scope(draft, task)))
    indexes = items.rerun[items.started : stop] if items.rerun else range(items.started, stop)
    running = items.running + stop - items.started
    _launch(draft, task, plan, name, indexes, replace(items, started=stop, running=running))


def _launch(draft: Draft, task: TaskExecution, plan: TaskPlan, name: str, indexes: Iterable[int], items: Items) -> None:
    records = (task.children if plan.workflow else task.actions).mutate()
    commands: list[Command] = []
    ids: list[tuple[str, str]] = []
    make: Any = child_for if plan.workflow else action_for
    for position, index in enumerate(indexes):
        scope = task_scope(draft, task, items=_variables(plan, task, index))
        record, command = make(draft, task, plan, name, scope, index)
        # Lists go by the time of creation: a microsecond between two items keeps their order there.
        records[record.id] = replace(record, created_at=record.created_at + position) if position else record
        ids.append((task.id, record.id))
        commands.append(command)
    (draft.children if plan.workflow else draft.actions).update(ids)
    fields: dict[str, Any] = {"children" if plan.workflow else "actions": records.finish()}
    draft.change(task, items=items, **fields)
    draft.commands.extend(commands)


def finished(draft: Draft, task: TaskExecution, plan: TaskPlan, state: State, **fields: Any) -> None:
    """Count an item that ended; start the next, or complete the task.

    Args:
        fields: Further fields of the task that change with it.

    Raises:
        ExpressionFailed: If the input of the next item fails.
        Invalid: If the collections, evaluated anew after a restart, no longer fit.
    """
    old = task.items
    assert old is not None
    items = replace(
        old,
        running=old.running - 1,
        failed=old.failed + (state is State.ERROR),
        cancelled=old.cancelled + (state is State.CANCELLED),
    )
    task = draft.change(task, items=items, **fields)
    if items.cancelled:
        draft.later(task.id, State.CANCELLED, "One or more actions was cancelled.")
    elif items.started < (len(items.rerun) if items.rerun else items.total):
        if draft.state not in FINAL and task.suspended is None:
            give_out(draft, task, plan)
    elif items.running == 0:
        if items.failed:
            draft.later(task.id, State.ERROR, "One or more actions had failed.")
        else:
            draft.later(task.id, State.SUCCESS)


def remaining(task: TaskExecution) -> Items:
    """Return counters that give out again the items without an accepted success."""
    assert task.items is not None
    records: list[Any] = [*task.actions.values(), *task.children.values()]
    done = {each.index for each in records if each.accepted and each.state is State.SUCCESS}
    return Items(total=task.items.total, rerun=tuple(index for index in range(task.items.total) if index not in done))


def recount(draft: Draft, task: TaskExecution) -> TaskExecution:
    """Count the items of this round anew, and return the task, after ends that came while nobody counted.

    Such an end counts from now on; a cancelled one as a failure, so that it can be run again.
    """
    assert task.items is not None
    kind, touched = ("children", draft.children) if task.type is TaskType.WORKFLOW else ("actions", draft.actions)
    own: list[Any] = [each for each in getattr(task, kind).values() if each.round == task.round]
    records = getattr(task, kind).mutate()
    for record in own:
        if record.state in FINAL and not record.accepted:
            records[record.id] = replace(record, accepted=True)
            touched.add((task.id, record.id))
    running = sum(each.state not in FINAL for each in own)
    failed = sum(each.state in (State.ERROR, State.CANCELLED) for each in own)
    items = replace(task.items, running=running, failed=failed, cancelled=0)
    return draft.change(task, items=items, **{kind: records.finish()})


def _variables(plan: TaskPlan, task: TaskExecution, index: int) -> Mapping[str, Any]:
    assert task.elements is not None
    return {name: values[index] for (name, _), values in zip(plan.bindings, task.elements, strict=True)}


def _elements(plan: TaskPlan, scope: Scope) -> tuple[Sequence[Any], ...]:
    found = {name: _sequence(program(scope)) for name, program in plan.bindings}
    if any(values is None for values in found.values()):
        wrong = ", ".join(name for name, values in found.items() if values is None)
        raise Invalid(clipped(f"Wrong input format for: {wrong}. Iterable type is expected for each value."))
    collections = tuple(values for values in found.values() if values is not None)
    if len({len(values) for values in collections}) > 1:
        raise Invalid(f"Wrong input format for: {', '.join(found)}. All arrays must have the same length.")
    return collections


def _sequence(value: Any) -> Sequence[Any] | None:
    if isinstance(value, list | tuple | str):
        return value
    return list(value) if isinstance(value, Mapping) else None
