"""Variables: read and never set, set and never read, or not visible where they are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from mistral_core.language.model import Publish, Task, Trigger, Workflow, WorkflowType
from mistral_core.language.node import Node, guess
from mistral_core.lint.rules import Finding, found
from mistral_core.lint.texts import Role, Subject, Text

# What the engine puts beside the variables of a workflow.
_SYSTEM: Final = frozenset({"__env", "__execution", "__task_execution", "__versions", "openstack"})
_PUBLISHING: Final = ("publish", "publish-on-error", "publish-on-skip")


@dataclass(slots=True)
class Known:
    """Which variables there are.

    Attributes:
        everywhere: Input, ``vars`` and what is published globally.
        published: By branch variable the tasks that publish it.
    """

    everywhere: set[str] = field(default_factory=set)
    published: dict[str, set[str]] = field(default_factory=dict)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield what is wrong with the variables of a workflow."""
    known = _known(subject.workflow)
    before = _before(subject.workflow)
    for text in subject.texts:
        if text.reads is not None:
            yield from _unset(subject, text, known, before)
    yield from _unused(subject)
    yield from _shadowed(subject, known)


def _known(workflow: Workflow) -> Known:
    known = Known({*_SYSTEM, *workflow.vars, *(each.name for each in workflow.input)})
    for task in workflow.tasks.values():
        for publish in _publishes(task):
            known.everywhere |= publish.global_.keys() | publish.atomic.keys()
            for name in publish.branch:
                known.published.setdefault(name, set()).add(task.name)
    return known


def _publishes(task: Task) -> Iterator[Publish]:
    for branch in (task.publish, task.publish_on_error, task.publish_on_skip):
        yield Publish(branch=branch)
    for trigger in Trigger:
        yield task.clause(trigger).publish or Publish()


def _before(workflow: Workflow) -> Mapping[str, set[str]]:
    """Return for each task all that may have run before it on the way to it."""
    direct: dict[str, set[str]] = {
        name: set(task.requires) if workflow.type is WorkflowType.REVERSE else {s for s, _ in workflow.inbound[name]}
        for name, task in workflow.tasks.items()
    }
    found_: dict[str, set[str]] = {}
    for name in direct:
        seen: set[str] = set()
        waiting = list(direct[name])
        while waiting:
            other = waiting.pop()
            if other not in seen:
                seen.add(other)
                waiting.extend(direct.get(other, ()))
        found_[name] = seen
    return found_


def _unset(subject: Subject, text: Text, known: Known, before: Mapping[str, set[str]]) -> Iterator[Finding]:
    task = subject.workflow.tasks.get(text.task)
    items = {name for name, _ in task.with_items.bindings} if task is not None and task.with_items else set()
    for name in sorted(text.reads.surely if text.reads else ()):
        if name in known.everywhere or name in items:
            continue
        publishers = known.published.get(name)
        if publishers is None:
            yield found("undefined-variable", text.node, _nobody_sets(name, subject, known, items))
        elif not _visible(text, publishers, before):
            who = ", ".join(f"'{each}'" for each in sorted(publishers))
            yield found("out-of-reach", text.node, f"'{name}' is published by {who} only, which does not come before")


def _nobody_sets(name: str, subject: Subject, known: Known, items: set[str]) -> str:
    if name in subject.workflow.tasks:
        # Very old workflows read results so.
        return f"'{name}' is a task and no variable: write task({name}).result"
    names = known.everywhere - _SYSTEM | known.published.keys() | items
    return f"nothing sets the variable '{name}'{guess(name, names)}"


def _visible(text: Text, publishers: set[str], before: Mapping[str, set[str]]) -> bool:
    match text.role:
        case Role.BEFORE:
            return bool(publishers & before[text.task])
        case Role.AFTER:
            # What a task publishes is there in its own clauses and policies, but not while it publishes.
            own = set() if text.key in _PUBLISHING else {text.task}
            return bool(publishers & (before[text.task] | own))
        case Role.VARS:
            return False
        case _:
            return True


def _unused(subject: Subject) -> Iterator[Finding]:
    read = [text.reads for text in subject.texts if text.reads is not None]
    if any(each.everything for each in read):
        return
    used: set[str] = set().union(*(each.possibly for each in read))
    node, workflow = subject.node, subject.workflow
    inputs = node.get("input")
    for element in inputs.entries() if inputs is not None else ():
        name = element.value if isinstance(element.value, str) else next(iter(element.value))
        if name not in used:
            yield found("unused-input", element, f"the input '{name}' is never read")
    for name in workflow.vars:
        if name not in used:
            yield found("unused-variable", node.child("vars").child(name), f"the variable '{name}' is never read")
    if workflow.output is not None:
        # Without output, all that is published is the output.
        for place in _published_places(subject):
            if place.key not in used:
                yield found("unused-variable", place, f"'{place.key}' is published and never read")


def _published_places(subject: Subject) -> Iterator[Node]:
    for name in subject.workflow.tasks:
        task = subject.task(name)
        for key in _PUBLISHING:
            if (part := task.get(key)) is not None:
                yield from part.entries()
        for trigger in Trigger:
            clause = task.get(trigger)
            if clause is not None and isinstance(clause.value, dict) and isinstance(clause.value.get("publish"), dict):
                for scope in clause.child("publish").entries():
                    yield from scope.entries()


def _shadowed(subject: Subject, known: Known) -> Iterator[Finding]:
    """Find item variables that a branch variable hides; input and ``vars`` do not hide them."""
    before = _before(subject.workflow)
    for task in subject.workflow.tasks.values():
        for name, _ in task.with_items.bindings if task.with_items else ():
            if known.published.get(name, set()) & before[task.name]:
                place = subject.task(task.name).child("with-items")
                message = f"the item '{name}' is hidden by a variable of that name that was published before"
                yield found("shadowed-item", place, message)
