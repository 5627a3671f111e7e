"""From whatever an expression yields to plain JSON values, within limits.

Lists are lists, pairs of ``items()`` are lists of two, sets become lists in a
stable order, times become ISO 8601 text and timespans seconds. What JSON cannot
hold (functions, regular expressions, not-a-number) is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, MappingView, Set
from datetime import date, datetime, timedelta
from typing import Any

from mistral_core.expressions.limits import LimitReached, Limits

# What a value takes beside its content: a comma, quotes, a blank.
_OVERHEAD = 2


def plain(value: Any, limits: Limits) -> Any:
    """Return a value of JSON types only; strings and numbers of a plain value are shared, containers are new.

    Raises:
        LimitReached: If the value is too large or too deep, or never ends.
        TypeError: If a part of it is nothing that JSON knows.
        ValueError: If a number is infinite or not a number.
    """
    return _Conversion(limits).convert(value, 0)


class _Conversion:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._bytes = 0

    def convert(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind is str:
            self._count(len(value))
            return value
        if value is None or kind is bool:
            self._count(_OVERHEAD)
            return value
        if kind is int:
            return self._integer(value)
        if depth > self._limits.depth:
            raise LimitReached(f"the result is nested deeper than {self._limits.depth}")
        if isinstance(value, Mapping):
            return self._mapping(value, depth)
        if kind is list or kind is tuple:
            self._bound(len(value))
            return [self.convert(item, depth + 1) for item in value]
        return self._rare(value, depth)

    def _rare(self, value: Any, depth: int) -> Any:
        match value:
            case float():
                return self._float(value)
            case str():
                return self.convert(str.__str__(value), depth)
            case int():
                return self._integer(int(value))
            case datetime() | date():
                return self.convert(value.isoformat(), depth)
            case timedelta():
                return self._float(value.total_seconds())
            case bytes() | bytearray():
                raise TypeError("a result cannot hold bytes")
            case Iterable():
                return self._iterable(value, depth)
        raise TypeError(f"a result cannot hold a value of type {type(value).__name__}")

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        self._bound(len(value))
        return {self._key(key): self.convert(item, depth + 1) for key, item in value.items()}

    def _iterable(self, value: Iterable[Any], depth: int) -> list[Any]:
        result: list[Any] = []
        for item in value:
            self._bound(len(result) + 1)
            result.append(self.convert(item, depth + 1))
        # A view of a dict counts as a set too, but has an order worth keeping.
        if isinstance(value, Set) and not isinstance(value, MappingView):
            result.sort(key=_set_order)
        return result

    def _key(self, key: Any) -> str:
        match key:
            case str():
                self._count(len(key))
                return str.__str__(key)
            case None | bool():
                return {None: "null", True: "true", False: "false"}[key]
            case int():
                return str(self._integer(key))
            case float():
                return repr(self._float(key))
        raise TypeError(f"a key of a result must be text, not {type(key).__name__}")

    def _integer(self, value: int) -> int:
        bits = value.bit_length()
        if bits > self._limits.integer_bits:
            raise LimitReached(f"an integer of the result has more than {self._limits.integer_bits} bits")
        self._count(bits // 3)
        return value

    def _float(self, value: float) -> float:
        if not math.isfinite(value):
            raise ValueError(f"a result cannot hold {value!r}")
        self._count(8)
        return float(value)

    def _bound(self, items: int) -> None:
        if items > self._limits.iterations:
            raise LimitReached(f"a collection has more than {self._limits.iterations} items")
        self._count(_OVERHEAD)

    def _count(self, size: int) -> None:
        self._bytes += size + _OVERHEAD
        if self._bytes > self._limits.output_bytes:
            raise LimitReached(f"the result is larger than {self._limits.output_bytes} bytes")


def _set_order(value: Any) -> tuple[str, str | float]:
    if type(value) in (int, float):
        return ("", value)
    return (type(value).__name__, value if isinstance(value, str) else repr(value))
