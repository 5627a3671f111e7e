"""``worker`` of a task and of ``task-defaults``: what is needed of the worker that runs the action."""

from collections.abc import Mapping
from typing import Any, Final

from mistral_core.language.grammar import check_expressions
from mistral_core.language.keys import INJECTED, WORKER, WORKER_LIMIT
from mistral_core.language.kinds import check_entries
from mistral_core.language.node import Node

_LONGEST_QUEUE: Final = 255


def parse_worker(node: Node | None) -> Mapping[str, Any] | None:
    """Read what a task, or ``task-defaults``, says of its worker; values may be expressions and stay as written."""
    if node is None:
        return None
    node.mapping("a mapping with at least one entry")
    check_entries(node, WORKER, "'worker'")
    for key in ("queue", "fleet"):
        if (text := node.get(key)) is not None:
            _check_name(text)
    if (limit := node.get("limit")) is not None:
        _check_limit(limit)
    if "workers" in node.value and "fleet" not in node.value:
        node.child("workers").refuse_shape("'workers' says how many of a 'fleet' are wanted, and there is no 'fleet'")
    found: Mapping[str, Any] = {key: value for key, value in node.value.items() if key not in INJECTED}
    return found


def merge_worker(own: Mapping[str, Any] | None, default: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return each entry of the task itself where it has one, else the default."""
    if not own or not default:
        return own or default
    return {**default, **own}


def _check_limit(node: Node) -> None:
    node.mapping("a mapping with 'key', 'concurrency', 'rate'")
    check_entries(node, WORKER_LIMIT, "'limit'")
    if "key" in node.value:
        check_expressions(node.child("key"))
    if "concurrency" not in node.value and "rate" not in node.value:
        node.refuse_shape("a limit needs 'concurrency', 'rate', or both")


def _check_name(node: Node) -> None:
    if len(node.value) > _LONGEST_QUEUE and "<%" not in node.value and "{{" not in node.value:
        node.refuse_shape(f"'{node.key}' has at most {_LONGEST_QUEUE} characters")
    check_expressions(node)
