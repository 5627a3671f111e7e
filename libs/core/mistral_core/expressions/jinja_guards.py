"""What keeps a Jinja text from taking all memory or all time.

The sandbox of Jinja keeps a text from reaching Python's insides. It does not
bound sizes, so everything that multiplies is measured here before it happens.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from types import BuiltinMethodType
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from mistral_core.expressions.limits import LimitReached, Limits

# Names of the context that no template can spell.
SCOPE = "#scope"
BUDGET = "#budget"

Filter = Callable[..., Any]

_WIDEST = 100_000
_WIDE_FORMAT = re.compile(r"%[^a-zA-Z%]*(\d{6,}|\*)")
_WIDE_FIELD = re.compile(r"\d{6,}|\{")
_SIZING_METHODS = frozenset(["center", "expandtabs", "ljust", "rjust", "to_bytes", "zfill"])
_SIZING_FILTERS = ("batch", "center", "indent", "slice", "tojson", "truncate", "wordwrap")
_GROWING_METHODS = frozenset(["append", "extend", "insert", "update"])


class Budget:
    """What one evaluation has left: passes of loops, and characters put out."""

    __slots__ = ("_limits", "_passes", "characters")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._passes = 0
        self.characters = 0

    def step(self) -> None:
        self._passes += 1
        if self._passes > self._limits.iterations:
            raise LimitReached(f"the loops take more than {self._limits.iterations} passes")

    def emit(self, size: int) -> None:
        self.characters += size
        if self.characters > self._limits.output_bytes:
            raise LimitReached(f"the text becomes larger than {self._limits.output_bytes} bytes")


class Guards:
    """Measures operators, calls and filters against the limits."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def operator(self, operator: str, left: Any, right: Any) -> None:
        match operator:
            case "*":
                self._product(left, right)
            case "**":
                if isinstance(left, int) and isinstance(right, int):
                    self._bits(left.bit_length() * max(right, 0))
            case "%" if isinstance(left, str):
                self.percent_format(left)
            case "+" if isinstance(left, str | list | tuple) and isinstance(right, str | list | tuple):
                self.size(len(left) + len(right))

    def _product(self, left: Any, right: Any) -> None:
        if isinstance(left, int) and isinstance(right, int):
            self._bits(left.bit_length() + right.bit_length())
        elif isinstance(right, int) and isinstance(left, str | list | tuple | bytes):
            self.size(len(left) * max(right, 0))
        elif isinstance(left, int) and isinstance(right, str | list | tuple | bytes):
            self.size(len(right) * max(left, 0))

    def call(self, function: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        if not isinstance(function, BuiltinMethodType):
            return
        owner, name = function.__self__, function.__name__
        if name in _SIZING_METHODS:
            self.widths((*arguments, *named.values()))
        elif name in _GROWING_METHODS and isinstance(owner, list | dict | set):
            self.size(len(owner) + sum(len(value) for value in arguments if isinstance(value, list | dict | tuple)))
        elif name == "replace" and isinstance(owner, str) and len(arguments) >= 2:
            self.replacement(owner, str(arguments[0]), str(arguments[1]))
        elif name == "join" and isinstance(owner, str) and arguments and isinstance(arguments[0], list | tuple):
            self.joined(owner, arguments[0])
        elif name == "translate":
            raise LimitReached("translate() is not available")

    def widths(self, values: Iterable[Any]) -> None:
        if any(isinstance(value, int) and value > _WIDEST for value in values):
            raise LimitReached(f"a width is larger than {_WIDEST}")

    def percent_format(self, text: str) -> None:
        if _WIDE_FORMAT.search(text):
            raise LimitReached("a width in a format is too large or not fixed")

    def brace_format(self, specifications: Iterable[str | None]) -> None:
        if any(_WIDE_FIELD.search(text) for text in specifications if text):
            raise LimitReached("a width in a format is too large or not fixed")

    def replacement(self, text: str, old: str, new: str) -> None:
        if len(text) * len(new) > self._limits.memory_bytes:
            self.size(len(text) + text.count(old) * len(new))

    def joined(self, separator: str, items: list[Any] | tuple[Any, ...]) -> None:
        self.size(len(separator) * len(items) + sum(len(item) for item in items if isinstance(item, str)))

    def size(self, size: int) -> None:
        if size > self._limits.memory_bytes:
            raise LimitReached(f"a value becomes larger than {self._limits.memory_bytes} bytes")

    def _bits(self, bits: int) -> None:
        if bits > self._limits.integer_bits:
            raise LimitReached(f"an integer gets more than {self._limits.integer_bits} bits")


def guarded_filters(filters: dict[str, Filter], guards: Guards) -> dict[str, Filter]:
    """Return Jinja's filters with those that can multiply behind a guard."""
    guarded = {name: _with_widths(filters[name], guards) for name in _SIZING_FILTERS}
    guarded["format"] = _with_format(filters["format"], guards)
    guarded["replace"] = _with_replacement(filters["replace"], guards)
    guarded["join"] = _with_join(filters["join"], guards)
    return filters | guarded | {"#each": _each, "#emit": _emit, "#concat": _concat(guards)}


def _with_widths(function: Filter, guards: Guards) -> Filter:
    @wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        guards.widths((*args, *kwargs.values()))
        return function(*args, **kwargs)

    return guarded


def _with_format(function: Filter, guards: Guards) -> Filter:
    @wraps(function)
    def guarded(value: Any, *args: Any, **kwargs: Any) -> Any:
        guards.percent_format(str(value))
        return function(value, *args, **kwargs)

    return guarded


def _with_replacement(function: Filter, guards: Guards) -> Filter:
    # The evaluation context comes first, by the marker that ``wraps`` copies.
    @wraps(function)
    def guarded(context: Any, text: Any, old: Any, new: Any, *args: Any, **kwargs: Any) -> Any:
        guards.replacement(str(text), str(old), str(new))
        return function(context, text, old, new, *args, **kwargs)

    return guarded


def _with_join(function: Filter, guards: Guards) -> Filter:
    @wraps(function)
    def guarded(context: Any, value: Any, d: Any = "", *args: Any, **kwargs: Any) -> Any:
        items = list(value)
        guards.joined(str(d), items)
        return function(context, items, d, *args, **kwargs)

    return guarded


@pass_context
def _each(context: Context, values: Iterable[Any]) -> Iterator[Any]:
    budget = context[BUDGET]
    for value in values:
        budget.step()
        yield value


@pass_context
def _emit(context: Context, value: Any) -> Any:
    context[BUDGET].emit(len(value) if isinstance(value, str) else 1)
    return value


def _concat(guards: Guards) -> Filter:
    def concat(values: list[Any]) -> str:
        texts = [str(value) for value in values]
        guards.size(sum(map(len, texts)))
        return "".join(texts)

    return concat


@pass_context
def counted_range(context: Context, *args: int) -> range:
    """Return a range, unless it is longer than a loop may be."""
    values = range(*args)
    budget = context[BUDGET]
    try:
        budget.emit(len(values))
    except OverflowError:
        raise LimitReached("the range is too long") from None
    return values
