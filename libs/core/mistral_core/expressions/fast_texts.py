"""Functions of the fast path that work on texts.

What could become a long text, and so might meet a limit of the library, is left to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from mistral_core.expressions.fast_values import ITERATED, NUMBERS, Bail, Pieces, number, weighed
from mistral_core.expressions.limits import LimitReached, Limits
from mistral_core.expressions.scope import Scope
from mistral_core.expressions.text_format import format_text

Plain = Callable[..., Any]

_LONG_TEXT = 100_000
_DEEP = 100
_LIMITS = Limits()


def text_of(scope: Scope, value: Any) -> str:
    """Return what ``str`` of the language makes of a scalar."""
    kind = type(value)
    if kind is str:
        return str(value)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind in NUMBERS:
        return str(number(value))
    raise Bail


def _concat(scope: Scope, *texts: Any) -> str:
    if all(type(text) is str for text in texts):
        return _short("".join(texts) if sum(map(len, texts)) < _LONG_TEXT else None)
    raise Bail


def _short(text: str | None) -> str:
    if text is None:
        raise Bail
    return text


def _join(scope: Scope, values: Any, separator: Any) -> str:
    if type(values) is str:
        values, separator = separator, values
    if type(separator) is not str or type(values) not in ITERATED or len(values) > _LONG_TEXT:
        raise Bail
    texts = [value if type(value) is str else text_of(scope, value) for value in values]
    return _short(separator.join(texts) if sum(map(len, texts)) + len(separator) * len(texts) < _LONG_TEXT else None)


def _split(scope: Scope, text: Any, separator: Any = None) -> Pieces:
    if type(text) is str and (separator is None or type(separator) is str):
        return Pieces(text.split(separator))
    raise Bail


def _replace(scope: Scope, text: Any, old: Any, new: Any) -> str:
    if type(text) is not str or type(old) is not str or type(new) is not str:
        raise Bail
    if len(text) + text.count(old) * len(new) > _LONG_TEXT:
        raise Bail
    return text.replace(old, new)


def _substring(scope: Scope, text: Any, start: Any, length: Any = -1) -> str:
    if type(text) is not str or type(start) is not int or type(length) is not int:
        raise Bail
    if length < 0:
        length = len(text)
    if start < 0:
        start += len(text)
    return text[start : start + length]


def _is_empty(scope: Scope, text: Any) -> bool:
    if text is None:
        return True
    if type(text) is str:
        return not text.strip()
    raise Bail


def _format(scope: Scope, text: Any, *values: Any) -> str:
    if type(text) is not str:
        raise Bail
    for value in values:
        weighed(value, _LONG_TEXT)
    try:
        return format_text(text, values, {}, _LIMITS)
    except LimitReached:
        raise Bail from None


def _json_dump(scope: Scope, data: Any) -> str:
    weighed(data, _LONG_TEXT)
    return json.dumps(data, indent=4, allow_nan=False)


def _json_parse(scope: Scope, text: Any) -> Any:
    if type(text) is not str or len(text) > _LONG_TEXT or text.count("[") + text.count("{") > _DEEP:
        raise Bail
    return json.loads(text, parse_constant=_no_constant)


def _no_constant(name: str) -> Any:
    raise Bail


def _method(method: Callable[[str], str]) -> Plain:
    def apply(scope: Scope, text: Any) -> str:
        if type(text) is str:
            return method(text)
        raise Bail

    return apply


def _test(method: Callable[[str, str], bool]) -> Plain:
    def apply(scope: Scope, text: Any, part: Any) -> bool:
        if type(text) is str and type(part) is str:
            return method(text, part)
        raise Bail

    return apply


TEXT_FUNCTIONS: Mapping[tuple[str, int], Plain] = MappingProxyType(
    {
        **{("concat", count): _concat for count in range(1, 9)},
        ("str", 1): text_of,
        ("isEmpty", 1): _is_empty,
        ("json_dump", 1): _json_dump,
        ("json_parse", 1): _json_parse,
    }
)

# The number of arguments leaves out the receiver.
TEXT_METHODS: Mapping[tuple[str, int], Plain] = MappingProxyType(
    {
        **{("format", count): _format for count in range(1, 9)},
        ("isEmpty", 0): _is_empty,
        ("join", 1): _join,
        ("split", 0): _split,
        ("split", 1): _split,
        ("replace", 2): _replace,
        ("substring", 1): _substring,
        ("substring", 2): _substring,
        ("toUpper", 0): _method(str.upper),
        ("toLower", 0): _method(str.lower),
        ("trim", 0): _method(str.strip),
        ("trimLeft", 0): _method(str.lstrip),
        ("trimRight", 0): _method(str.rstrip),
        ("startsWith", 1): _test(str.startswith),
        ("endsWith", 1): _test(str.endswith),
    }
)
