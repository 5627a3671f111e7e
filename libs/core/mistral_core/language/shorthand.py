"""One-line syntax: a name followed by parameters, such as ``std.echo output="x" delay=2``.

Also in the form of a call, ``fail(msg="x")``. A value is quoted text, a number, ``true``, ``false``, ``null``, a JSON
list or object, an expression, or any other run of characters without blanks, which is text. Nothing is dropped: what
cannot be read is refused. All of it takes time linear in the length of the text.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

_OPENING: Final = re.compile(r"<%|\{\{|\{%")
_CLOSING: Final = {"<%": "%>", "{{": "}}", "{%": "%}"}
_BLANKS: Final = re.compile(r"[\s,]*")
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

    def arguments(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self._skip_blanks()
        while self.at < len(self.text):
            key = _KEY.match(self.text, self.at)
            if key is None:
                self._refuse()
            self.at = key.end()
            found[key[1]] = self._value()
            if not self._skip_blanks() and self.at < len(self.text):
                self._refuse()
        return found

    def word(self) -> str:
        """Take a run without blanks; blanks inside expressions do not end it."""
        start = self.at
        while self.at < len(self.text) and not self.text[self.at].isspace():
            self.at = self._expressions.get(self.at, self.at + 1)
        return self.text[start : self.at].rstrip(",")

    def _skip_blanks(self) -> bool:
        start = self.at
        blanks = _BLANKS.match(self.text, start)
        self.at = blanks.end() if blanks else start
        return self.at > start or self.text[start - 1 : start] == ","

    def _refuse(self) -> NoReturn:
        word = self.text[self.at : self.at + _SHOWN_CHARACTERS].split(maxsplit=1)[0]
        raise ValueError(f"a parameter such as key=value is expected where '{word}' stands; quote text with blanks")

    def _value(self) -> Any:
        first = self.text[self.at : self.at + 1]
        if first in ('"', "'") and first:
            end = self._end_of_quoted(first)
            if end is not None:
                return self._take_quoted(first, end)
        elif first in ("[", "{") and self.at not in self._expressions:
            end = self._end_of_structure()
            if end is not None:
                return self._take_structure(end)
        return _scalar(self.word())

    def _end_of_quoted(self, quote: str) -> int | None:
        """Find the closing quote: those inside expressions, and those after a backslash, do not close."""
        last, cursor = self.text.rfind(quote), self.at + 1
        while cursor <= last:
            if cursor in self._expressions:
                cursor = self._expressions[cursor]
            elif self.text[cursor] == quote:
                return cursor
            else:
                escaped = self.text[cursor] == "\\" and self.text[cursor + 1] == quote and cursor + 1 < last
                cursor += 2 if escaped else 1
        return None

    def _take_quoted(self, quote: str, end: int) -> str:
        inner = self.text[self.at + 1 : end]
        self.at = end + 1
        return inner.replace(f"\\{quote}", quote)

    def _end_of_structure(self) -> int | None:
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
        return None

    def _take_structure(self, end: int) -> Any:
        """Take a JSON list or object, keys without quotes allowed; what is neither is text, brackets included."""
        written = self.text[self.at : end]
        self.at = end
        for text in (written, _BARE_KEY.sub(r'\1"\2":', written)):
            value = _json(text)
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


def _scalar(word: str) -> Any:
    return _json(word) if word[:1] not in ('"', "[", "{") else word


def _json(text: str) -> Any:
    """Return what the text means as JSON, or the same text when it is none."""
    try:
        return _JSON.decode(text)
    except (ValueError, RecursionError):
        return text


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


_JSON: Final = json.JSONDecoder(parse_constant=_refuse_constant)
