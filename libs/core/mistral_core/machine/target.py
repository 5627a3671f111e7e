"""Running a direct workflow up to one task: only what may lead there runs, and nothing follows it."""

from __future__ import annotations

from collections.abc import Sequence

from mistral_core.errors import Invalid
from mistral_core.machine.draft import Draft
from mistral_core.machine.execution import TaskExecution
from mistral_core.machine.plan import Fired


def check(draft: Draft, target: object) -> None:
    """Refuse a target that the workflow does not have or never gets to.

    Raises:
        Invalid: Says which.
    """
    workflow = draft.execution.definition
    if not isinstance(target, str) or target not in workflow.tasks:
        raise Invalid(f"Invalid task name [wf_spec={workflow.name}, task_name={target}]")
    if not draft.plan.start_tasks & draft.plan.leading_to(target):
        raise Invalid(f"No start task leads to the target task [wf_spec={workflow.name}, task_name={target}]")


def towards(draft: Draft, target: str, task: TaskExecution, fired: Sequence[Fired]) -> Sequence[Fired]:
    """Return those transitions that may lead to the target, with engine commands; none of the target itself."""
    if task.name == target:
        return ()
    way = draft.plan.leading_to(target)
    return [each for each in fired if each.command or each.target in way]


def missed(target: str) -> str:
    """Return why an execution failed that never got to its target."""
    return f"The target task was not reached [task_name={target}]"
