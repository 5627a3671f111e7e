"""The simple kinds of values: texts, numbers, flags, tags, parameters, mappings of expressions."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from mistral_core.language.grammar import check_expressions, is_whole_expression
from mistral_core.language.keys import INJECTED, Entry, Kind
from mistral_core.language.model import Parameter
from mistral_core.language.node import Node


def check_entries(node: Node, table: Mapping[str, Entry], what: str, *, open_ended: bool = False) -> None:
    """Check a mapping against its table: unknown and missing keys, and the values of simple kinds.

    Args:
        what: The part of the language it is, for complaints.
        open_ended: Accept unknown keys.
    """
    if not open_ended:
        node.check_keys(table.keys(), what, ignored=INJECTED)
    for key, entry in table.items():
        if key in node.value:
            check = _CHECKS.get(entry.kind)
            if check is not None:
                check(node.child(key))
        elif entry.required:
            node.refuse_shape(f"{what} lacks the required key '{key}'")


def check_unique(node: Node) -> None:
    """Refuse a list in which an element stands twice."""
    seen: dict[str, int] = {}
    for element in node.entries():
        identity = json.dumps(element.value, sort_keys=True)
        if identity in seen:
            element.refuse_shape(f"{identity} stands twice in '{node.key}'")
        seen[identity] = 1


def parameters(node: Node | None) -> tuple[Parameter, ...]:
    """Return declared inputs, each once: of the same name, the last one counts."""
    if node is None:
        return ()
    found: dict[str, Parameter] = {}
    for element in node.value:
        if isinstance(element, str):
            found[element] = Parameter(element)
        else:
            found.update((name, Parameter(name, default)) for name, default in element.items())
    return tuple(found.values())


def text(node: Node, key: str) -> str | None:
    """Return a checked text, or None when it is not there."""
    value = node.value.get(key)
    return value if isinstance(value, str) else None


def tags(node: Node) -> tuple[str, ...]:
    """Return the checked tags of a mapping."""
    return tuple(node.value.get("tags", ()))


def _check_text(node: Node) -> None:
    if not isinstance(node.value, str):
        node.refuse_kind("text")


def _check_name(node: Node) -> None:
    if not isinstance(node.value, str) or not node.value.strip():
        node.refuse_kind("text that is not empty")


def _check_tags(node: Node) -> None:
    expected = "a list of different texts, at least one"
    if not isinstance(node.value, list) or not node.value:
        node.refuse_kind(expected)
    for tag in node.entries():
        if not isinstance(tag.value, str) or not tag.value:
            tag.refuse_kind("text that is not empty")
    check_unique(node)


def _check_parameters(node: Node) -> None:
    expected = "a list with at least one parameter, each a name or a mapping of one name to its default"
    if not isinstance(node.value, list) or not node.value:
        node.refuse_kind(expected)
    for parameter in node.entries():
        match parameter.value:
            case str(name) if name:
                pass
            case dict(default) if len(default) == 1:
                pass
            case _:
                parameter.refuse_kind("a name, or a mapping of one name to its default")
    check_unique(node)


def _check_values(node: Node) -> None:
    node.mapping()
    check_expressions(node)


def _check_values_or_expression(node: Node) -> None:
    if not isinstance(node.value, str) or not node.value.strip():
        node.mapping("a mapping with at least one entry, or an expression that gives one")
    check_expressions(node)


def _check_count(node: Node) -> None:
    if type(node.value) in (int, float) and node.value >= 0 and node.value == int(node.value):
        return
    if not is_whole_expression(node.value):
        node.refuse_kind("a whole number from 0, or an expression that gives one")
    check_expressions(node)


def _check_seconds(node: Node) -> None:
    if type(node.value) in (int, float) and 0 <= node.value < float("inf"):
        return
    if not is_whole_expression(node.value):
        node.refuse_kind("a number from 0, or an expression that gives one")
    check_expressions(node)


def _check_labels(node: Node) -> None:
    for label in node.mapping("a mapping with at least one label"):
        if not isinstance(node.value[label], str | int | float):
            node.child(label).refuse_kind("text, a number, true or false, or an expression")
    check_expressions(node)


def _check_flag(node: Node) -> None:
    if isinstance(node.value, bool):
        return
    if not is_whole_expression(node.value):
        node.refuse_kind("true or false, or an expression that gives one of them")
    check_expressions(node)


def _check_priority(node: Node) -> None:
    if node.value in ("high", "normal", "low"):
        return
    if not is_whole_expression(node.value):
        node.refuse_kind("'high', 'normal' or 'low', or an expression that gives one of them")
    check_expressions(node)


def _check_condition(node: Node) -> None:
    if not is_whole_expression(node.value):
        node.refuse_kind("an expression")
    check_expressions(node)


def _check_version(node: Node) -> None:
    value: Any = node.value
    if isinstance(value, str) and value:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        node.refuse_kind("a version such as '2.0'")


def _check_settings(node: Node) -> None:
    if not isinstance(node.value, dict):
        node.refuse_kind("a mapping")


def _check_members(node: Node) -> None:
    node.mapping()


_CHECKS: Final[Mapping[Kind, Callable[[Node], None]]] = {
    Kind.VERSION: _check_version,
    Kind.TEXT: _check_text,
    Kind.NAME: _check_name,
    Kind.INLINE: _check_name,
    Kind.TAGS: _check_tags,
    Kind.PARAMETERS: _check_parameters,
    Kind.VALUES: _check_values,
    Kind.VALUES_OR_EXPRESSION: _check_values_or_expression,
    Kind.COUNT: _check_count,
    Kind.SECONDS: _check_seconds,
    Kind.LABELS: _check_labels,
    Kind.FLAG: _check_flag,
    Kind.PRIORITY: _check_priority,
    Kind.CONDITION: _check_condition,
    Kind.ANY: check_expressions,
    Kind.MEMBERS: _check_members,
    Kind.SETTINGS: _check_settings,
}


def check_kind(node: Node, kind: Kind) -> None:
    """Check one value of a simple kind."""
    _CHECKS[kind](node)
