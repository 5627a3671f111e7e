"""When a cron pattern is due: five fields, a sixth for seconds, in UTC. Pure: the time is passed in."""

from datetime import UTC, datetime

from croniter import CroniterError, croniter

from mistral_core.errors import InvalidInput

NEVER = "0 0 30 2 0"
"""The 30th of February, which is stored where there is no pattern."""

LONGEST_PATTERN = 100


def next_time(pattern: str, after: datetime) -> datetime | None:
    """Return the first moment after ``after`` (aware) that fits; None if there is none within fifty years.

    Raises:
        InvalidInput: If the pattern cannot be read.
    """
    if pattern == NEVER:
        return None
    try:
        dates = croniter(_checked(pattern), after.astimezone(UTC).replace(tzinfo=None), max_years_between_matches=50)
    except (CroniterError, ValueError, KeyError, AttributeError) as error:
        raise InvalidInput(f"The specified pattern is not valid: {pattern} ({error})") from None
    try:
        following: datetime = dates.get_next(datetime)
    except (CroniterError, OverflowError):
        return None
    return following.replace(tzinfo=UTC)


def _checked(pattern: str) -> str:
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"more than {LONGEST_PATTERN} characters")
    return pattern
