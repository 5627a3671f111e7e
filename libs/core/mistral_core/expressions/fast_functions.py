"""Functions and methods of the fast path, by name and number of arguments.

A value that a function does not expect makes it give up: ``str`` of a dict, for
one, prints the library's own types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from mistral_core.expressions.fast_values import ITERATED, SCALARS, VALUES, Bail, Items, Unsized, number, value_of
from mistral_core.expressions.scope import Scope

# Called with the scope and the evaluated arguments; the receiver of a method comes first.
Plain = Callable[..., Any]

_MISSING: Any = object()


def _env(scope: Scope) -> Any:
    return scope.facts.env()


def _execution(scope: Scope) -> Any:
    return scope.facts.execution()


def _task(scope: Scope, name: Any = None) -> Any:
    if type(name) is str or name is None:
        return scope.facts.task(name)
    raise Bail


def _global(scope: Scope, name: Any) -> Any:
    if type(name) is str:
        return scope.facts.global_(name)
    raise Bail


def _len(scope: Scope, value: Any) -> int:
    if type(value) in (list, str, dict, Items):
        return len(value)
    raise Bail


def _count(scope: Scope, value: Any) -> int:
    if type(value) in ITERATED:
        return len(value)
    raise Bail


def _str(scope: Scope, value: Any) -> str:
    kind = type(value)
    if kind is str:
        return str(value)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is int or kind is float:
        return str(number(value))
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


def _is_kind(*kinds: type) -> Plain:
    def test(scope: Scope, value: Any) -> bool:
        return type(value_of(value)) in kinds

    return test


def _get(scope: Scope, container: Any, key: Any, default: Any = None) -> Any:
    if type(key) in SCALARS and isinstance(container, Mapping):
        return container.get(key, default)
    raise Bail


def _contains_key(scope: Scope, container: Any, key: Any) -> bool:
    if type(key) in SCALARS and isinstance(container, Mapping):
        return key in container
    raise Bail


def _keys(scope: Scope, container: Any) -> Items:
    if isinstance(container, Mapping):
        return Items(container)
    raise Bail


def _values(scope: Scope, container: Any) -> Unsized:
    if type(container) is dict:
        return Unsized(container.values())
    raise Bail


def _contains(scope: Scope, container: Any, value: Any) -> bool:
    if type(container) in ITERATED and type(value) in VALUES:
        return value in container
    raise Bail


def _first(scope: Scope, values: Any) -> Any:
    if type(values) in ITERATED:
        return values[0]
    raise Bail


def _last(scope: Scope, values: Any) -> Any:
    if type(values) in ITERATED:
        return values[-1]
    raise Bail


def _to_list(scope: Scope, values: Any) -> Any:
    if type(values) is list:
        return values
    if type(values) in ITERATED:
        return list(values)
    raise Bail


def _sum(scope: Scope, values: Any) -> Any:
    # Of floats the order of additions matters, and nothing has no sum.
    if type(values) not in ITERATED or not values or any(type(value) is not int for value in values):
        raise Bail
    return number(sum(values))


def _join(scope: Scope, values: Any, separator: Any) -> str:
    if type(values) is str:
        values, separator = separator, values
    if type(separator) is not str or type(values) not in ITERATED or len(separator) > 100:
        raise Bail
    if any(type(value) is not str for value in values):
        raise Bail
    return str(separator.join(values))


def _split(scope: Scope, text: Any, separator: Any) -> Items:
    if type(text) is str and type(separator) is str:
        return Items(text.split(separator))
    raise Bail


def _text_method(method: Callable[[str], str]) -> Plain:
    def apply(scope: Scope, text: Any) -> str:
        if type(text) is str:
            return method(text)
        raise Bail

    return apply


def _text_test(method: Callable[[str, str], bool]) -> Plain:
    def apply(scope: Scope, text: Any, part: Any) -> bool:
        if type(text) is str and type(part) is str:
            return method(text, part)
        raise Bail

    return apply


FUNCTIONS: Mapping[tuple[str, int], Plain] = MappingProxyType(
    {
        ("env", 0): _env,
        ("execution", 0): _execution,
        ("task", 0): _task,
        ("task", 1): _task,
        ("global", 1): _global,
        ("len", 1): _len,
        ("str", 1): _str,
        ("int", 1): _int,
        ("float", 1): _float,
        ("bool", 1): _bool,
        ("isString", 1): _is_kind(str),
        ("isBoolean", 1): _is_kind(bool),
        ("isInteger", 1): _is_kind(int),
        ("isNumber", 1): _is_kind(int, float),
        ("isList", 1): _is_kind(list),
        ("isDict", 1): _is_kind(dict),
    }
)

# The number of arguments leaves out the receiver.
METHODS: Mapping[tuple[str, int], Plain] = MappingProxyType(
    {
        ("len", 0): _len,
        ("count", 0): _count,
        ("get", 1): _get,
        ("get", 2): _get,
        ("containsKey", 1): _contains_key,
        ("keys", 0): _keys,
        ("values", 0): _values,
        ("contains", 1): _contains,
        ("first", 0): _first,
        ("last", 0): _last,
        ("toList", 0): _to_list,
        ("sum", 0): _sum,
        ("join", 1): _join,
        ("split", 1): _split,
        ("toUpper", 0): _text_method(str.upper),
        ("toLower", 0): _text_method(str.lower),
        ("trim", 0): _text_method(str.strip),
        ("startsWith", 1): _text_test(str.startswith),
        ("endsWith", 1): _text_test(str.endswith),
    }
)
