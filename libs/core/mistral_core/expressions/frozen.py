"""Data as YAQL wants it: hashable and read-only, converted as it is touched.

YAQL converts its whole input before it begins. Most expressions touch a small
part of a large context, so a mapping here converts a value when it is first read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

_MISSING: Any = object()


class FrozenMapping(Mapping[Any, Any]):
    """A read-only, hashable view of a mapping."""

    __slots__ = ("_hash", "_known", "_source")

    def __init__(self, source: Mapping[Any, Any]) -> None:
        self._source = source
        self._known: dict[Any, Any] = {}
        self._hash: int | None = None

    def __getitem__(self, key: Any) -> Any:
        value = self._known.get(key, _MISSING)
        if value is _MISSING:
            value = self._known[key] = freeze(self._source[key])
        return value

    def __contains__(self, key: object) -> bool:
        return key in self._source

    def __iter__(self) -> Iterator[Any]:
        return iter(self._source)

    def __len__(self) -> int:
        return len(self._source)

    def __hash__(self) -> int:
        # The same as that of a mapping written in an expression, since the two may be equal.
        if self._hash is None:
            self._hash = 0
            for pair in self.items():
                self._hash ^= hash(pair)
        return self._hash

    def __repr__(self) -> str:
        return repr(dict(self.items()))


def freeze(value: Any) -> Any:
    """Return the value with lists as tuples and mappings read-only; other values as they are."""
    kind = type(value)
    if kind is str or value is None:
        return value
    if kind is list or kind is tuple:
        return tuple([freeze(item) for item in value])
    if isinstance(value, FrozenMapping):
        return value
    if isinstance(value, Mapping):
        return FrozenMapping(value)
    if isinstance(value, Set):
        return frozenset(freeze(item) for item in value)
    return value
