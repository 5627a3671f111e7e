"""Loops of the fast path: methods that take a lambda and call it for each element."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from mistral_core.expressions.fast_values import ITERATED, NUMBERS, Bail, Items, Step, Unsized, value_of
from mistral_core.expressions.scope import Scope

# Given the receiver, the lambda and the number of elements at most.
Loop = Callable[[Step, Step, int], Step]

_TEXT = frozenset([str])


def _where(receiver: Step, predicate: Step, limit: int) -> Step:
    def keep(scope: Scope, it: Any) -> Items:
        values = _iterated(receiver(scope, it), limit)
        return Items([value for value in values if value_of(predicate(scope, value))])

    return keep


def _select(receiver: Step, selector: Step, limit: int) -> Step:
    def take(scope: Scope, it: Any) -> Items:
        values = _iterated(receiver(scope, it), limit)
        return Items([value_of(selector(scope, value)) for value in values])

    return take


def _ordered(*, descending: bool) -> Loop:
    def build(receiver: Step, selector: Step, limit: int) -> Step:
        def order(scope: Scope, it: Any) -> Unsized:
            values = _iterated(receiver(scope, it), limit)
            keys = [selector(scope, value) for value in values]
            kinds = {type(key) for key in keys}
            # The library compares numbers with numbers and texts with texts only.
            if not (kinds <= NUMBERS or kinds <= _TEXT):
                raise Bail
            places = sorted(range(len(keys)), key=keys.__getitem__, reverse=descending)
            return Unsized([values[place] for place in places])

        return order

    return build


def _any(receiver: Step, predicate: Step, limit: int) -> Step:
    def some(scope: Scope, it: Any) -> bool:
        return any(value_of(predicate(scope, value)) for value in _iterated(receiver(scope, it), limit))

    return some


def _all(receiver: Step, predicate: Step, limit: int) -> Step:
    def every(scope: Scope, it: Any) -> bool:
        return all(value_of(predicate(scope, value)) for value in _iterated(receiver(scope, it), limit))

    return every


def to_dict(receiver: Step, key: Step, selector: Step, limit: int) -> Step:
    """Return ``receiver.toDict(key, selector)``."""

    def build(scope: Scope, it: Any) -> dict[str, Any]:
        found = {}
        for value in _iterated(receiver(scope, it), limit):
            name = key(scope, value)
            if type(name) is not str:
                raise Bail
            found[name] = value_of(selector(scope, value))
        return found

    return build


def _iterated(values: Any, limit: int) -> list[Any]:
    if type(values) in ITERATED and len(values) <= limit:
        iterated: list[Any] = values
        return iterated
    raise Bail


LOOPS: Mapping[str, Loop] = MappingProxyType(
    {
        "where": _where,
        "filter": _where,
        "select": _select,
        "map": _select,
        "orderBy": _ordered(descending=False),
        "orderByDescending": _ordered(descending=True),
        "any": _any,
        "all": _all,
    }
)
