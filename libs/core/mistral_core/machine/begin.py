"""The birth of an execution: its input, environment and variables are settled, and its first tasks start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mistral_core.errors import Invalid, InvalidInput
from mistral_core.expressions import Scope, render
from mistral_core.language.model import REQUIRED, Workflow, WorkflowType
from mistral_core.machine import context as contexts
from mistral_core.machine import reverse, target
from mistral_core.machine.command import Decision, Lifecycle
from mistral_core.machine.draft import Draft
from mistral_core.machine.event import Start
from mistral_core.machine.execution import Execution
from mistral_core.machine.launch import launch
from mistral_core.machine.scope import View, end_scope
from mistral_core.machine.settling import settle
from mistral_core.machine.state import FINAL, State
from mistral_core.machine.surroundings import Surroundings
from mistral_core.machine.texts import invalid_input
from mistral_core.priority import priority_of


def begin(start: Start, surroundings: Surroundings) -> Decision:
    """Start an execution: its first version, and what to do.

    A sub-workflow takes what it does not declare as params. Defaults of inputs are taken as they stand.

    Raises:
        InvalidInput: If input is missing or, except for a sub-workflow, not declared.
        Invalid: If the params do not fit: ``env`` is no mapping, ``priority`` is none, ``task_name`` is no good task.
        ExpressionFailed: If the environment or ``vars`` cannot be evaluated.
        MoreFactsNeeded: If an expression asks for what ``surroundings`` does not answer.
    """
    workflow = start.definition
    values, params = _input(start)
    priority_of(params.get("priority"))
    execution = _execution(start, values, params)
    if workflow.type is WorkflowType.REVERSE:
        reverse.needed_tasks(workflow, params)
    draft = Draft(execution, start.at, surroundings)
    if draft.target is not None:
        target.check(draft, draft.target)
    _settle_environment(draft, start)
    if workflow.vars:
        draft.amend(vars=_vars(draft))
    draft.announce(Lifecycle.WORKFLOW_LAUNCHED)
    _first_tasks(draft, workflow)
    settle(draft)
    return draft.decision()


def check_input(definition: Workflow, name: str, given: Mapping[str, Any]) -> None:
    """Raise InvalidInput if required input is missing or some is not declared; ``name`` is for the message."""
    declared = {each.name: each for each in definition.input}
    unexpected = [each for each in given if each not in declared]
    missing = [each.name for each in declared.values() if each.default is REQUIRED and each.name not in given]
    if missing or unexpected:
        kind = "ReverseWorkflowSpec" if definition.type is WorkflowType.REVERSE else "DirectWorkflowSpec"
        raise InvalidInput(invalid_input(name, kind, missing, unexpected))


def _input(start: Start) -> tuple[dict[str, Any], dict[str, Any]]:
    if not isinstance(start.input, Mapping) or not isinstance(start.params, Mapping):
        raise InvalidInput("Input and params of an execution must be mappings.")
    declared = {each.name: each for each in start.definition.input}
    given, params = dict(start.input), dict(start.params)
    if start.parent is not None:
        params.update({name: given.pop(name) for name in tuple(given) if name not in declared})
    check_input(start.definition, start.workflow_name, given)
    for each in declared.values():
        given.setdefault(each.name, each.default)
    return given, params


def _execution(start: Start, values: Mapping[str, Any], params: Mapping[str, Any]) -> Execution:
    return Execution(
        id=start.id,
        root_id=start.root_id,
        partition=start.partition,
        project=start.project,
        definition=start.definition,
        workflow_id=start.workflow_id,
        workflow_version=start.workflow_version,
        workflow_name=start.workflow_name,
        workflow_namespace=start.workflow_namespace,
        workbook=start.workbook,
        parent=start.parent,
        description=start.description,
        tags=start.definition.tags,
        state=State.RUNNING,
        created_at=start.at,
        updated_at=start.at,
        input=values,
        params={**params, "namespace": start.workflow_namespace},
    )


def _settle_environment(draft: Draft, start: Start) -> None:
    if start.root_env is not None:
        # Readers find the key in every execution; what counts is the environment of the root.
        draft.amend(env=start.root_env, params={"env": {}, **draft.execution.params})
        return
    params = draft.execution.params
    env = params.get("env")
    if env is None:
        env = {}
    if not isinstance(env, Mapping):
        raise Invalid("Unexpected value type for environment: it must be a mapping or the name of one.")
    if env and params.get("evaluate_env", True):
        draft.amend(env=env)
        env = render(env, Scope(({"__env": env},), View(draft)))
    draft.amend(env=env, params={**params, "env": env})


def _vars(draft: Draft) -> Mapping[str, Any]:
    found: Mapping[str, Any] = draft.plan.vars(end_scope(draft, contexts.EMPTY))
    return found


def _first_tasks(draft: Draft, workflow: Workflow) -> None:
    if workflow.type is WorkflowType.REVERSE:
        reverse.start(draft)
        return
    way = None if draft.target is None else draft.plan.leading_to(draft.target)
    for name in workflow.start_tasks:
        if draft.state in FINAL:
            break
        if way is not None and name not in way:
            continue
        launch(draft, name, contexts.EMPTY, ())
