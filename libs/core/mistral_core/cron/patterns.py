"""When one cron pattern is due by a clock that is never put forward or back. Pure: the time is passed in."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from croniter import CroniterError, croniter

from mistral_core.errors import InvalidInput

NEVER = "0 0 30 2 0"
"""The 30th of February, which is stored where there is no pattern."""

LONGEST_PATTERN = 100

_YEARS: Final = 50
# Croniter takes a range of one for all there is, as if it went once around.
_RANGE_OF_ONE: Final = re.compile(r"(?<![\w#])(\w+)-\1(?:/\d+)?(?![\w#/])", re.IGNORECASE)
_BY_CHANCE: Final = re.compile(r"(?<![a-z])[hr](?![a-z])", re.IGNORECASE)


def next_time(pattern: str, after: datetime) -> datetime | None:
    """Return the first moment after ``after`` (aware) that fits in UTC; None if there is none within fifty years.

    Raises:
        InvalidInput: If the pattern cannot be read.
    """
    following = next_wall(pattern, after.astimezone(UTC).replace(tzinfo=None))
    return None if following is None else following.replace(tzinfo=UTC)


# Many schedules have the same pattern and are due at the same moment.
@lru_cache(maxsize=4096)
def next_wall(pattern: str, after: datetime) -> datetime | None:
    """Return the first time of a clock on a wall, without a zone, after ``after`` that fits.

    Returns:
        None if there is none within fifty years, or ever.

    Raises:
        InvalidInput: If the pattern cannot be read.
    """
    if pattern == NEVER:
        return None
    try:
        dates = croniter(_readable(pattern), after, max_years_between_matches=_YEARS)
    except (CroniterError, ValueError, KeyError, AttributeError) as error:
        raise InvalidInput(f"The specified pattern is not valid: {pattern} ({error})", field="pattern") from None
    try:
        following: datetime = dates.get_next(datetime)
    except (CroniterError, OverflowError):
        return None
    return following


@lru_cache(maxsize=4096)
def is_frequent(pattern: str) -> bool:
    """Whether a pattern is due every so many minutes or hours rather than at times of the day.

    That is so if its minutes or its hours begin with ``*`` or leave nothing out.
    """
    if pattern.startswith("@"):
        return pattern == "@hourly"
    fields = pattern.split()[:2]
    if any(field.startswith("*") for field in fields):
        return True
    expanded, _ = croniter.expand(_readable(pattern))
    return any(field == ["*"] for field in expanded[:2])


def _readable(pattern: str) -> str:
    """Return a pattern that croniter reads as it is meant. Raises ValueError if there can be none."""
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"more than {LONGEST_PATTERN} characters")
    if _BY_CHANCE.search(pattern):
        # Such a pattern is read anew each time, and is another one then.
        raise ValueError("H and R stand for a time by chance; spread starts with jitter")
    return _RANGE_OF_ONE.sub(r"\1", pattern)
