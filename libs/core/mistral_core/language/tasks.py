"""One task: its keys, what it calls with which input, and what ``task-defaults`` gives it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mistral_core.language.grammar import check_invocation
from mistral_core.language.items import parse_items
from mistral_core.language.keys import DIRECT_TASK, REVERSE_TASK, TASK_DEFAULTS
from mistral_core.language.kinds import check_entries, tags, text
from mistral_core.language.model import Clause, Policies, Task, Trigger, WorkflowType
from mistral_core.language.node import Node
from mistral_core.language.policies import NO_POLICIES, merge_policies, parse_policies
from mistral_core.language.selection import Selection
from mistral_core.language.shorthand import Invocation, parse_invocation
from mistral_core.language.transitions import merge_default, parse_clause, refuse_task
from mistral_core.language.workers import merge_worker, parse_worker

_LONGEST_NAME: Final = 255
_NO_CLAUSE: Final = Clause()


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What ``task-defaults`` gives to every task."""

    policies: Policies = NO_POLICIES
    clauses: Mapping[Trigger, Clause]
    requires: tuple[str, ...] = ()
    safe_rerun: bool | str | None = None
    priority: str | None = None
    worker: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What one must know of the workflow to read one of its tasks."""

    type: WorkflowType
    names: Collection[str]
    defaults: Defaults
    selection: Selection


def parse_defaults(node: Node | None, type_: WorkflowType, names: Collection[str], selection: Selection) -> Defaults:
    """Read ``task-defaults``; without it nothing is given."""
    if node is None:
        return Defaults(clauses={})
    check_entries(node, TASK_DEFAULTS, "'task-defaults'")
    requires = selection.required(node.get("requires"))
    if type_ is WorkflowType.REVERSE:
        for name in requires:
            if name not in names:
                refuse_task(node.child("requires"), name, names)
    return Defaults(
        policies=parse_policies(node),
        clauses=_parse_clauses(node, names) if type_ is WorkflowType.DIRECT else {},
        requires=requires,
        safe_rerun=node.value.get("safe-rerun"),
        priority=node.value.get("priority"),
        worker=parse_worker(node.get("worker")),
    )


def parse_task(node: Node, around: Surroundings) -> Task:
    """Read one task of a workflow."""
    written = node.mapping()
    if len(node.name) > _LONGEST_NAME:
        node.refuse_shape(f"the name of a task has at most {_LONGEST_NAME} characters")
    direct = around.type is WorkflowType.DIRECT
    table = DIRECT_TASK if direct else REVERSE_TASK
    check_entries(node, table, f"task '{node.key}' of a {around.type} workflow")
    action, workflow, input_ = _parse_call(node)
    items = node.get("with-items")
    return Task(
        name=node.name,
        action=action,
        workflow=workflow,
        input=input_,
        with_items=parse_items(items) if items else None,
        publish=written.get("publish", {}),
        publish_on_error=written.get("publish-on-error", {}),
        publish_on_skip=written.get("publish-on-skip", {}),
        policies=merge_policies(parse_policies(node), around.defaults.policies),
        target=text(node, "target"),
        keep_result=bool(written.get("keep-result", True)),
        safe_rerun=written.get("safe-rerun", around.defaults.safe_rerun),
        priority=written.get("priority", around.defaults.priority),
        worker=merge_worker(parse_worker(node.get("worker")), around.defaults.worker),
        join=_parse_join(node.get("join")),
        **(_effective_clauses(node, around) if direct else {}),
        requires=() if direct else _effective_requires(node, around),
        description=text(node, "description"),
        tags=tags(node),
        spec={**written, "name": node.name, "version": "2.0"},
        line=node.line,
    )


def parse_call(node: Node, arguments: Node | None) -> tuple[str, Mapping[str, Any] | str]:
    """Read a name with one-line parameters, and lay these over the input given beside it."""
    try:
        invocation = parse_invocation(node.value)
    except ValueError as error:
        node.refuse(f"Invalid action/workflow task property: {node.value} - {error}")
    check_invocation(node, invocation)
    return invocation.name, _merged_input(node, invocation, arguments)


def _merged_input(node: Node, invocation: Invocation, arguments: Node | None) -> Mapping[str, Any] | str:
    if arguments is None:
        return invocation.arguments
    if not invocation.arguments:
        given: Mapping[str, Any] | str = arguments.value
        return given
    if isinstance(arguments.value, str):
        node.refuse_shape(f"parameters beside a name need a mapping as '{arguments.key}', not one expression")
    return _overlaid(arguments.value, invocation.arguments)


def _overlaid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return both mappings in one; where both have a mapping, these are merged too, else the upper one wins."""
    merged = dict(below)
    for key, value in above.items():
        lower = merged.get(key)
        merged[key] = _overlaid(lower, value) if isinstance(lower, dict) and isinstance(value, dict) else value
    return merged


def _parse_call(node: Node) -> tuple[str | None, str | None, Mapping[str, Any] | str]:
    action, workflow, arguments = node.get("action"), node.get("workflow"), node.get("input")
    if action is not None and workflow is not None:
        node.refuse_shape("a task has either 'action' or 'workflow', not both")
    if workflow is not None:
        name, input_ = parse_call(workflow, arguments)
        return None, name, input_
    if action is not None:
        name, input_ = parse_call(action, arguments)
        return name, None, input_
    return "std.noop", None, arguments.value if arguments else {}


def _parse_join(node: Node | None) -> int | str | None:
    if node is None:
        return None
    value: Any = node.value
    if value == "all":
        return "all"
    if value == "one":
        return 1
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0 or value != int(value):
        node.refuse_kind("'all', 'one', or a whole number from 0")
    # A task that waits for none is no join.
    return int(value) or None


def _parse_clauses(node: Node, names: Collection[str]) -> dict[Trigger, Clause]:
    return {
        trigger: parse_clause(node.child(trigger.value), names) for trigger in Trigger if trigger.value in node.value
    }


def _effective_clauses(node: Node, around: Surroundings) -> dict[str, Any]:
    own, defaults = _parse_clauses(node, around.names), around.defaults.clauses
    if not defaults:
        return {trigger.value.replace("-", "_"): clause for trigger, clause in own.items()}
    return {
        trigger.value.replace("-", "_"): merge_default(
            own.get(trigger, _NO_CLAUSE), defaults.get(trigger, _NO_CLAUSE), node.name
        )
        for trigger in Trigger
    }


def _effective_requires(node: Node, around: Surroundings) -> tuple[str, ...]:
    names = dict.fromkeys((*around.selection.required(node.get("requires")), *around.defaults.requires))
    return tuple(name for name in names if name != node.name)
