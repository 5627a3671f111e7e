"""What the fast path for YAQL works with, and how it gives up.

Values are plain JSON types, told apart by their exact type. Anything else, and
anything that would be an error, makes a step give up, and the library decides.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

from mistral_core.expressions.scope import Scope

# A compiled part: called with the scope and with what ``$`` is inside a lambda.
Step = Callable[[Scope, Any], Any]


class Bail(Exception):
    """The fast path does not know; the library has to say."""


# What sends an evaluation to the library. Errors do, so that only the library words them.
BAIL = (Bail, LookupError, TypeError, ValueError, ArithmeticError, RecursionError)


class Unsupported(Exception):
    """An expression has a part that is not compiled."""


class Items(list[Any]):
    """What the library would hand on as an iterator or a view: to be iterated, not compared or indexed."""


class Unsized(Items):
    """The same, but of the kinds that the library gives no length."""


class Pairs(Unsized):
    """The items of a dict, which cannot be asked whether they contain what is no pair."""


class Pieces(Items):
    """A list that is none of the library's own: it has a length and indexes, but equals nothing else."""


NUMBERS = frozenset([int, float])
SCALARS = frozenset([str, int, float, bool, type(None)])
VALUES = SCALARS | {dict, list}
ITERATED = frozenset([list, Items, Unsized, Pairs, Pieces])
_ITEMS = frozenset([Items, Unsized, Pairs, Pieces])

# Comparing is one call into Python's own code, which nothing can interrupt.
_COMPARED = 20_000
_OVERHEAD = 4

# Larger integers go to the library, whose guards measure them.
_LARGE = 1 << 62


def value_of(value: Any) -> Any:
    """Return the value if it is plain, so that it may be compared, tested for truth or put into a container."""
    if type(value) in VALUES:
        return value
    raise Bail


def number(value: Any) -> Any:
    """Return the result of arithmetic if it is an ordinary number."""
    if type(value) is int:
        if -_LARGE < value < _LARGE:
            return value
        raise Bail
    if isfinite(value):
        return value
    raise Bail


def result(value: Any) -> Any:
    """Return the value as the result of an evaluation."""
    kind = type(value)
    if kind in _ITEMS:
        return list(value)
    if kind not in VALUES or (kind is float and not isfinite(value)):
        raise Bail
    return value


def comparable(value: Any, others: list[Any]) -> None:
    """Give up where comparing a value with all others might take long."""
    if type(value) in (list, dict) and weighed(value, _COMPARED) * max(len(others), 1) > _COMPARED:
        raise Bail


def weighed(value: Any, most: int) -> int:
    """Return roughly how many bytes of JSON a value makes, each part as often as it occurs; give up past ``most``."""
    kind = type(value)
    if kind is str:
        weight = len(value) + _OVERHEAD
    elif kind is list:
        weight = _OVERHEAD
        for item in value:
            weight += weighed(item, most - weight)
    elif kind is dict:
        weight = _OVERHEAD
        for key, item in value.items():
            weight += len(key) + weighed(item, most - weight) if type(key) is str else most
    elif kind in SCALARS:
        weight = _OVERHEAD
    else:
        raise Bail
    if weight > most:
        raise Bail
    return weight
