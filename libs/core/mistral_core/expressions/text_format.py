"""The ``format`` method of YAQL texts: fields by position or name, and nothing further.

Python's own lets a field walk along attributes and indexes of what it is given,
which leaks; here a field is only ever a whole argument.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any

from mistral_core.expressions.limits import LimitReached, Limits
from mistral_core.expressions.plain import plain

_FIELD = re.compile(r"\w*")
_WIDE = re.compile(r"\d{5,}")


def format_text(text: str, arguments: Sequence[Any], named: Mapping[str, Any], limits: Limits) -> str:
    """Return the text with its fields filled in.

    Raises:
        ValueError: If a field is not just a name or a number, or is malformed.
        LookupError: If there is no argument for a field.
    """
    pieces = []
    unnumbered = 0
    for literal, field, specification, conversion in Formatter().parse(text):
        pieces.append(literal)
        if field is None:
            continue
        if field == "":
            field, unnumbered = str(unnumbered), unnumbered + 1
        value = plain(_argument(field, arguments, named), limits)
        pieces.append(_formatted(value, specification or "", conversion))
    size = sum(map(len, pieces))
    if size > limits.memory_bytes:
        raise LimitReached(f"a text becomes larger than {limits.memory_bytes} bytes")
    return "".join(pieces)


def _argument(field: str, arguments: Sequence[Any], named: Mapping[str, Any]) -> Any:
    if not _FIELD.fullmatch(field):
        raise ValueError(f"a field of a format can only be a name or a number, not {field!r}")
    return arguments[int(field)] if field.isdecimal() else named[field]


def _formatted(value: Any, specification: str, conversion: str | None) -> str:
    if "{" in specification or _WIDE.search(specification):
        raise ValueError("a field of a format is too wide or its width is not fixed")
    match conversion:
        case None:
            # Containers and null know no specification of their own.
            return format(value if isinstance(value, str | int | float) else str(value), specification)
        case "s":
            return format(str(value), specification)
        case "r":
            return format(repr(value), specification)
    raise ValueError(f"unknown conversion {conversion!r} in a format")
