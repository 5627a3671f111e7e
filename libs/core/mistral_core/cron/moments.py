"""Moments as people write them in schedules. Pure."""

from datetime import UTC, datetime

from mistral_core.cron.clock import zone
from mistral_core.errors import InvalidInput


def moment_of(text: str, timezone: str, field: str) -> datetime:
    """Read a moment in the form of ISO 8601, such as ``2030-01-31 10:00`` or ``2030-01-31T10:00:00Z``.

    Args:
        timezone: Whose clock is meant where the text does not say how far it is from UTC.
        field: Its name, for complaints.

    Raises:
        InvalidInput: If it is no such text.
    """
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            found = found.replace(tzinfo=zone(timezone))
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(f"{field} is not a time such as 2030-01-31 10:00: {text[:64]!r}", field=field) from None
