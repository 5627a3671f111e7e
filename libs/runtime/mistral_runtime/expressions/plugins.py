"""Functions that installed packages add to expressions, by entry points.

There are two groups: one of our own, and the one of OpenStack Mistral, so that packages written for it work as they
are. A function of the language itself is never replaced.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from mistral_core.expressions import Scope
from mistral_core.expressions.functions import BUILTIN, Function

GROUP = "mistral_mesh.expression_functions"
MISTRAL_GROUP = "mistral.expression.functions"

_log = logging.getLogger(__name__)


class MistralContext(Mapping[str, Any]):
    """What functions written for OpenStack Mistral get first: the data by name, and all of it as ``$`` and ``_``."""

    __slots__ = ("_scope",)

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __getitem__(self, key: str) -> Any:
        return self._scope.flatten() if key in ("$", "_") else self._scope[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._scope)

    def __len__(self) -> int:
        return len(self._scope.flatten())


def added_functions() -> dict[str, Function]:
    """Return all functions that installed packages add, by name; one that cannot be loaded is logged and left out."""
    found: dict[str, Function] = {}
    for point in entry_points(group=MISTRAL_GROUP):
        # OpenStack Mistral itself names its own functions there.
        if point.name not in BUILTIN and (function := _loaded(point)) is not None:
            found[point.name] = _for_mistral(function)
    for point in entry_points(group=GROUP):
        if point.name in BUILTIN:
            _log.error("expression function %s is one of the language and is not replaced", point.name)
        elif (function := _loaded(point)) is not None:
            found[point.name] = function
    return found


def _loaded(point: EntryPoint) -> Function | None:
    try:
        function = point.load()
    # A package can fail in any way while it is imported.
    except Exception:
        _log.exception("expression function %s cannot be loaded", point.name)
        return None
    if not callable(function):
        _log.error("expression function %s is nothing that can be called", point.name)
        return None
    return function  # type: ignore[no-any-return]


def _for_mistral(function: Callable[..., Any]) -> Function:
    @wraps(function)
    def call(scope: Scope, *args: Any, **kwargs: Any) -> Any:
        return function(MistralContext(scope), *args, **kwargs)

    return call
