"""What an expression can see: the data behind ``$`` and ``_``, and the facts behind functions.

Values are plain JSON types. They are handed out by reference, never copied,
so nobody may change what comes out of a scope or of an evaluation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

_MISSING: Any = object()


class Facts(Protocol):
    """What functions such as ``task()`` read; the machine implements it.

    Answers are plain JSON values, and the same whenever the same event is replayed. Whatever ``Exception`` one of
    them raises fails the expression; only another ``BaseException`` passes through an evaluation.
    """

    def env(self) -> Mapping[str, Any]:
        """Return the environment of the root execution, evaluated; empty if there is none."""

    def execution(self) -> Mapping[str, Any]:
        """Return what ``execution()`` shows."""

    def task(self, name: str | None) -> Mapping[str, Any] | None:
        """Return the latest task of that name, or the current one for None; None if there is none."""

    def tasks(
        self, execution_id: str | None, recursive: bool, state: str | None, flat: bool
    ) -> Sequence[Mapping[str, Any]]:
        """Return what ``tasks()`` lists."""

    def executions(self, **filters: Any) -> Sequence[Mapping[str, Any]]:
        """Return what ``executions()`` lists; only filters that were given and are not null are passed."""

    def global_(self, name: str) -> Any:
        """Return a global variable of this execution, or None."""

    def uuid(self) -> str:
        """Return the next UUID text; never the same twice."""

    def now(self) -> datetime:
        """Return the time of the event, timezone aware."""


class Scope:
    """The data of one evaluation: layers of variables, the first layer that has a name wins."""

    __slots__ = ("_flat", "facts", "layers")

    def __init__(self, layers: Sequence[Mapping[str, Any]], facts: Facts) -> None:
        self.layers = tuple(layers)
        self.facts = facts
        self._flat: dict[str, Any] | None = None

    def __getitem__(self, key: str) -> Any:
        for layer in self.layers:
            value = layer.get(key, _MISSING)
            if value is not _MISSING:
                return value
        raise KeyError(key)

    def get(self, key: str, default: Any = None) -> Any:
        for layer in self.layers:
            value = layer.get(key, _MISSING)
            if value is not _MISSING:
                return value
        return default

    def __contains__(self, key: object) -> bool:
        return any(key in layer for layer in self.layers)

    def __iter__(self) -> Iterator[str]:
        return iter(self.flatten())

    def flatten(self) -> dict[str, Any]:
        """Return all variables as one dict; kept, so it is cheap the second time."""
        flat = self._flat
        if flat is None:
            flat = {}
            for layer in reversed(self.layers):
                flat.update(layer)
            self._flat = flat
        return flat
