"""Functions of YAQL that are put before the library's own: bounded.

The library bounds what it iterates and how large a value is once it is there.
What is left are functions that multiply before anyone looks, iterators that are
counted without a bound.
"""

from __future__ import annotations

import itertools
import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from yaql.language import utils, yaqltypes

from mistral_core.expressions import regex_guard
from mistral_core.expressions.limits import LimitReached, Limits
from mistral_core.expressions.text_format import format_text
from mistral_core.expressions.yaql_library import Context, counted, override

_NUMBER = yaqltypes.Number
_TEXT = yaqltypes.String


def register(root: Context, limits: Limits) -> None:
    """Put the functions of this module before those of the library."""
    _Arithmetic(limits).register(root)
    _Texts(limits).register(root)
    _Collections(limits).register(root)


class _Arithmetic:
    """Integers cannot grow until they take all the time there is."""

    def __init__(self, limits: Limits) -> None:
        self._bits = limits.integer_bits

    def register(self, root: Context) -> None:
        override(root, self._times(), "#operator_*", left=_NUMBER(), right=_NUMBER())
        override(root, self._power(), "pow", a=_NUMBER(), b=_NUMBER(), c=_NUMBER(nullable=True))
        override(root, self._shift(), "shiftBitsLeft", value=yaqltypes.PythonType(int), bits_number=_integer())

    def _check(self, bits: float) -> None:
        if bits > self._bits:
            raise LimitReached(f"an integer gets more than {self._bits} bits")

    def _times(self) -> Any:
        def times(left: Any, right: Any) -> Any:
            if isinstance(left, int) and isinstance(right, int):
                self._check(left.bit_length() + right.bit_length())
            return left * right

        return times

    def _power(self) -> Any:
        def power(a: Any, b: Any, c: Any = None) -> Any:
            if c is None and isinstance(a, int) and isinstance(b, int):
                self._check(a.bit_length() * max(b, 0))
            return pow(a, b, c)

        return power

    def _shift(self) -> Any:
        def shift(value: int, bits_number: int) -> int:
            self._check(value.bit_length() + max(bits_number, 0))
            return value << bits_number

        return shift


