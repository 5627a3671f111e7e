"""What is to be run now of a schedule that is due, and when it is due again. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from mistral_core.cron.schedule import Schedule

GRACE_SECONDS: Final = 10
"""A start that is less late than this is not missed."""

MOST_AT_ONCE: Final = 1000
_MOST_COUNTED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Turn:
    """What a look at a due schedule found.

    Attributes:
        times: Due times to run now, oldest first.
        missed: How many others have passed and are not made up for; a count past ten thousand is cut off.
        following: The due time that comes then; it may have passed, too. None if there is none.
    """

    times: tuple[datetime, ...]
    missed: int
    following: datetime | None


def turn(schedule: Schedule, due: datetime, now: datetime, *, window: int | None, key: str) -> Turn:
    """Decide about the due times from ``due``, whose start has come, to ``now``.

    Args:
        window: Seconds for which missed times are made up for; with None one run makes up for all of them.
        key: The one that jitter follows from.
    """
    # The clock of who asks may be behind that by which it was found to be due.
    now = max(now, schedule.start_of(due, key))
    late = timedelta(seconds=schedule.jitter)
    if window is None and due + late < now - timedelta(seconds=GRACE_SECONDS):
        missed, following = _skipped(schedule, due, now - late)
        return Turn((due,), missed, following)
    oldest = now - late - timedelta(seconds=max(window or 0, GRACE_SECONDS))
    missed, moment = 0, due if due >= oldest else None
    if moment is None:
        before = oldest - timedelta(microseconds=1)
        missed, moment = _skipped(schedule, due, before)
        missed += 1
    times: list[datetime] = []
    while moment is not None and len(times) < MOST_AT_ONCE and schedule.start_of(moment, key) <= now:
        times.append(moment)
        moment = schedule.next_after(moment)
    return Turn(tuple(times), missed, moment)


def _skipped(schedule: Schedule, after: datetime, until: datetime) -> tuple[int, datetime | None]:
    """Return how many due times there are after one moment and up to another, and the first one after that."""
    count, moment = 0, schedule.next_after(after)
    while moment is not None and moment <= until:
        count += 1
        if count == _MOST_COUNTED:
            return count, schedule.next_after(until)
        moment = schedule.next_after(moment)
    return count, moment
