"""Functions of YAQL that are put before the library's own: bounded, or made the same on every replay.

The library bounds what it iterates and how large a value is once it is there.
What is left are functions that multiply before anyone looks, iterators that are
counted without a bound, and functions that read a clock or a random source.
"""

from __future__ import annotations

import re
import string as characters_of
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from dateutil import parser as date_parser
from dateutil import tz
from yaql.language import utils, yaqltypes

from mistral_core.expressions import random_numbers
from mistral_core.expressions.limits import LimitReached, Limits
from mistral_core.expressions.text_format import format_text
from mistral_core.expressions.yaql_library import Context, override, scope_of

_NO_TIME = timedelta()
_NUMBER = yaqltypes.Number
_TEXT = yaqltypes.String


def register(root: Context, limits: Limits) -> None:
    """Put the functions of this module before those of the library."""
    _Arithmetic(limits).register(root)
    _Texts(limits).register(root)
    _Collections(limits).register(root)
    _register_replayable(root)


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

    def _compiled(self, pattern: str, flags: int) -> re.Pattern[str]:
        if len(pattern) > self._limits.pattern_chars:
            raise LimitReached(f"a regular expression has more than {self._limits.pattern_chars} characters")
        return re.compile(pattern, flags)


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
        override(root, self._repeated(), "#operator_*", left=yaqltypes.Sequence(), right=_integer())

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
        def repeated(left: Sequence[Any], right: int) -> Any:
            if len(left) * max(right, 0) > self._limits.iterations:
                raise LimitReached(f"a collection gets more than {self._limits.iterations} items")
            return left * right

        return repeated


def _traversal(
    initial: Any, producer: Any, selector: Any, *, past: set[Any] | None, depth_first: bool
) -> Iterator[Any]:
    waiting = [initial]
    while waiting:
        item = waiting.pop(0)
        if past is not None:
            if item in past:
                continue
            past.add(item)
        yield item if selector is None else selector(item)
        produced = producer(item)
        waiting = [*produced, *waiting] if depth_first else [*waiting, *produced]


def _register_replayable(root: Context) -> None:
    timespan = yaqltypes.PythonType(timedelta)
    override(root, _now, "now", offset=timespan)
    override(root, _local_offset, "localtz")
    override(root, _parsed_time, "datetime", string=_TEXT(), format__=_TEXT(True))
    override(root, lambda context: random_numbers.fraction(scope_of(context)), "random")
    override(root, _random_between, "random", from_=_integer(), to_=_integer())
    override(root, _characters, "characters")


def _now(context: Context, offset: timedelta = _NO_TIME) -> datetime:
    zone = tz.tzutc() if offset == _NO_TIME else tz.tzoffset(None, offset.total_seconds())
    return scope_of(context).facts.now().astimezone(zone)


def _local_offset(context: Context) -> timedelta:
    return scope_of(context).facts.now().utcoffset() or _NO_TIME


def _parsed_time(context: Context, string: str, format__: str | None = None) -> datetime:
    if format__:
        found = datetime.strptime(string, format__)  # noqa: DTZ007 (the zone follows)
    else:
        # What the text leaves out is taken from the day of the event, not from a clock.
        today = scope_of(context).facts.now().replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        found = date_parser.parse(string, default=today)
    return found if found.tzinfo else found.replace(tzinfo=tz.tzutc())


def _random_between(context: Context, from_: int, to_: int) -> int:
    return random_numbers.between(scope_of(context), from_, to_)


_CHARACTERS: Mapping[str, str] = {
    "digits": characters_of.digits,
    "hexdigits": characters_of.hexdigits,
    "octdigits": characters_of.octdigits,
    "punctuation": characters_of.punctuation,
    "printable": characters_of.printable,
    "whitespace": characters_of.whitespace,
    "letters": characters_of.ascii_letters,
    "lowercase": characters_of.ascii_lowercase,
    "uppercase": characters_of.ascii_uppercase,
    "asciiLetters": characters_of.ascii_letters,
    "asciiLowercase": characters_of.ascii_lowercase,
    "asciiUppercase": characters_of.ascii_uppercase,
}


def _characters(**kinds: bool) -> tuple[str, ...]:
    unknown = kinds.keys() - _CHARACTERS.keys()
    if unknown:
        raise ValueError(f"unknown kinds of characters: {', '.join(sorted(unknown))}")
    # Sorted, since the order of a set differs from process to process.
    return tuple(sorted(set("".join(_CHARACTERS[kind] for kind, wanted in kinds.items() if wanted))))


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
