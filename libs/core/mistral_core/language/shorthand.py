"""One-line syntax: a name followed by parameters, such as ``std.echo output="x" delay=2``.

Also in the form of a call, ``fail(msg="x")``. A value is quoted text, a number, ``true``, ``false``, ``null``, a JSON
list or object, an expression, or any other run of characters without blanks, which is text. Nothing is dropped: what
cannot be read is refused. All of it takes time linear in the length of the text.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

_OPENING: Final = re.compile(r"<%|\{\{|\{%")
_CLOSING: Final = {"<%": "%>", "{{": "}}", "{%": "%}"}
_BLANKS: Final = re.compile(r"[\s,]*")
_END_OF_WORD: Final = re.compile(r"\s|,(?=\s|$|[-\w]+=)")
_KEY: Final = re.compile(r"([-\w]+)=")
_CALL: Final = re.compile(r"\s*([\w.\-]+)\((.*)\)\s*", re.DOTALL)
_FIRST_OF_NAME: Final = re.compile(r"[\w.]|<%|\{\{|\{%")
_BARE_KEY: Final = re.compile(r"([{,]\s*)([A-Za-z_][\w-]*)\s*:")
_SHOWN_CHARACTERS: Final = 40


@dataclass(frozen=True, slots=True)
class Invocation:
    """A name and the parameters that were written beside it."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


def parse_invocation(text: str) -> Invocation:
    """Read a name with optional parameters.

    Raises:
        ValueError: If it cannot be read; says what and where.
    """
    call = _CALL.fullmatch(text)
    if call is not None:
        return Invocation(call[1], parse_arguments(call[2]))
    text = text.strip()
    if not _FIRST_OF_NAME.match(text):
        raise ValueError(f"a name is expected where '{text[:_SHOWN_CHARACTERS]}' begins")
    reader = _Reader(text)
    name = reader.word()
    return Invocation(name, reader.arguments())


def parse_arguments(text: str) -> dict[str, Any]:
    """Read ``key=value`` pairs that stand side by side; of the same key, the last one counts.

    Raises:
        ValueError: If anything else stands there.
    """
    return _Reader(text).arguments()


class _Reader:
    """Reads one line from left to right; ``at`` is where it stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._expressions = _expressions(text)
        self._last_quote = {quote: text.rfind(quote) for quote in "\"'"}

    def arguments(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self._skip_blanks()
        while self.at < len(self.text):
            key = _KEY.match(self.text, self.at)
            if key is None:
                self._refuse()
            self.at = key.end()
            found[key[1]] = self._value()
            self._skip_blanks()
        return found

    def word(self) -> str:
        """Take a run without blanks; blanks inside expressions do not end it, a comma before a next key does."""
        start = self.at
        while self.at < len(self.text) and not _END_OF_WORD.match(self.text, self.at):
            self.at = self._expressions.get(self.at, self.at + 1)
        return self.text[start : self.at]

    def _skip_blanks(self) -> None:
        blanks = _BLANKS.match(self.text, self.at)
        self.at = blanks.end() if blanks else self.at

    def _refuse(self, reason: str = "key=value is expected, and text with blanks must be quoted") -> NoReturn:
        words = self.text[self.at : self.at + _SHOWN_CHARACTERS].split(maxsplit=1)
        raise ValueError(f"{reason}, at '{words[0]}'" if words else reason)

    def _value(self) -> Any:
        first = self.text[self.at : self.at + 1]
        if not first or first.isspace():
            self._refuse('a value is expected after "="; write "" for empty text')
        if first in "\"'":
            return self._quoted(first)
        if first in "[{" and self.at not in self._expressions:
            return self._take_structure(self._end_of_structure())
        return json_value(self.word())

    def _quoted(self, quote: str) -> str:
        """Take quoted text: quotes inside expressions belong to them, and a backslash keeps a quote as text."""
        start = cursor = self.at + 1
        parts: list[str] = []
        while cursor <= self._last_quote[quote]:
            if cursor in self._expressions:
                cursor = self._expressions[cursor]
            elif self.text[cursor] == quote:
                self.at = cursor + 1
                return "".join([*parts, self.text[start:cursor]])
            elif self.text.startswith(f"\\{quote}", cursor) and cursor + 1 < self._last_quote[quote]:
                parts.append(self.text[start:cursor])
                start, cursor = cursor + 1, cursor + 2
            else:
                cursor += 1
        self._refuse("the quoted text is not closed")

    def _end_of_structure(self) -> int:
        depth, quote, cursor = 0, "", self.at
        while cursor < len(self.text):
            character = self.text[cursor]
            if cursor in self._expressions:
                cursor = self._expressions[cursor]
                continue
            cursor += 2 if quote and character == "\\" else 1
            if quote:
                quote = "" if character == quote else quote
            elif character in "\"'":
                quote = character
            else:
                depth += (character in "[{") - (character in "]}")
                if depth == 0:
                    return cursor
        self._refuse("the list or object is not closed")

    def _take_structure(self, end: int) -> Any:
        """Take a JSON list or object, keys without quotes allowed; what is neither is text, brackets included."""
        written = self.text[self.at : end]
        self.at = end
        for text in (written, _BARE_KEY.sub(r'\1"\2":', written)):
            value = json_value(text)
            if value is not text:
                return value
        return written


def _expressions(text: str) -> dict[int, int]:
    """Return where each expression begins and ends."""
    found: dict[int, int] = {}
    unclosed: set[str] = set()
    opening = _OPENING.search(text)
    while opening is not None:
        end = -1
        if opening[0] not in unclosed:
            end = text.find(_CLOSING[opening[0]], opening.end())
        if end < 0:
            unclosed.add(opening[0])
            opening = _OPENING.search(text, opening.start() + 1)
        else:
            found[opening.start()] = end + 2
            opening = _OPENING.search(text, end + 2)
    return found


def json_value(text: str) -> Any:
    """Return what the text means as JSON, or the same text when it is none; JSON has no infinities."""
    try:
        return _JSON.decode(text)
    except (ValueError, RecursionError):
        return text


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(digits)
    return number


_JSON: Final = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
