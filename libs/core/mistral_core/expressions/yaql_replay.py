"""Functions of YAQL that read a clock, a random source or the order of a set: the same on every replay here.

The time is that of the event and chance comes from the scope, so that a pure
decision stays one.
"""

from __future__ import annotations

import string as characters_of
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

from yaql.language import yaqltypes
from yaql.standard_library import date_time

from mistral_core.expressions import random_numbers
from mistral_core.expressions.yaql_library import Context, override, scope_of

_NO_TIME = timedelta()


def register(root: Context) -> None:
    """Put the functions of this module before those of the library."""
    timespan = yaqltypes.PythonType(timedelta)
    override(root, _now, "now", offset=timespan)
    override(root, _local_offset, "localtz")
    override(root, _parsed_time, "datetime", string=yaqltypes.String(), format__=yaqltypes.String(True))
    override(root, lambda context: random_numbers.fraction(scope_of(context)), "random")
    override(
        root, _random_between, "random", from_=yaqltypes.PythonType(int, False), to_=yaqltypes.PythonType(int, False)
    )
    override(root, _characters, "characters")


def _now(context: Context, offset: timedelta = _NO_TIME) -> datetime:
    zone = UTC if offset == _NO_TIME else timezone(offset)
    return scope_of(context).facts.now().astimezone(zone)


def _local_offset(context: Context) -> timedelta:
    return scope_of(context).facts.now().utcoffset() or _NO_TIME


def _parsed_time(context: Context, string: str, format__: str | None = None) -> datetime:
    if format__:
        found = datetime.strptime(string, format__)  # noqa: DTZ007 (the zone follows)
    else:
        # What the text leaves out is taken from the day of the event, not from a clock.
        today = scope_of(context).facts.now().replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        found = date_time.parser.parse(string, default=today)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


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
