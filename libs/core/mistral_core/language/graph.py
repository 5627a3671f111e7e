"""The shape of a workflow: which tasks lead to which, and whether it can run at all."""

from collections.abc import Iterable, Mapping

from mistral_core.language.model import Task, Trigger
from mistral_core.language.node import Node
from mistral_core.language.transitions import refuse_task

Inbound = Mapping[str, tuple[tuple[str, Trigger], ...]]

_LONGEST_JOIN_NAME = 208


def inbound_transitions(tasks: Mapping[str, Task]) -> Inbound:
    """Return for each task the tasks and triggers that may lead to it, in the order of the text."""
    found: dict[str, list[tuple[str, Trigger]]] = {name: [] for name in tasks}
    for task in tasks.values():
        for trigger in Trigger:
            targets = {each.target for each in task.clause(trigger).next if not each.command}
            for target in targets:
                found[target].append((task.name, trigger))
    return {name: tuple(origins) for name, origins in found.items()}


def start_tasks(node: Node, inbound: Inbound) -> tuple[str, ...]:
    """Return the tasks that nothing leads to; there must be one.

    Args:
        node: The tasks of the workflow, for complaints.
    """
    found = tuple(name for name, origins in inbound.items() if not origins)
    if not found:
        node.refuse("Failed to find start tasks in direct workflow: every task is the target of a transition")
    return found


def check_joins(node: Node, tasks: Mapping[str, Task], inbound: Inbound) -> None:
    """Refuse joins that wait for more tasks than lead to them, and names too long for a join."""
    for task in tasks.values():
        if task.join is None:
            continue
        place = node.child(task.name)
        if len(task.name) > _LONGEST_JOIN_NAME:
            place.refuse_shape(f"the name of a task with 'join' has at most {_LONGEST_JOIN_NAME} characters")
        origins = {origin for origin, _ in inbound[task.name]}
        needed = 1 if task.join == "all" else int(task.join)
        if len(origins) < needed:
            place.child("join").refuse(
                f"Not enough inbound tasks for task with 'join' "
                f"[join={task.join}, inbound tasks={len(origins)}, task={task.name}]"
            )


def check_requirements(node: Node, tasks: Mapping[str, Task]) -> None:
    """Refuse requirements on tasks that do not exist, and rings of requirements.

    Args:
        node: The tasks of the workflow, for complaints.
    """
    for task in tasks.values():
        for name in task.requires:
            if name not in tasks:
                place = node.child(task.name)
                refuse_task(place.get("requires") or place, name, tasks)
    ring = _ring({name: task.requires for name, task in tasks.items()})
    if ring:
        node.child(ring[0]).refuse(f"Tasks require each other in a ring: {' -> '.join(ring)}")


def _ring(requires: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the names along a ring, the first one again at the end; empty when there is none."""
    finished: set[str] = set()
    for start in requires:
        way, waiting = [start], [iter(requires[start])]
        on_way = {start}
        while way and start not in finished:
            following = next(waiting[-1], None)
            if following is None:
                waiting.pop()
                on_way.discard(way[-1])
                finished.add(way.pop())
            elif following in on_way:
                return [*way[way.index(following) :], following]
            elif following not in finished:
                way.append(following)
                on_way.add(following)
                waiting.append(iter(requires[following]))
    return []
