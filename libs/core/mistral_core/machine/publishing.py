"""What a task publishes when it ends: branch variables for what follows, globals for the whole execution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mistral_core.errors import InvalidInput
from mistral_core.machine.context import merged
from mistral_core.machine.draft import Draft
from mistral_core.machine.execution import TaskExecution
from mistral_core.machine.plan import Program, TaskPlan
from mistral_core.machine.scope import task_scope
from mistral_core.machine.state import FINAL


def publish(draft: Draft, task: TaskExecution, plan: TaskPlan) -> dict[str, Any]:
    """Evaluate what the task publishes in its state and return the fields of the task that change.

    All expressions see the variables of before. Globals are taken over at once, unless the execution is over.

    Raises:
        ExpressionFailed: If an expression fails.
    """
    publication = plan.publications.get(task.state)
    if publication is None:
        return {"published": {}}
    scope = task_scope(draft, task)
    branch = _mapping(publication.branch, scope)
    shared = _mapping(publication.globals, scope)
    if not shared:
        return {"published": branch}
    if draft.state not in FINAL:
        draft.amend(globals=merged(draft.execution.globals, shared))
    return {"published": branch, "published_global": shared}


def _mapping(program: Program | None, scope: Any) -> Mapping[str, Any]:
    if program is None:
        return {}
    values = program(scope)
    if type(values) is not dict and not isinstance(values, Mapping):
        raise InvalidInput("What is published must be a mapping.")
    return values
