"""From a task to a running action: name, input, defaults of the environment, chains of ad-hoc actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mistral_core.errors import Invalid, InvalidInput
from mistral_core.expressions import Scope, render
from mistral_core.language.model import REQUIRED, AdhocAction, Parameter
from mistral_core.machine.command import RunAction
from mistral_core.machine.context import merged
from mistral_core.machine.draft import Draft
from mistral_core.machine.execution import ActionExecution, TaskExecution
from mistral_core.machine.needs import WorkerNeeds, needs_for, offer_for
from mistral_core.machine.plan import TaskPlan
from mistral_core.machine.scope import ValueScope, input_scope
from mistral_core.machine.state import State
from mistral_core.machine.texts import invalid_input
from mistral_core.priority import priority_of


def name_of(plan: TaskPlan, scope: Scope) -> str:
    """Return the name of the action or workflow that a task runs.

    Raises:
        ExpressionFailed: If the name is an expression that fails.
        Invalid: If it gives something that is no name.
    """
    if plan.static_name is not None:
        return plan.static_name
    name = plan.name(scope)
    if not isinstance(name, str) or not name:
        raise Invalid("The name of an action or workflow must be text.")
    return name


def input_of(plan: TaskPlan, scope: Scope) -> Mapping[str, Any]:
    """Return the evaluated input of a task.

    Raises:
        ExpressionFailed: If an expression in it fails.
        InvalidInput: If it is no mapping.
    """
    given = plan.input(scope)
    if type(given) is not dict and not isinstance(given, Mapping):
        raise InvalidInput(f"Wrong dynamic input for task: {plan.spec.name}. It must give a mapping.")
    return given


def action_for(
    draft: Draft, task: TaskExecution, plan: TaskPlan, name: str, scope: Scope, index: int = 0
) -> tuple[ActionExecution, RunAction]:
    """Return the record of a new run of an action and the command that starts it; neither is stored yet.

    Raises:
        ExpressionFailed: If an expression of the task or of an ad-hoc action fails.
        Invalid: If the input does not fit an ad-hoc action, or its bases go round in a circle.
    """
    given = input_of(plan, scope)
    defaults = draft.execution.env.get("__actions") if draft.execution.env else None
    if defaults and isinstance(defaults, Mapping) and isinstance(own := defaults.get(name), Mapping):
        given = merged(own, given)
    chain = _chain(draft, name)
    policy = task.resolved.get("timeout")
    target = None if plan.target is None else _target(plan.target(scope))
    safe = plan.safe_rerun is not None and bool(plan.safe_rerun(scope))
    needs: WorkerNeeds | None = None
    if plan.worker is not None or draft.surroundings.offers:
        runs = chain[-1].base if chain else name
        offer = offer_for(draft, plan, runs)
        if offer is not None:
            needs, safe = needs_for(draft, plan, runs, offer, scope, target), safe or offer.safe_rerun
    action = ActionExecution(
        id=draft.next_id(),
        name=chain[0].name if chain else name,
        state=State.RUNNING,
        created_at=draft.at,
        updated_at=draft.at,
        base=chain[-1].base if chain else None,
        index=index,
        round=task.round,
        input=given,
        base_input=_base_input(draft, task, chain, given) if chain else None,
        safe_rerun=safe,
        target=target,
        timeout=None if policy is None else float(policy),
        priority=draft.execution.params.get("priority") if plan.priority is None else priority_of(plan.priority(scope)),
        needs=needs,
    )
    return action, run_of(task.id, action)


def run_of(task_id: str, action: ActionExecution) -> RunAction:
    """Return the command that runs an action as its record says."""
    return RunAction(
        task_id=task_id,
        action_id=action.id,
        attempt=action.attempt,
        action=action.base or action.name,
        input=action.input if action.base_input is None else action.base_input,
    )


def adhoc_output(draft: Draft, task: TaskExecution | None, name: str, data: Any) -> Any:
    """Return the result of an action after the outputs of the ad-hoc actions that its name stands for.

    Raises:
        ExpressionFailed: If an output fails.
        Invalid: If the actions go round in a circle.
    """
    for action in reversed(_chain(draft, name)):
        if action.output is not REQUIRED:
            data = render(action.output, ValueScope(data, draft, task))
    return data


def _base_input(
    draft: Draft, task: TaskExecution, chain: list[AdhocAction], given: Mapping[str, Any]
) -> Mapping[str, Any]:
    for action in chain:
        data = _filled(action, given)
        given = render(action.base_input, input_scope(draft, data, task))
        if not isinstance(given, Mapping):
            raise InvalidInput(f"The base input of action {action.name} must give a mapping.")
    return given


def _chain(draft: Draft, name: str) -> list[AdhocAction]:
    """Return the ad-hoc actions that a name stands for, the outermost first; empty for any other action."""
    find, execution = draft.surroundings.adhoc, draft.execution
    workbook, seen = execution.workbook, [name]
    chain: list[AdhocAction] = []
    while (action := find(name, workbook, execution.workflow_namespace)) is not None:
        chain.append(action)
        # What a workbook's action builds on is looked for in that workbook first.
        workbook = name.rpartition(".")[0] or workbook
        name = action.base
        if name in seen:
            raise Invalid(f"Found a cycle in an ad-hoc action chain [action_name={seen[0]}, duplicate={name}]")
        seen.append(name)
    return chain


def _filled(action: AdhocAction, given: Mapping[str, Any]) -> dict[str, Any]:
    declared: dict[str, Parameter] = {each.name: each for each in action.input}
    missing = [each.name for each in declared.values() if each.default is REQUIRED and each.name not in given]
    unexpected = [name for name in given if name not in declared]
    if missing or unexpected:
        raise InvalidInput(invalid_input(action.name, "AdhocAction", missing, unexpected))
    return {name: given.get(name, each.default) for name, each in declared.items()}


def _target(value: Any) -> str | None:
    return None if value is None else str(value)
