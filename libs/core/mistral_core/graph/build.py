"""A drawing from a definition."""

from collections.abc import Iterator
from typing import Final

from mistral_core.graph.model import Drawing, Edge, Node, Shape, Way
from mistral_core.language.model import Policies, Task, Transition, Trigger, Workflow, WorkflowType

_WAYS: Final = {
    Trigger.ON_SUCCESS: Way.SUCCESS,
    Trigger.ON_ERROR: Way.ERROR,
    Trigger.ON_COMPLETE: Way.COMPLETE,
    Trigger.ON_SKIP: Way.SKIP,
}


def drawing_of(workflow: Workflow, title: str | None = None) -> Drawing:
    """Return the drawing of a workflow; ``title`` is its name unless said otherwise."""
    nodes = [_node(task) for task in workflow.tasks.values()]
    edges: list[Edge] = []
    if workflow.type is WorkflowType.REVERSE:
        edges.extend(_requirements(workflow))
    else:
        for task in workflow.tasks.values():
            for node, edge in _ways(task):
                edges.append(edge)
                if node is not None:
                    nodes.append(node)
    return Drawing(
        title=title or workflow.name,
        nodes=tuple(nodes),
        edges=tuple(edges),
        caption=" ".join((workflow.description or "").split()),
    )


def bare(text: str) -> str:
    """Return an expression in one line; one that is nothing else loses its brackets."""
    line = " ".join(text.split())
    for opening, closing in (("<%", "%>"), ("{{", "}}")):
        if line.startswith(opening) and line.endswith(closing) and line.count(opening) == 1:
            return line[2:-2].strip()
    return line


def _node(task: Task) -> Node:
    items = ", ".join(variable for variable, _ in task.with_items.bindings) if task.with_items else ""
    return Node(
        key=task.name,
        title=task.name,
        shape=Shape.ACTION if task.workflow is None else Shape.WORKFLOW,
        detail=bare(task.workflow or task.action or "std.noop"),
        notes=(*_notes(task.policies, task.target), *_again(task)),
        join="" if task.join is None else str(task.join),
        items=items,
    )


def _notes(policies: Policies, target: str | None) -> Iterator[str]:
    if policies.pause_before:
        yield "pause before"
    if policies.wait_before:
        yield f"wait {_seconds(policies.wait_before)} before"
    if policies.wait_after:
        yield f"wait {_seconds(policies.wait_after)} after"
    if policies.retry is not None:
        count = bare(str(policies.retry.count))
        yield f"retry {count}x" if count.isdigit() else "retry"
    if policies.timeout:
        yield f"timeout {_seconds(policies.timeout)}"
    if policies.concurrency:
        yield f"{bare(str(policies.concurrency))} at once"
    if policies.fail_on:
        yield "fail-on"
    if target:
        yield f"on {bare(target)}"


def _again(task: Task) -> Iterator[str]:
    """Say when a task leads to itself: that edge has no room for its condition."""
    for trigger in Trigger:
        for transition in task.clause(trigger).next:
            if transition.target == task.name and not transition.command and transition.condition:
                yield f"again if {bare(transition.condition)}"


def _seconds(value: int | str) -> str:
    return f"{value} s" if isinstance(value, int) else bare(value)


def _ways(task: Task) -> Iterator[tuple[Node | None, Edge]]:
    """Yield the edges that leave a task; a command comes with a node of its own."""
    for trigger in Trigger:
        for position, transition in enumerate(task.clause(trigger).next):
            label = bare(transition.condition or "")
            if not transition.command:
                yield None, Edge(source=task.name, target=transition.target, way=_WAYS[trigger], label=label)
                continue
            key = f"{task.name}\n{trigger}\n{position}"
            node = Node(key=key, title=transition.target, shape=Shape.COMMAND, detail=_message(transition))
            yield node, Edge(source=task.name, target=key, way=_WAYS[trigger], label=label)


def _message(transition: Transition) -> str:
    message = transition.arguments.get("msg")
    return "" if message is None else " ".join(str(message).split())


def _requirements(workflow: Workflow) -> Iterator[Edge]:
    for task in workflow.tasks.values():
        for name in task.requires:
            if name in workflow.tasks:
                yield Edge(source=name, target=task.name, way=Way.REQUIRES)
