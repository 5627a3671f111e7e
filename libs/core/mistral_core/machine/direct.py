"""Transitions of direct workflows: which clauses fire when a task has ended, and what they lead to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec.structs import replace

from mistral_core.expressions import Scope
from mistral_core.machine import completion, control, join
from mistral_core.machine.context import Context
from mistral_core.machine.draft import Draft
from mistral_core.machine.execution import TaskExecution
from mistral_core.machine.launch import launch
from mistral_core.machine.plan import Fired, Step, TaskPlan
from mistral_core.machine.scope import outbound, task_scope
from mistral_core.machine.state import FINAL, State
from mistral_core.machine.texts import message


def fired_by(draft: Draft, task: TaskExecution, plan: TaskPlan, variables: Context) -> Sequence[Fired]:
    """Return the transitions that a finished task takes, in order.

    Args:
        variables: What the task leaves to what follows.

    Raises:
        ExpressionFailed: If a condition or a parameter of a command fails.
    """
    if not plan.conditional:
        return plan.unconditional.get(task.state, ())
    scope = task_scope(draft, task, variables=variables)
    fired = _fired(plan.steps.get(task.state, ()), scope)
    if not fired and task.state is State.SKIPPED:
        return _fired(plan.skipped_otherwise, scope)
    return fired


def led_to(fired: Iterable[Fired]) -> tuple[tuple[str, str], ...]:
    """Return the tasks among the transitions, up to a command that ends the execution."""
    result = []
    for each in fired:
        if not each.command:
            result.append((each.target, each.trigger))
        elif each.target in ("fail", "succeed"):
            break
    return tuple(result)


def follow(draft: Draft, task: TaskExecution, fired: Sequence[Fired], variables: Context) -> bool:
    """Carry out transitions; return whether the branch goes on in another task.

    The rest after ``pause`` goes to the backlog; the rest after ``fail`` or ``succeed`` is dropped.
    """
    goes_on = False
    for position, each in enumerate(fired):
        if draft.state in FINAL:
            break
        if not each.command:
            if each.join:
                goes_on |= join.arrive(draft, each.target, task, each.trigger)
            else:
                launch(draft, each.target, variables, ((task.id, each.trigger),))
                goes_on = True
        elif each.target == "fail":
            completion.fail(draft, each.info, by=task)
        elif each.target == "succeed":
            completion.succeed(draft, each.info, by=task)
        elif each.target == "pause" and not draft.resuming:
            rest = tuple(_put_off(task, later) for later in fired[position + 1 :])
            draft.amend(backlog=draft.execution.backlog + rest)
            control.pause_execution(draft, each.info)
            return goes_on or any(not later.command for later in fired[position + 1 :])
    return goes_on


def take_up(draft: Draft) -> None:
    """Carry out what ``pause`` had put off."""
    backlog = draft.execution.backlog
    draft.amend(backlog=())
    for position, entry in enumerate(backlog):
        task = draft.tasks[entry["task"]]
        target = entry["target"]
        plan = draft.plan.tasks.get(target)
        fired = Fired(
            target,
            entry["trigger"],
            entry["command"],
            plan is not None and plan.join and not entry["command"],
            entry["info"],
        )
        # Only a ``pause`` that was put off itself stops here again; the rest waits for the next time.
        if fired.command and target == "pause":
            draft.amend(backlog=backlog[position + 1 :])
            control.pause_execution(draft, fired.info)
            return
        follow(draft, task, (fired,), outbound(task))


def _put_off(task: TaskExecution, fired: Fired) -> dict[str, Any]:
    return {
        "task": task.id,
        "target": fired.target,
        "trigger": fired.trigger,
        "command": fired.command,
        "info": fired.info,
    }


def _fired(steps: Iterable[Step], scope: Scope) -> list[Fired]:
    return [_taken(step, scope) for step in steps if step.condition is None or step.condition(scope)]


def _taken(step: Step, scope: Scope) -> Fired:
    if step.arguments is None:
        return step.taken
    return replace(step.taken, info=message(step.arguments(scope).get("msg")))
