"""What filters are written as, turned into values that a column can be compared with."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from mistral_core.errors import InvalidInput

_TRUE = frozenset({"true", "t", "yes", "y", "on", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "off", "0"})
_UUID_LENGTH = 36


def as_uuid(text: str) -> str | None:
    """Return the text if it is a UUID with its four dashes, else None."""
    if len(text) != _UUID_LENGTH:
        return None
    try:
        UUID(text)
    except ValueError:
        return None
    return text


def as_moment(text: str) -> datetime:
    """Read ``YYYY-MM-DD HH:MM:SS`` or ISO 8601; UTC unless it says otherwise. Raises InvalidInput."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInput(f"Not a time: {text!r}; expected YYYY-MM-DD HH:MM:SS") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def as_flag(text: str) -> bool:
    """Read ``true`` or ``false``. Raises InvalidInput."""
    word = text.strip().lower()
    if word not in _TRUE | _FALSE:
        raise InvalidInput(f"Not a truth value: {text!r}; expected true or false")
    return word in _TRUE


def as_number(text: str) -> int:
    """Read a whole number. Raises InvalidInput."""
    try:
        return int(text)
    except ValueError:
        raise InvalidInput(f"Not a whole number: {text!r}") from None


def as_json(text: str) -> str:
    """Return the text if it is JSON that Postgres can compare. Raises InvalidInput."""
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise InvalidInput(f"Not valid JSON: {text!r}") from None
    if "\\u0000" in text:
        raise InvalidInput("A text of the request holds the character NUL")
    return text
