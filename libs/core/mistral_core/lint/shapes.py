"""What is accepted and does nothing, or something else than it seems to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mistral_core.documents import Document
from mistral_core.language.grammar import is_whole_expression
from mistral_core.language.keys import ADVANCED_CLAUSE, INJECTED, WORKFLOW
from mistral_core.language.model import ENGINE_COMMANDS, Task, Trigger, WorkflowType
from mistral_core.language.node import Node, guess
from mistral_core.lint.flow import constant_value
from mistral_core.lint.reading import unclosed
from mistral_core.lint.rules import Finding, found
from mistral_core.lint.texts import Subject

_OLD_FUNCTIONS: Final = {"json_pp": "json_dump"}
_CONDITIONS: Final = frozenset({"on-success", "on-error", "on-complete", "on-skip", "retry", "fail-on"})


def check_document(document: Document) -> Iterator[Finding]:
    """Yield texts of ad-hoc actions and environments that do not close an expression."""
    if not document.workflows:
        yield from _unclosed(document.root)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield what is odd about the form of a workflow."""
    yield from _ignored_keys(subject)
    yield from _unclosed(subject.node)
    yield from _literal_defaults(subject)
    yield from _constants(subject)
    for task in subject.workflow.tasks.values():
        node = subject.task(task.name)
        if task.name in ENGINE_COMMANDS:
            yield found("command-name", node, f"the task '{task.name}' has the name of a command")
        yield from _without_effect(task, node)
        yield from _worker_without_effect(subject, task, node)
        yield from _bare_conditions(node)
    yield from _defaults_without_effect(subject)
    yield from _old_functions(subject)


def _ignored_keys(subject: Subject) -> Iterator[Finding]:
    for entry in subject.node.entries():
        if entry.name not in WORKFLOW and entry.name not in INJECTED:
            message = f"a workflow has no key '{entry.name}'{guess(entry.name, WORKFLOW)}"
            yield found("ignored-key", entry, message)


def _unclosed(node: Node) -> Iterator[Finding]:
    if isinstance(node.value, str):
        if bracket := unclosed(node.value):
            yield found("unclosed-expression", node, f"'{bracket}' is not closed; quote the text if it has commas")
    elif isinstance(node.value, dict | list):
        for entry in node.entries():
            yield from _unclosed(entry)


def _literal_defaults(subject: Subject) -> Iterator[Finding]:
    inputs = subject.node.get("input")
    for element in inputs.entries() if inputs is not None else ():
        if isinstance(element.value, dict):
            [default] = element.entries()
            if is_whole_expression(default.value):
                yield found("literal-default", default, f"the default of '{default.name}' is not evaluated; use vars")


def _constants(subject: Subject) -> Iterator[Finding]:
    for text in subject.texts:
        if not is_whole_expression(text.text):
            continue
        known, value = constant_value(text.text)
        # What is never true is reported where the transition stands.
        if known and not (text.key in _CONDITIONS and not value):
            yield found("constant-expression", text.node, f"'{text.text}' is always {value!r}")


def _without_effect(task: Task, node: Node) -> Iterator[Finding]:
    if task.policies.concurrency and task.with_items is None and "concurrency" in node.value:
        yield found("no-effect", node.child("concurrency"), "concurrency does nothing without with-items")
    if task.workflow is not None:
        for key in ("target", "safe-rerun", "keep-result", "worker"):
            if key in node.value:
                yield found("no-effect", node.child(key), f"{key} does nothing for a sub-workflow")


def _worker_without_effect(subject: Subject, task: Task, node: Node) -> Iterator[Finding]:
    """Yield what is said of the worker of an action that executors run themselves."""
    own = subject.document.actions.get(task.action or "")
    runs = task.action if own is None else own.base
    if "worker" in node.value and task.workflow is None and (runs or "std.noop").startswith("std."):
        yield found("no-effect", node.child("worker"), f"worker does nothing for '{runs}', which needs no worker")


def _bare_conditions(node: Node) -> Iterator[Finding]:
    for trigger in Trigger:
        clause = node.get(trigger)
        if clause is None or not isinstance(clause.value, dict):
            continue
        following = clause.get("next")
        conditional = following is not None and isinstance(following.value, dict)
        if conditional or not clause.value.keys() & ADVANCED_CLAUSE.keys():
            message = "OpenStack Mistral passes over a condition that is not in a list: write '- target: condition'"
            yield found("old-form", clause, message)


def _defaults_without_effect(subject: Subject) -> Iterator[Finding]:
    defaults = subject.node.get("task-defaults")
    if defaults is None:
        return
    backwards = subject.workflow.type is WorkflowType.REVERSE
    for entry in defaults.entries():
        clause = entry.name in tuple(Trigger)
        if clause and backwards:
            yield found("no-effect", entry, f"{entry.name} does nothing in a reverse workflow")
        elif clause and isinstance(entry.value, dict) and "publish" in entry.value:
            yield found("no-effect", entry.child("publish"), "what task-defaults publish is passed over")
        elif entry.name == "requires" and not backwards:
            yield found("no-effect", entry, "requires does nothing in a direct workflow")


def _old_functions(subject: Subject) -> Iterator[Finding]:
    for text in subject.texts:
        for name in sorted((text.reads.functions if text.reads else set()) & _OLD_FUNCTIONS.keys()):
            yield found("old-form", text.node, f"{name} is gone from OpenStack Mistral; use {_OLD_FUNCTIONS[name]}")
