"""All texts of a workflow that may hold expressions, each with its place and what it is for."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from mistral_core.documents import Document
from mistral_core.language.keys import INJECTED
from mistral_core.language.model import Workflow
from mistral_core.language.node import Node
from mistral_core.lint.reading import Reads, reads

_PUBLISHING = frozenset({"publish", "publish-on-error", "publish-on-skip"})
_CLAUSES = frozenset({"on-success", "on-error", "on-complete", "on-skip"})
# These expressions are about tasks, and are resolved when the definition is read.
_SELECTING = frozenset({"requires"})
_AFTERWARDS = frozenset({*_PUBLISHING, *_CLAUSES, "retry", "fail-on", "wait-after"})


class Role(StrEnum):
    """Where an expression stands, which says what it sees."""

    BEFORE = "before the task runs"
    AFTER = "once the task ran"
    DEFAULTS = "in every task"
    VARS = "at the start"
    OUTPUT = "at the end"


@dataclass(frozen=True, slots=True)
class Text:
    """One text; ``task`` is the name of the task it belongs to, "" for none; ``reads`` None without expressions."""

    text: str
    node: Node
    role: Role
    task: str = ""
    key: str = ""
    reads: Reads | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """One workflow that is checked."""

    document: Document
    name: str
    workflow: Workflow
    node: Node
    texts: tuple[Text, ...]

    def task(self, name: str) -> Node:
        """Return the node of a task."""
        return self.node.child("tasks").child(name)


def subject_of(document: Document, name: str) -> Subject:
    """Return a workflow of a document with all its texts."""
    node, workflow = document.place(name), document.workflows[name]
    return Subject(document, name, workflow, node, tuple(_of_workflow(node, workflow)))


def _of_workflow(node: Node, workflow: Workflow) -> Iterator[Text]:
    for key, role in (("vars", Role.VARS), ("output", Role.OUTPUT), ("output-on-error", Role.OUTPUT)):
        part = node.get(key)
        if part is not None:
            yield from _strings(part, role, key=key)
    defaults = node.get("task-defaults")
    for entry in defaults.entries() if defaults is not None else ():
        if entry.key not in _SELECTING:
            yield from _strings(entry, Role.DEFAULTS, key=entry.name)
    tasks = node.child("tasks")
    for name in workflow.tasks:
        for entry in tasks.child(name).entries():
            if entry.key not in INJECTED and entry.key not in _SELECTING:
                role = Role.AFTER if entry.key in _AFTERWARDS else Role.BEFORE
                yield from _strings(entry, role, task=name, key=entry.name)


def _strings(node: Node, role: Role, *, task: str = "", key: str = "") -> Iterator[Text]:
    if isinstance(node.value, str):
        yield Text(node.value, node, role, task, key, reads(node.value))
    elif isinstance(node.value, dict | list):
        for entry in node.entries():
            # A target with parameters is a key: fail(msg=<% $.x %>).
            if isinstance(entry.key, str) and ("<%" in entry.key or "{{" in entry.key):
                yield Text(entry.key, entry, role, task, key, reads(entry.key))
            yield from _strings(entry, role, task=task, key=key)
