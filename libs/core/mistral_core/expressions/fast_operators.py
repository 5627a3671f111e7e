"""Operators of the fast path: arithmetic, comparison, logic and membership on plain values."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from mistral_core.expressions.fast_values import (
    ITERATED,
    NUMBERS,
    SCALARS,
    VALUES,
    Bail,
    Items,
    Pairs,
    Pieces,
    Step,
    comparable,
    number,
    value_of,
)
from mistral_core.expressions.scope import Scope

Binary = Callable[[Step, Step], Step]

# Joining larger texts is left to the library, which has a quota.
_LONG_TEXT = 100_000
_LONG_LIST = 100_000


def plus(left: Step, right: Step) -> Step:
    def add(scope: Scope, it: Any) -> Any:
        a, b = left(scope, it), right(scope, it)
        kind, other = type(a), type(b)
        if kind in NUMBERS and other in NUMBERS:
            return number(a + b)
        if kind is not other:
            raise Bail
        if kind is str and len(a) + len(b) < _LONG_TEXT:
            return a + b
        if kind is list and len(a) + len(b) < _LONG_LIST:
            return a + b
        if kind is dict:
            return a | b
        raise Bail

    return add


def _arithmetic(compute: Callable[[Any, Any], Any]) -> Binary:
    def build(left: Step, right: Step) -> Step:
        def calculate(scope: Scope, it: Any) -> Any:
            a, b = left(scope, it), right(scope, it)
            if type(a) in NUMBERS and type(b) in NUMBERS:
                return number(compute(a, b))
            raise Bail

        return calculate

    return build


def _times(a: Any, b: Any) -> Any:
    if type(a) is int and type(b) is int:
        # Neither factor may be so large that the product takes long.
        return number(a) * number(b)
    return a * b


def _divided(a: Any, b: Any) -> Any:
    return a // b if type(a) is int and type(b) is int else a / b


def _ordering(compare: Callable[[Any, Any], bool]) -> Binary:
    def build(left: Step, right: Step) -> Step:
        def order(scope: Scope, it: Any) -> bool:
            a, b = left(scope, it), right(scope, it)
            kind, other = type(a), type(b)
            if (kind in NUMBERS and other in NUMBERS) or (kind is str and other is str):
                return compare(a, b)
            raise Bail

        return order

    return build


def equal(left: Step, right: Step) -> Step:
    def same(scope: Scope, it: Any) -> bool:
        a, b = left(scope, it), right(scope, it)
        if type(a) in VALUES and type(b) in VALUES:
            if a is not b:
                comparable(a, [])
            return bool(a == b)
        raise Bail

    return same


def not_equal(left: Step, right: Step) -> Step:
    def different(scope: Scope, it: Any) -> bool:
        a, b = left(scope, it), right(scope, it)
        if type(a) in VALUES and type(b) in VALUES:
            if a is not b:
                comparable(a, [])
            return bool(a != b)
        raise Bail

    return different


def both(left: Step, right: Step) -> Step:
    def conjunction(scope: Scope, it: Any) -> Any:
        return value_of(left(scope, it)) and right(scope, it)

    return conjunction


def either(left: Step, right: Step) -> Step:
    def disjunction(scope: Scope, it: Any) -> Any:
        return value_of(left(scope, it)) or right(scope, it)

    return disjunction


def contained(left: Step, right: Step) -> Step:
    def member(scope: Scope, it: Any) -> bool:
        a, b = left(scope, it), right(scope, it)
        if type(b) in ITERATED and type(b) is not Pairs and type(a) in VALUES:
            comparable(a, b)
            return a in b
        if type(b) is str and type(a) is str:
            return a in b
        raise Bail

    return member


def negation(operand: Step) -> Step:
    def negate(scope: Scope, it: Any) -> bool:
        return not value_of(operand(scope, it))

    return negate


def minus(operand: Step) -> Step:
    def negative(scope: Scope, it: Any) -> Any:
        value = operand(scope, it)
        if type(value) in NUMBERS:
            return -value
        raise Bail

    return negative


def element(container: Step, key: Step) -> Step:
    """Return ``container[key]``."""

    def at(scope: Scope, it: Any) -> Any:
        values, index = container(scope, it), key(scope, it)
        kind = type(index)
        if type(values) is list or type(values) is Pieces:
            if kind is int:
                return values[index]
        elif isinstance(values, Mapping) and kind in SCALARS:
            return values[index]
        raise Bail

    return at


def member_of(container: Step, key: str, limit: int) -> Step:
    """Return ``container.key``: of a dict its value, of a list the values of its dicts."""

    def read(scope: Scope, it: Any) -> Any:
        value = container(scope, it)
        kind = type(value)
        if kind is dict:
            return value[key]
        if kind in ITERATED:
            return _members(value, key, limit)
        if isinstance(value, Mapping):
            return value[key]
        raise Bail

    return read


def guarded_against_null(left: Step, inner: Step) -> Step:
    """Return ``left?.key``; ``inner`` reads it from the element it is given."""

    def read(scope: Scope, it: Any) -> Any:
        value = left(scope, it)
        return None if value is None else inner(scope, value)

    return read


def _members(values: list[Any], key: str, limit: int) -> Items:
    if len(values) > limit:
        raise Bail
    result = Items()
    for value in values:
        if type(value) is not dict:
            raise Bail
        result.append(value[key])
    return result


BINARY: Mapping[str, Binary] = MappingProxyType(
    {
        "+": plus,
        "-": _arithmetic(operator.sub),
        "*": _arithmetic(_times),
        "/": _arithmetic(_divided),
        "mod": _arithmetic(operator.mod),
        "<": _ordering(operator.lt),
        "<=": _ordering(operator.le),
        ">": _ordering(operator.gt),
        ">=": _ordering(operator.ge),
        "=": equal,
        "!=": not_equal,
        "and": both,
        "or": either,
        "in": contained,
    }
)

UNARY: Mapping[str, Callable[[Step], Step]] = MappingProxyType({"not": negation, "-": minus})
