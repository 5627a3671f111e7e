"""Values of a test file at their places: each read with a complaint that names what is expected."""

from collections.abc import Mapping
from typing import Any

from mistral_core.language.grammar import check_expressions, is_whole_expression
from mistral_core.language.node import Node
from mistral_core.machine.state import State
from mistral_core.stubrun.model import UNSAID
from mistral_core.stubrun.spans import seconds


def mapping(node: Node, table: Mapping[str, str], what: str) -> Node:
    """Check that it is a mapping with keys of that table only."""
    if not isinstance(node.value, dict):
        node.refuse(f"{what} must be a mapping with some of: {', '.join(table)}")
    node.check_keys(table.keys(), what)
    return node


def values_of(node: Node | None) -> dict[str, Any]:
    """Return a mapping of free form; empty when it is not there or null."""
    if node is None or node.value is None:
        return {}
    if not isinstance(node.value, dict):
        node.refuse(f"'{node.key}' must be a mapping")
    value: dict[str, Any] = node.value
    return value


def elements(node: Node | None) -> list[Node]:
    """Return the elements of a list; none when it is not there."""
    if node is None or node.value is None:
        return []
    if not isinstance(node.value, list):
        node.refuse(f"'{node.key}' must be a list")
    return list(node.entries())


def text(node: Node | None) -> str | None:
    if node is None:
        return None
    if not isinstance(node.value, str) or not node.value:
        node.refuse(f"'{node.key}' must be text")
    value: str = node.value
    return value


def texts(node: Node | None) -> tuple[str, ...]:
    """Return a list of texts; a single text is a list of one."""
    if node is not None and isinstance(node.value, str):
        return (node.value,)
    return tuple(text(each) or "" for each in elements(node))


def number(node: Node | None) -> int | None:
    if node is None:
        return None
    if type(node.value) is not int or node.value < 0:
        node.refuse(f"'{node.key}' must be a whole number from 0")
    return int(node.value)


def flag(node: Node | None, *, default: bool = False) -> bool:
    if node is None:
        return default
    if not isinstance(node.value, bool):
        node.refuse(f"'{node.key}' must be true or false")
    return bool(node.value)


def span(node: Node | None, *, default: float = 0.0) -> float:
    """Return a span of time in seconds."""
    if node is None:
        return default
    try:
        return seconds(node.value)
    except ValueError as error:
        node.refuse(f"'{node.key}': {error}")


def state(node: Node) -> str:
    """Return the name of a state in capitals."""
    found = str(node.value).upper()
    if found not in tuple(State):
        node.refuse(f"'{node.value}' is no state (there are: {', '.join(State)})")
    return found


def wanted(node: Node | None) -> Any:
    """Return an expected value; its expressions must be readable. UNSAID when it is not there."""
    if node is None:
        return UNSAID
    check_expressions(node)
    return node.value


def wanted_span(node: Node | None) -> Any:
    """Return an expected span in seconds, or the expression about it."""
    if node is not None and is_whole_expression(node.value):
        return wanted(node)
    return UNSAID if node is None else span(node)
