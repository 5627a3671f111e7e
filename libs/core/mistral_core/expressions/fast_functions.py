"""Functions of the fast path, by name and number of arguments, and all its methods.

A value that a function does not expect makes it give up: ``str`` of a dict, for
one, prints the library's own types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from mistral_core.expressions.fast_collections import COLLECTION_METHODS
from mistral_core.expressions.fast_texts import TEXT_FUNCTIONS, TEXT_METHODS
from mistral_core.expressions.fast_values import NUMBERS, SCALARS, Bail, Items, Pieces, number, value_of
from mistral_core.expressions.scope import Scope

# Called with the scope and the evaluated arguments; the receiver of a method comes first.
Plain = Callable[..., Any]

LONGEST_RANGE = 10_000
_MOST_DIGITS = 20


def _env(scope: Scope) -> Any:
    return scope.facts.env()


def _execution(scope: Scope) -> Any:
    return scope.facts.execution()


def _task(scope: Scope, name: Any = None) -> Any:
    if type(name) is str or name is None:
        return scope.facts.task(name)
    raise Bail


def _tasks(scope: Scope, execution_id: Any) -> Any:
    if type(execution_id) is str:
        return list(scope.facts.tasks(execution_id, False, None, False))
    raise Bail


def _global(scope: Scope, name: Any) -> Any:
    if type(name) is str:
        return scope.facts.global_(name)
    raise Bail


def _uuid(scope: Scope) -> Any:
    return scope.facts.uuid()


def _len(scope: Scope, value: Any) -> int:
    if type(value) in (list, str, dict, Items, Pieces):
        return len(value)
    raise Bail


def _int(scope: Scope, value: Any) -> Any:
    if value is None:
        return 0
    if type(value) in SCALARS:
        return number(int(value))
    raise Bail


def _float(scope: Scope, value: Any) -> Any:
    if value is None:
        return 0.0
    if type(value) in SCALARS:
        return number(float(value))
    raise Bail


def _bool(scope: Scope, value: Any) -> bool:
    return bool(value_of(value))


def _abs(scope: Scope, value: Any) -> Any:
    if type(value) in NUMBERS:
        return number(abs(value))
    raise Bail


def _round(scope: Scope, value: Any, digits: Any = 0) -> Any:
    if type(value) in NUMBERS and type(digits) is int and abs(digits) < _MOST_DIGITS:
        return number(round(value, digits))
    raise Bail


def _max(scope: Scope, a: Any, b: Any) -> Any:
    _ordered(a, b)
    return b if b > a else a


def _min(scope: Scope, a: Any, b: Any) -> Any:
    _ordered(a, b)
    return a if b > a else b


def _ordered(a: Any, b: Any) -> None:
    if not ((type(a) in NUMBERS and type(b) in NUMBERS) or (type(a) is str and type(b) is str)):
        raise Bail


def _range(scope: Scope, *bounds: Any) -> Items:
    if all(type(bound) is int for bound in bounds) and len(values := range(*bounds)) <= LONGEST_RANGE:
        return Items(values)
    raise Bail


def _is_kind(*kinds: type) -> Plain:
    def test(scope: Scope, value: Any) -> bool:
        return type(value_of(value)) in kinds

    return test


FUNCTIONS: Mapping[tuple[str, int], Plain] = MappingProxyType(
    {
        ("env", 0): _env,
        ("execution", 0): _execution,
        ("task", 0): _task,
        ("task", 1): _task,
        ("tasks", 1): _tasks,
        ("global", 1): _global,
        ("uuid", 0): _uuid,
        ("len", 1): _len,
        ("int", 1): _int,
        ("float", 1): _float,
        ("bool", 1): _bool,
        ("abs", 1): _abs,
        ("round", 1): _round,
        ("round", 2): _round,
        ("max", 2): _max,
        ("min", 2): _min,
        ("range", 1): _range,
        ("range", 2): _range,
        ("range", 3): _range,
        ("isString", 1): _is_kind(str),
        ("isBoolean", 1): _is_kind(bool),
        ("isInteger", 1): _is_kind(int),
        ("isNumber", 1): _is_kind(int, float),
        ("isList", 1): _is_kind(list),
        ("isDict", 1): _is_kind(dict),
        **TEXT_FUNCTIONS,
    }
)

METHODS: Mapping[tuple[str, int], Plain] = MappingProxyType({("len", 0): _len, **COLLECTION_METHODS, **TEXT_METHODS})
