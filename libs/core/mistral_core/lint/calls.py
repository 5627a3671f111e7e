"""Calls of actions and sub-workflows that do not fit what is called, as far as the document shows that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mistral_core.expressions import is_expression
from mistral_core.language.model import REQUIRED, Parameter, Task
from mistral_core.language.node import Node, guess
from mistral_core.lint.rules import Finding, found
from mistral_core.lint.texts import Subject
from mistral_core.offered_input import OfferedInput
from mistral_core.standard import STANDARD

# Start parameters that a parent may give its child on purpose.
_PARAMS: Final = frozenset({"env", "task_name", "notify", "evaluate_env", "description", "read_only", "namespace"})
_STANDARD_PREFIX: Final = "std."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield what is wrong with the calls of a workflow."""
    for task in subject.workflow.tasks.values():
        node = subject.task(task.name)
        if task.workflow is not None:
            yield from _workflow(subject, task, node)
        elif task.action is not None:
            yield from _action(subject, task, node)


def check_offered(subject: Subject, offered: Mapping[str, OfferedInput]) -> Iterator[Finding]:
    """Yield calls of actions that workers offer whose input does not fit what the offer says of it."""
    for task in subject.workflow.tasks.values():
        takes, node = offered.get(task.action or ""), subject.task(task.name)
        own = _inside(subject, task.action or "", subject.document.actions)
        if takes is None or own is not None or not isinstance(task.input, Mapping):
            continue
        place = node.get("action") or node
        known = (*takes.required, *(each.name for each in takes.optional))
        for missing in takes.missing(task.input):
            yield found("action-input", place, f"'{task.action}' needs the input '{missing}'")
        for extra in takes.unexpected(task.input):
            yield found("action-input", place, f"'{task.action}' has no input '{extra}'{guess(extra, known)}")


def unhandled_errors(subject: Subject) -> Iterator[Finding]:
    """Yield tasks whose action may fail for reasons outside and that provide for it in no way."""
    for task in subject.workflow.tasks.values():
        action = STANDARD.get(task.action or "")
        provides = task.on_error.next or task.on_complete.next or task.policies.retry
        if not provides and (task.workflow is None and (action is None or action.reaches_out)):
            message = f"'{task.action}' may fail, and task '{task.name}' has neither retry nor on-error"
            yield found("unhandled-error", subject.task(task.name), message)


def _inside(subject: Subject, name: str, kind: Mapping[str, Any]) -> str | None:
    """Return the stored name of a member of the document; the workbook is looked into first."""
    stored = f"{subject.document.name}.{name}"
    return stored if stored in kind else name if name in kind else None


def _action(subject: Subject, task: Task, node: Node) -> Iterator[Finding]:
    name = task.action or ""
    if is_expression(name):
        return
    place = node.get("action") or node
    own = _inside(subject, name, subject.document.actions)
    if own is not None:
        yield from _parameters(place, name, task.input, subject.document.actions[own].input, "action-input")
        return
    signature = STANDARD.get(name)
    if signature is None:
        if name.startswith(_STANDARD_PREFIX):
            yield found("unknown-action", place, f"there is no action '{name}'{guess(name, STANDARD)}")
        return
    if not isinstance(task.input, Mapping):
        return
    for missing in signature.missing(task.input):
        yield found("action-input", place, f"'{name}' needs the input '{missing}'")
    for extra in signature.unexpected(task.input):
        known = (*signature.required, *signature.optional)
        yield found("action-input", place, f"'{name}' has no input '{extra}'{guess(extra, known)}")


def _workflow(subject: Subject, task: Task, node: Node) -> Iterator[Finding]:
    name = task.workflow or ""
    if is_expression(name):
        return
    workflows, place = subject.document.workflows, node.child("workflow")
    own = _inside(subject, name, workflows)
    if own is not None:
        yield from _parameters(place, name, task.input, workflows[own].input, "workflow-input", passed=_PARAMS)
        return
    local = {each.removeprefix(f"{subject.document.name}.") for each in workflows}
    if meant := guess(name, local):
        yield found("unknown-workflow", place, f"this document has no workflow '{name}'{meant}")


def _parameters(
    place: Node,
    name: str,
    given: Mapping[str, Any] | str,
    declared: tuple[Parameter, ...],
    code: str,
    *,
    passed: frozenset[str] = frozenset(),
) -> Iterator[Finding]:
    if not isinstance(given, Mapping):
        return
    known = {each.name for each in declared}
    for each in declared:
        if each.default is REQUIRED and each.name not in given:
            yield found(code, place, f"'{name}' needs the input '{each.name}'")
    for extra in given:
        if extra not in known and extra not in passed:
            yield found(code, place, f"'{name}' has no input '{extra}'{guess(extra, known)}")
