"""Reverse workflows: what the target requires runs first, and each task once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mistral_core.errors import Invalid
from mistral_core.language.model import Workflow
from mistral_core.machine import context as contexts
from mistral_core.machine.context import Context
from mistral_core.machine.draft import Draft
from mistral_core.machine.execution import TaskExecution
from mistral_core.machine.join import branch_context
from mistral_core.machine.launch import launch
from mistral_core.machine.state import FINAL, State


def needed_tasks(workflow: Workflow, params: Mapping[str, Any]) -> list[str]:
    """Return the target and all it requires, in the order of the definition.

    Raises:
        Invalid: If the target is missing or unknown.
    """
    target = params.get("task_name")
    if not isinstance(target, str) or target not in workflow.tasks:
        raise Invalid(f"Invalid task name [wf_spec={workflow.name}, task_name={target}]")
    found, open_names = {target}, [target]
    while open_names:
        fresh = set(workflow.tasks[open_names.pop()].requires) - found
        found |= fresh
        open_names.extend(fresh)
    return [name for name in workflow.tasks if name in found]


def start(draft: Draft) -> None:
    """Launch the needed tasks that require nothing."""
    for name in needed_tasks(draft.execution.definition, draft.execution.params):
        if draft.state in FINAL:
            break
        _launch_if_ready(draft, name)


def follow(draft: Draft, task: TaskExecution) -> bool:
    """Launch what waited for a finished task; return whether anything did."""
    names = draft.plan.dependents.get(task.name, ())
    if not names or task.state not in (State.SUCCESS, State.SKIPPED):
        return False
    needed = set(needed_tasks(draft.execution.definition, draft.execution.params))
    return any([_launch_if_ready(draft, name) for name in names if name in needed])


def context_of(draft: Draft, name: str) -> Context:
    """Return the variables of all that a task requires, merged."""
    requires = draft.execution.definition.tasks[name].requires
    required = [draft.newest(each) for each in requires]
    return contexts.merge(branch_context(task) for task in required if task is not None)


def _launch_if_ready(draft: Draft, name: str) -> bool:
    if draft.newest(name) is not None or draft.state in FINAL:
        return False
    for required in draft.execution.definition.tasks[name].requires:
        task = draft.newest(required)
        if task is None or task.state not in (State.SUCCESS, State.SKIPPED):
            return False
    launch(draft, name, context_of(draft, name), ())
    return True
