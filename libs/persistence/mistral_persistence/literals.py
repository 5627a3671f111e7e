"""What filters are written as, turned into values that a column can be compared with."""

from datetime import UTC, datetime
from uuid import UUID

from mistral_core.errors import InvalidInput

_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
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
    flag = _FLAGS.get(text.strip().lower())
    if flag is None:
        raise InvalidInput(f"Not a truth value: {text!r}; expected true or false")
    return flag


def as_number(text: str) -> int:
    """Read a whole number. Raises InvalidInput."""
    try:
        return int(text)
    except ValueError:
        raise InvalidInput(f"Not a whole number: {text!r}") from None
