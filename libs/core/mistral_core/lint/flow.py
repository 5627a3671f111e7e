"""What follows what: tasks nobody reaches, transitions never taken, joins that cannot complete, endless rings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from mistral_core.expressions import ExpressionFailed, evaluate
from mistral_core.language.model import Task, Transition, Trigger, Workflow, WorkflowType
from mistral_core.language.node import Node
from mistral_core.lint.reading import reads
from mistral_core.lint.rules import Finding, found
from mistral_core.lint.texts import Subject
from mistral_core.stubrun.matching import About

_ENDS: Final = frozenset({"fail", "succeed"})
_EXCLUSIVE: Final = ({Trigger.ON_SUCCESS, Trigger.ON_SKIP}, {Trigger.ON_ERROR})


def check(subject: Subject) -> Iterator[Finding]:
    """Yield what is wrong with the flow of a direct workflow."""
    if subject.workflow.type is not WorkflowType.DIRECT:
        return
    yield from _unreachable(subject)
    yield from _never_taken(subject)
    yield from _impossible_joins(subject)
    yield from _endless(subject)
    yield from _twice(subject)


def reachable(workflow: Workflow, *, without: str = "") -> set[str]:
    """Return the tasks that start tasks lead to, these included; ``without`` going through one."""
    seen: set[str] = set()
    waiting = [name for name in workflow.start_tasks if name != without]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(target for target in _targets(workflow.tasks[name]) if target != without)
    return seen


def constant_value(text: str) -> tuple[bool, object]:
    """Tell whether a text is an expression that has the same value always, and which."""
    read = reads(text)
    if read is None or not read.constant:
        return False, None
    try:
        return True, evaluate(text, About({}))
    except ExpressionFailed:
        return False, None


def _targets(task: Task) -> set[str]:
    return {each.target for trigger in Trigger for each in task.clause(trigger).next if not each.command}


def _place(subject: Subject, task: str, key: str) -> Node:
    node = subject.task(task)
    return node.get(key) or node


def _unreachable(subject: Subject) -> Iterator[Finding]:
    seen = reachable(subject.workflow)
    for name in subject.workflow.tasks:
        if name not in seen:
            yield found("unreachable-task", subject.task(name), f"task '{name}' is never reached from a start task")


def _never_taken(subject: Subject) -> Iterator[Finding]:
    for task in subject.workflow.tasks.values():
        for trigger in Trigger:
            place = _place(subject, task.name, trigger)
            ended = ""
            for each in task.clause(trigger).next:
                known, value = constant_value(each.condition) if each.condition else (False, None)
                if ended:
                    yield found(
                        "never-taken", place, f"'{each.target}' stands after '{ended}', which ends the workflow"
                    )
                elif known and not value:
                    yield found("never-taken", place, f"the condition of '{each.target}' is never true")
                if _always_ends(each):
                    ended = each.target


def _always_ends(transition: Transition) -> bool:
    return transition.command and transition.target in _ENDS and transition.condition is None


def _impossible_joins(subject: Subject) -> Iterator[Finding]:
    workflow = subject.workflow
    for task in workflow.tasks.values():
        if task.join is None:
            continue
        sources = list(dict.fromkeys(source for source, _ in workflow.inbound[task.name]))
        needed = len(sources) if task.join == "all" else int(task.join)
        before = reachable(workflow, without=task.name)
        possible = [source for source in sources if source in before]
        place = _place(subject, task.name, "join")
        if len(possible) < needed:
            behind = ", ".join(f"'{source}'" for source in sources if source not in possible)
            message = f"join {task.join} of '{task.name}' waits for {behind}, which cannot run before it"
            yield found("impossible-join", place, message)
        elif needed == len(sources):
            yield from _exclusive(subject, task, sources, place)


def _exclusive(subject: Subject, task: Task, sources: list[str], place: Node) -> Iterator[Finding]:
    """Find two sources of which one runs only after a task's success and the other only after its error."""
    facts = {source: dict(_facts(subject.workflow, source)) for source in sources}
    for position, first in enumerate(sources):
        for second in sources[position + 1 :]:
            for origin, way in facts[first].items():
                other = facts[second].get(origin)
                if other is not None and other != way:
                    message = (
                        f"join {task.join} of '{task.name}' waits for both '{first}' and '{second}', "
                        f"but '{origin}' leads to one on success and to the other on error"
                    )
                    yield found("impossible-join", place, message)
                    return


def _facts(workflow: Workflow, name: str) -> Iterator[tuple[str, int]]:
    """Yield what must have been so for a task to run: (task, 0 for its success or 1 for its error) pairs."""
    seen: set[str] = set()
    while name not in seen:
        seen.add(name)
        inbound = workflow.inbound[name]
        if len({source for source, _ in inbound}) != 1:
            return
        source = inbound[0][0]
        triggers = {trigger for _, trigger in inbound}
        for position, kinds in enumerate(_EXCLUSIVE):
            if triggers <= kinds:
                yield source, position
        name = source


def _endless(subject: Subject) -> Iterator[Finding]:
    sure = {name: _surely_next(task) for name, task in subject.workflow.tasks.items()}
    told: set[str] = set()
    for start in sure:
        ring = _ring(start, sure)
        if ring and not told & set(ring):
            told |= set(ring)
            way = " -> ".join(f"'{name}'" for name in (*ring, ring[0]))
            yield found("endless-cycle", subject.task(start), f"nothing ends the ring {way}")


def _surely_next(task: Task) -> list[str]:
    """Return the tasks that a task leads to whenever it succeeds."""
    entries = [*task.on_success.next, *task.on_complete.next]
    if any(_always_ends(each) for each in entries) or task.join is not None:
        return []
    return [each.target for each in entries if not each.command and each.condition is None]


def _ring(start: str, following: Mapping[str, list[str]]) -> list[str]:
    """Return the names along a ring through a task; empty if there is none."""
    came: dict[str, str] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop(0)
        for target in following[name]:
            if target == start:
                way = [name]
                while way[-1] != start:
                    way.append(came[way[-1]])
                return way[::-1]
            if target not in came:
                came[target] = name
                waiting.append(target)
    return []


def _twice(subject: Subject) -> Iterator[Finding]:
    tasks = subject.workflow.tasks
    for task in tasks.values():
        complete = {each.target for each in task.on_complete.next if not each.command and each.condition is None}
        for trigger in (Trigger.ON_SUCCESS, Trigger.ON_ERROR):
            for each in task.clause(trigger).next:
                if each.target in complete and each.condition is None and tasks[each.target].join is None:
                    place = _place(subject, task.name, trigger)
                    yield found("runs-twice", place, f"'{each.target}' stands in {trigger} and in on-complete")
