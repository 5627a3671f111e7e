"""Methods of the fast path that work on lists, iterators and dicts."""

from __future__ import annotations

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
    Unsized,
    comparable,
    number,
    value_of,
)
from mistral_core.expressions.scope import Scope

Plain = Callable[..., Any]

_MISSING: Any = object()
_MOST = 10_000
_TEXT = frozenset([str])


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
    return Unsized(_dict(container).values())


def _items(scope: Scope, container: Any) -> Pairs:
    return Pairs([[key, value] for key, value in _dict(container).items()])


def _set(scope: Scope, container: Any, key: Any, value: Any = _MISSING) -> Any:
    container = _dict(container)
    if value is _MISSING:
        return container | _dict(key)
    if type(key) is not str:
        raise Bail
    return {**container, key: value_of(value)}


def _delete(scope: Scope, container: Any, *keys: Any) -> Any:
    container = _dict(container)
    if any(type(key) is not str for key in keys):
        raise Bail
    return {key: value for key, value in container.items() if key not in keys}


def _contains(scope: Scope, container: Any, value: Any) -> bool:
    if type(container) in ITERATED and type(container) is not Pairs and type(value) in VALUES:
        comparable(value, container)
        return value in container
    raise Bail


def _first(scope: Scope, values: Any, default: Any = _MISSING) -> Any:
    if type(values) not in ITERATED:
        raise Bail
    return values[0] if values or default is _MISSING else default


def _last(scope: Scope, values: Any, default: Any = _MISSING) -> Any:
    if type(values) not in ITERATED:
        raise Bail
    return values[-1] if values or default is _MISSING else default


def _to_list(scope: Scope, values: Any) -> Any:
    if type(values) is list:
        return values
    return list(_iterated(values))


def _count(scope: Scope, values: Any) -> int:
    return len(_iterated(values))


def _any(scope: Scope, values: Any) -> bool:
    return bool(_iterated(values))


def _limit(scope: Scope, values: Any, count: Any) -> Items:
    return Items(_iterated(values)[: _whole(count)])


def _skip(scope: Scope, values: Any, count: Any) -> Items:
    return Items(_iterated(values)[_whole(count) :])


def _whole(count: Any) -> int:
    if type(count) is int and count >= 0:
        return int(count)
    raise Bail


def _reverse(scope: Scope, values: Any) -> Items:
    return Items(_iterated(values)[::-1])


def _append(scope: Scope, values: Any, value: Any) -> Items:
    return Items([*_iterated(values), value_of(value)])


def _distinct(scope: Scope, values: Any) -> Items:
    values = _iterated(values)
    if all(type(value) in SCALARS for value in values):
        return Items(dict.fromkeys(values))
    raise Bail


def _flatten(scope: Scope, values: Any) -> Items:
    found = Items()
    _flatten_into(found, _iterated(values))
    return found


def _flatten_into(found: Items, values: list[Any]) -> None:
    for value in values:
        if type(value) is list:
            _flatten_into(found, value)
        else:
            found.append(_scalar(value))
        if len(found) > _MOST:
            raise Bail


def _scalar(value: Any) -> Any:
    # A mapping of the data is no mapping to everything in the library.
    if type(value) in SCALARS:
        return value
    raise Bail


def _index_of(scope: Scope, values: Any, value: Any) -> int:
    if type(values) is str and type(value) is str:
        return values.find(value)
    if type(value) not in VALUES:
        raise Bail
    values = _iterated(values)
    comparable(value, values)
    return values.index(value) if value in values else -1


def _enumerate(scope: Scope, values: Any) -> Items:
    return Items([[index, value] for index, value in enumerate(_iterated(values))])


def _zip(scope: Scope, values: Any, others: Any) -> Items:
    return Items([list(pair) for pair in zip(_iterated(values), _iterated(others), strict=False)])


def _sum(scope: Scope, values: Any) -> Any:
    # Of floats the order of additions matters, and nothing has no sum.
    if not values or any(type(value) is not int for value in _iterated(values)):
        raise Bail
    return number(sum(values))


def _max(scope: Scope, values: Any) -> Any:
    kinds = {type(value) for value in _iterated(values)}
    if values and (kinds <= NUMBERS or kinds <= _TEXT):
        return max(values)
    raise Bail


def _min(scope: Scope, values: Any) -> Any:
    # Of equal values the library takes the last, so they must be the same as well.
    kinds = {type(value) for value in _iterated(values)}
    if values and kinds in ({int}, {str}):
        return min(values)
    raise Bail


def _dict(value: Any) -> dict[Any, Any]:
    if type(value) is dict:
        return value
    raise Bail


def _iterated(values: Any) -> list[Any]:
    if type(values) in ITERATED:
        iterated: list[Any] = values
        return iterated
    raise Bail


# The number of arguments leaves out the receiver.
COLLECTION_METHODS: Mapping[tuple[str, int], Plain] = MappingProxyType(
    {
        ("count", 0): _count,
        ("get", 1): _get,
        ("get", 2): _get,
        ("containsKey", 1): _contains_key,
        ("keys", 0): _keys,
        ("values", 0): _values,
        ("items", 0): _items,
        ("set", 1): _set,
        ("set", 2): _set,
        ("delete", 1): _delete,
        ("contains", 1): _contains,
        ("first", 0): _first,
        ("first", 1): _first,
        ("last", 0): _last,
        ("last", 1): _last,
        ("toList", 0): _to_list,
        ("any", 0): _any,
        ("limit", 1): _limit,
        ("take", 1): _limit,
        ("skip", 1): _skip,
        ("reverse", 0): _reverse,
        ("append", 1): _append,
        ("distinct", 0): _distinct,
        ("flatten", 0): _flatten,
        ("indexOf", 1): _index_of,
        ("enumerate", 0): _enumerate,
        ("zip", 1): _zip,
        ("sum", 0): _sum,
        ("max", 0): _max,
        ("min", 0): _min,
    }
)

# Those whose results may hold the same part of the data many times over.
BUILDERS = frozenset(["append", "dict", "enumerate", "items", "map", "select", "set", "toDict", "zip"])
