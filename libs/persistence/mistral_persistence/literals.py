"""What filters are written as, turned into values that a column can be compared with."""

import re
from datetime import UTC, datetime

import msgspec

from mistral_core.errors import InvalidInput

_TRUE = frozenset({"true", "t", "yes", "y", "on", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "off", "0"})
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,19}\s*", re.ASCII)
_LARGEST = 2**63 - 1
_LONGEST_SHOWN = 100


def as_uuid(text: str) -> str | None:
    """Return the text if it is a UUID with its four dashes, else None."""
    return text if _UUID.fullmatch(text) else None


def as_moment(text: str) -> datetime:
    """Read ``YYYY-MM-DD HH:MM:SS`` or ISO 8601; UTC unless it says otherwise. Raises InvalidInput."""
    try:
        moment = datetime.fromisoformat(text.strip())
        # Near the first and the last year there may be no such moment in UTC.
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(f"not a time: {_shown(text)}; expected YYYY-MM-DD HH:MM:SS") from None


def as_flag(text: str) -> bool:
    """Read ``true`` or ``false``. Raises InvalidInput."""
    word = text.strip().lower()
    if word not in _TRUE | _FALSE:
        raise InvalidInput(f"not a truth value: {_shown(text)}; expected true or false")
    return word in _TRUE


def as_number(text: str) -> int:
    """Read a whole number of at most 64 bits. Raises InvalidInput."""
    number = int(text) if _NUMBER.fullmatch(text) else _LARGEST + 1
    if not -_LARGEST <= number <= _LARGEST:
        raise InvalidInput(f"not a whole number: {_shown(text)}")
    return number


def as_json(text: str) -> str:
    """Return the text if it is JSON that Postgres can compare. Raises InvalidInput."""
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise InvalidInput("not valid JSON, or nested too deeply") from None
    if "\\u0000" in text:
        raise InvalidInput("a text in it holds the character NUL")
    return text


def _shown(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}...")
