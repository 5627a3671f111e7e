"""The clauses of a task, ``on-success`` and its siblings: what to publish, and where to go next."""

import re
from collections.abc import Collection
from dataclasses import replace
from typing import Any, Final, NoReturn

from mistral_core.language.grammar import check_invocation, check_text, is_whole_expression
from mistral_core.language.keys import ADVANCED_CLAUSE, PUBLISH_SCOPES
from mistral_core.language.kinds import check_entries, check_unique
from mistral_core.language.model import ENGINE_COMMANDS, Clause, Publish, Transition
from mistral_core.language.node import Node, guess
from mistral_core.language.shorthand import parse_invocation

_EXPRESSION: Final = re.compile(r"<%|\{\{|\{%")
_FORMS: Final = "a task or command, a list of them, or a mapping with 'publish' and 'next'"


def parse_clause(node: Node, tasks: Collection[str]) -> Clause:
    """Read a clause in any of its forms.

    Args:
        tasks: Names of the tasks of the workflow.
    """
    if not isinstance(node.value, dict):
        return Clause(next=_parse_next(node, tasks))
    if not node.value:
        node.refuse_kind(_FORMS)
    if not node.value.keys() & ADVANCED_CLAUSE.keys() and any(map(is_whole_expression, node.value.values())):
        return Clause(next=(_parse_entry(node, tasks),))
    check_entries(node, ADVANCED_CLAUSE, f"the clause '{node.key}'")
    publish, next_ = node.get("publish"), node.get("next")
    return Clause(
        publish=_parse_publish(publish) if publish else None,
        next=_parse_next(next_, tasks) if next_ else (),
    )


def merge_default(own: Clause, default: Clause, task: str) -> Clause:
    """Return a task's clause with the default's transitions, where it has none itself.

    The default never leads a task to itself, and what it publishes does not count.
    """
    if own.next:
        return own
    return replace(own, next=tuple(each for each in default.next if each.command or each.target != task))


def _parse_publish(node: Node) -> Publish:
    node.mapping("a mapping with 'branch', 'global' or 'atomic'")
    check_entries(node, PUBLISH_SCOPES, "'publish' of a clause")
    scopes: dict[str, Any] = node.value
    return Publish(branch=scopes.get("branch", {}), global_=scopes.get("global", {}), atomic=scopes.get("atomic", {}))


def _parse_next(node: Node, tasks: Collection[str]) -> tuple[Transition, ...]:
    if not isinstance(node.value, list):
        return (_parse_entry(node, tasks),)
    if not node.value:
        node.refuse_kind(_FORMS)
    check_unique(node)
    return tuple(_parse_entry(entry, tasks) for entry in node.entries())


def _parse_entry(node: Node, tasks: Collection[str]) -> Transition:
    match node.value:
        case str(written) if written.strip():
            return _transition(node, written, tasks, condition=None)
        case dict(entry) if len(entry) == 1:
            [condition] = node.entries()
            if not is_whole_expression(condition.value):
                condition.refuse_kind("an expression, the condition of the transition")
            check_text(condition, condition.value)
            return _transition(condition, condition.name, tasks, condition=condition.value)
        case dict():
            node.refuse_shape("a transition with a condition has exactly one key, the target; use a list for several")
        case _:
            node.refuse_kind("the name of a task or command, or a mapping of one name to its condition")


def _transition(node: Node, written: str, tasks: Collection[str], *, condition: str | None) -> Transition:
    if written in tasks:
        return Transition(target=written, condition=condition)
    try:
        invocation = parse_invocation(written)
    except ValueError as error:
        node.refuse_shape(f"'{written}' is not a task or command: {error}")
    target = invocation.name
    if target not in tasks and target not in ENGINE_COMMANDS:
        _refuse_target(node, target, tasks)
    check_invocation(node, invocation)
    return Transition(target=target, command=target not in tasks, condition=condition, arguments=invocation.arguments)


def _refuse_target(node: Node, target: str, tasks: Collection[str]) -> NoReturn:
    if _EXPRESSION.search(target):
        node.refuse_shape(f"the target of a transition must be a name, not an expression: {target}")
    refuse_task(node, target, tasks)


def refuse_task(node: Node, name: str, tasks: Collection[str]) -> NoReturn:
    """Complain that a task is not in the workflow.

    Raises:
        InvalidDefinition: Always.
    """
    node.refuse(f"Task '{name}' not found.{guess(name, tasks)}")
