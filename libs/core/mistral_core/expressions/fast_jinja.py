"""The short way for ``{{ _.a.b }}``: a chain of keys is read directly.

Whatever is not a plain chain over dicts and lists goes the long way, so the
template engine alone decides about errors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Any

from jinja2 import nodes

from mistral_core.expressions.scope import Scope

_ROOT = "_"
_PLAIN = frozenset([str, int, float, bool, type(None), dict, list])


@dataclass(frozen=True, slots=True)
class Path:
    """A chain of keys and indexes below the root."""

    first: str
    rest: tuple[str | int, ...]

    def program(self, otherwise: Callable[[Scope], Any]) -> Callable[[Scope], Any]:
        """Return the path as something to call; ``otherwise`` takes over where it leads nowhere."""
        first = self.first
        rest: list[tuple[Any, type]] = [(key, dict if isinstance(key, str) else list) for key in self.rest]

        def read(scope: Scope) -> Any:
            try:
                value = scope[first]
                for key, container in rest:
                    value = _item(value, key, container)
            except (LookupError, TypeError):
                return otherwise(scope)
            kind = type(value)
            if kind not in _PLAIN or (kind is float and not isfinite(value)):
                return otherwise(scope)
            return value

        return read


def _item(value: Any, key: Any, container: Any) -> Any:
    if type(value) is container:
        return value[key]
    raise TypeError


def path_of(tree: nodes.Expr) -> Path | None:
    """Return the path a tree stands for, or None if it is anything else."""
    keys: list[str | int] = []
    node: nodes.Node = tree
    while not isinstance(node, nodes.Name):
        match node:
            case nodes.Getattr():
                keys.append(node.attr)
            case nodes.Getitem() if isinstance(node.arg, nodes.Const) and type(node.arg.value) in (str, int):
                keys.append(node.arg.value)
            case _:
                return None
        node = node.node
    keys.reverse()
    if node.name != _ROOT or not keys or not isinstance(keys[0], str):
        return None
    return Path(keys[0], tuple(keys[1:]))
