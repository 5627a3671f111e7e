"""One workflow, and the rules about the names of things that are stored."""

import re
from typing import Any, Final

from mistral_core.language.graph import check_joins, check_requirements, inbound_transitions, start_tasks
from mistral_core.language.keys import INJECTED, WORKFLOW
from mistral_core.language.kinds import check_entries, parameters, tags, text
from mistral_core.language.model import Task, Workflow, WorkflowType
from mistral_core.language.node import Node, guess
from mistral_core.language.selection import Selection
from mistral_core.language.tasks import Surroundings, parse_defaults, parse_task
from mistral_core.language.triggers import parse_triggers

_LONGEST_NAME: Final = 255
_UUID: Final = re.compile(r"\{?[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\}?")


def check_name(node: Node, name: str, what: str, *, prefix: str = "") -> None:
    """Refuse names that nothing can be stored under.

    Args:
        what: "Workflow", "Action" or "Workbook", for complaints.
        prefix: What the stored name begins with.
    """
    if not name:
        node.refuse_shape(f"the name of a {what.lower()} must not be empty")
    if any(character.isspace() for character in name):
        node.refuse(f"Name '{name}' must not contain spaces")
    if not prefix and _UUID.fullmatch(name):
        node.refuse(f"{what} name cannot be in the format of UUID: '{name}'")
    if len(prefix + name) > _LONGEST_NAME:
        node.refuse(f"{what} name has at most {_LONGEST_NAME} characters, not {len(prefix + name)}")


def parse_workflow(node: Node) -> Workflow:
    """Read one workflow; its name is the key it stands under."""
    node.mapping("a mapping with 'tasks'")
    check_entries(node, WORKFLOW, f"workflow '{node.key}'", open_ended=True)
    type_ = _parse_type(node)
    tasks = _parse_tasks(node, type_)
    place = node.child("tasks")
    inbound = inbound_transitions(tasks)
    if type_ is WorkflowType.DIRECT:
        starts = start_tasks(place, inbound)
        check_joins(place, tasks, inbound)
    else:
        starts = ()
        check_requirements(place, tasks)
    written: dict[str, Any] = node.value
    taken = parameters(node.get("input"))
    return Workflow(
        name=node.name,
        type=type_,
        description=text(node, "description"),
        tags=tags(node),
        input=taken,
        output=written.get("output"),
        output_on_error=written.get("output-on-error"),
        vars=written.get("vars", {}),
        tasks=tasks,
        inbound=inbound,
        start_tasks=starts,
        triggers=parse_triggers(node.get("triggers"), taken),
        spec={**written, "tasks": {n: task.spec for n, task in tasks.items()}, "name": node.name, "version": "2.0"},
    )


def _parse_type(node: Node) -> WorkflowType:
    written = node.value.get("type", "direct")
    if written not in tuple(WorkflowType):
        hint = guess(written, ("direct", "reverse")) if isinstance(written, str) else ""
        node.child("type").refuse(
            f"Failed to find a specification class for workflow type '{written}'{hint} (allowed: direct, reverse)"
        )
    return WorkflowType(written)


def _parse_tasks(node: Node, type_: WorkflowType) -> dict[str, Task]:
    place = node.child("tasks")
    found = [each for each in place.entries() if each.key not in INJECTED or isinstance(each.value, dict)]
    if not found:
        place.refuse_kind("a mapping with at least one task")
    names = {each.name: None for each in found}.keys()
    selection = Selection(place)
    defaults = parse_defaults(node.get("task-defaults"), type_, names, selection)
    around = Surroundings(type=type_, names=names, defaults=defaults, selection=selection)
    return {task.name: parse_task(task, around) for task in found}
