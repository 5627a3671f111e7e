"""How long a receiver asks to be left alone: the values that ``Retry-After`` may have."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_MOST_DIGITS = 9


def asked_pause(text: str, now: datetime | None = None) -> float | None:
    """Return the seconds that a header asks for; None if it does not say.

    Args:
        text: Seconds, or a date of HTTP.
        now: The present if it is not given.
    """
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:_MOST_DIGITS])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