class _Texts:
    """Texts are measured before they are made, and regular expressions before they are compiled."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def register(self, root: Context) -> None:
        count = _integer()
        override(root, self._replace(), "replace", method=True, string=_TEXT(), old=_TEXT(), new=_TEXT(), count=count)
        join = self._join()
        override(root, join, "join", method=True, sequence=yaqltypes.Iterable(), separator=_TEXT())
        override(
            root,
            lambda separator, sequence, context: join(sequence, separator, context),
            "join",
            method=True,
            sequence=yaqltypes.Iterable(),
            separator=_TEXT(),
        )
        override(root, self._format(), "format", method=True, string=_TEXT())
        self._register_patterns(root)

    def _register_patterns(self, root: Context) -> None:
        override(root, self._regex(), "regex", pattern=_TEXT())
        matches = self._matches()
        override(root, lambda string, regexp: matches(string, regexp), "matches", method=True, **_texts())
        override(root, lambda string, pattern: matches(string, pattern), "#operator_=~", **_texts())
        override(root, lambda string, pattern: not matches(string, pattern), "#operator_!~", **_texts())
        substitute = self._substitute()
        kinds = {"regexp": yaqltypes.PythonType(re.Pattern, False), "string": _TEXT(), "repl": _TEXT()}
        override(root, substitute, "replace", method=True, count=_integer(), **kinds)
        override(
            root,
            lambda string, regexp, repl, count=0: substitute(regexp, string, repl, count),
            "replace",
            method=True,
            count=_integer(),
            **kinds,
        )

    def _size(self, size: int) -> None:
        if size > self._limits.memory_bytes:
            raise LimitReached(f"a text becomes larger than {self._limits.memory_bytes} bytes")

    def _replace(self) -> Any:
        def replace(string: str, old: str, new: str, count: int = -1) -> str:
            if len(string) * len(new) > self._limits.memory_bytes:
                self._size(len(string) + string.count(old) * len(new))
            return string.replace(old, new, count)

        return replace

    def _join(self) -> Any:
        def join(sequence: Iterable[Any], separator: str, context: Context) -> str:
            texts = [_as_text(item) for item in sequence]
            self._size(sum(map(len, texts)) + len(separator) * len(texts))
            return separator.join(texts)

        return join

    def _format(self) -> Any:
        def format_(string: str, *args: Any, **kwargs: Any) -> str:
            return format_text(string, args, kwargs, self._limits)

        return format_

    def _regex(self) -> Any:
        def regex(
            pattern: str, ignore_case: bool = False, multi_line: bool = False, dot_all: bool = False
        ) -> re.Pattern[str]:
            flags = re.IGNORECASE * bool(ignore_case) | re.MULTILINE * bool(multi_line) | re.DOTALL * bool(dot_all)
            return self._compiled(pattern, flags)

        return regex

    def _matches(self) -> Any:
        def matches(string: str, pattern: str) -> bool:
            return self._compiled(pattern, 0).search(string) is not None

        return matches

    def _substitute(self) -> Any:
        def substitute(regexp: re.Pattern[str], string: str, repl: str, count: int = 0) -> str:
            if len(string) * len(repl) > self._limits.memory_bytes:
                self._size(len(string) + sum(1 for _ in regexp.finditer(string)) * len(repl))
            return regexp.sub(repl, string, count)

        return substitute

    def _compiled(self, pattern: str, flags: int) -> re.Pattern[str]:
        return regex_guard.compiled(pattern, flags, longest=self._limits.pattern_chars)


class _Collections:
    """Iterators end somewhere, however they are consumed."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def register(self, root: Context) -> None:
        override(root, self._count(), "len", both=True, collection=yaqltypes.PythonType(Iterator, False))
        override(root, self._count(), "count", method=True, collection=yaqltypes.Iterable())
        override(
            root,
            self._generate_many(),
            "generateMany",
            producer=yaqltypes.Lambda(),
            selector=yaqltypes.Lambda(),
            decycle=yaqltypes.PythonType(bool),
            depth_first=yaqltypes.PythonType(bool),
        )
        repeated = self._repeated()
        override(root, repeated, "#operator_*", left=yaqltypes.Sequence(), right=_integer())
        override(
            root,
            lambda left, right: repeated(right, left),
            "#operator_*",
            left=_integer(),
            right=yaqltypes.Sequence(),
        )
        self._register_sources(root)

    def _register_sources(self, root: Context) -> None:
        number = _integer()
        override(root, _range_to, "range", stop=number)
        override(root, _range, "range", start=number, stop=number, step=number)
        override(root, _sequence, "sequence", start=number, step=number)
        override(root, _repeat, "repeat", method=True, times=number)
        override(root, _cycle, "cycle", method=True, collection=yaqltypes.Iterable())

    def _count(self) -> Any:
        def count(collection: Iterable[Any]) -> int:
            return sum(1 for _ in utils.limit_iterable(collection, self._limits.iterations))

        return count

    def _generate_many(self) -> Any:
        def generate_many(
            initial: Any, producer: Any, selector: Any = None, decycle: bool = False, depth_first: bool = False
        ) -> Iterator[Any]:
            bounded = lambda item: tuple(utils.limit_iterable(producer(item), self._limits.iterations))  # noqa: E731
            return _traversal(initial, bounded, selector, past=set() if decycle else None, depth_first=depth_first)

        return generate_many

    def _repeated(self) -> Any:
        def repeated(left: Any, right: int) -> Any:
            if len(left) * max(right, 0) > self._limits.iterations:
                raise LimitReached(f"a collection gets more than {self._limits.iterations} items")
            return left * right

        return repeated


def _traversal(
    initial: Any, producer: Any, selector: Any, *, past: set[Any] | None, depth_first: bool
) -> Iterator[Any]:
    waiting = deque([initial])
    while waiting:
        item = waiting.popleft()
        if past is not None:
            if item in past:
                continue
            past.add(item)
        yield item if selector is None else selector(item)
        produced = producer(item)
        if depth_first:
            waiting.extendleft(reversed(produced))
        else:
            waiting.extend(produced)


def _range_to(context: Context, stop: int) -> Iterator[int]:
    return counted(range(stop), context)


def _range(context: Context, start: int, stop: int, step: int = 1) -> Iterator[int]:
    return counted(range(start, stop, step), context)


def _sequence(context: Context, start: int = 0, step: int = 1) -> Iterator[int]:
    return counted(itertools.count(start, step), context)


def _repeat(context: Context, value: Any, times: int = -1) -> Iterator[Any]:
    return counted(itertools.repeat(value) if times < 0 else itertools.repeat(value, times), context)


def _cycle(context: Context, collection: Iterable[Any]) -> Iterator[Any]:
    return counted(itertools.cycle(collection), context)


def _as_text(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
    return str(value)


def _integer() -> Any:
    return yaqltypes.PythonType(int, False)


def _texts() -> dict[str, Any]:
    return {name: _TEXT() for name in ("string", "regexp", "pattern")}
