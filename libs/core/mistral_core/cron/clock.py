"""A cron pattern by the clock of a time zone, which is put forward and back.

A pattern names times of a clock on the wall. Two days a year such a time may be missing, or be there twice:

* A pattern of fixed times, such as ``30 2 * * *``, is due once for each: at the first moment after the gap if its time
  is missing, and the first time if it is there twice.
* A pattern of every so many minutes or hours, such as ``*/15 * * * *``, is due whenever the clock shows a time that
  fits: not in the gap, and both times in an hour that is there twice.

Croniter is asked only about clocks that are never put forward or back; all the rest is done here.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from mistral_core.cron.patterns import is_frequent, next_wall
from mistral_core.errors import InvalidInput

_SECOND: Final = timedelta(seconds=1)
# No clock is put back by more than a day; twice within that time none was.
_AHEAD: Final = timedelta(hours=25)
_LONGEST_NAME: Final = 64


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """Return a time zone of the IANA database, such as ``Europe/Berlin``.

    Raises:
        InvalidInput: If there is none of that name.
    """
    try:
        if not name or len(name) > _LONGEST_NAME:
            raise ValueError
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        shown = name[:_LONGEST_NAME]
        raise InvalidInput(
            f"There is no time zone {shown!r}; expected a name such as Europe/Berlin or UTC", field="timezone"
        ) from None


# Many schedules have the same pattern and are due at the same moment.
@lru_cache(maxsize=4096)
def next_instant(pattern: str, place: ZoneInfo, after: datetime) -> datetime | None:
    """Return the first moment (UTC) after ``after`` (aware) at which a pattern is due; None if there is none.

    Raises:
        InvalidInput: If the pattern cannot be read.
    """
    after = after.astimezone(UTC)
    try:
        if next_wall(pattern, _wall(after, place)) is None:
            return None
        return _frequent(pattern, place, after) if is_frequent(pattern) else _fixed(pattern, place, after)
    except OverflowError:
        return None


def _fixed(pattern: str, place: ZoneInfo, after: datetime) -> datetime | None:
    """Walk along the clock until a time lies ahead; what each stands for never goes back."""
    wall = next_wall(pattern, _wall(after, place))
    while wall is not None:
        moment = _instants(wall, place)[0] if _instants(wall, place) else _end_of_gap(wall, place)
        if moment > after:
            return moment
        wall = next_wall(pattern, wall)
    return None


def _frequent(pattern: str, place: ZoneInfo, after: datetime) -> datetime | None:
    """Go with real time, from one change of the clock to the next."""
    wall: datetime | None = _wall(after, place)
    change = _change(after, after + _AHEAD, place)
    if change is not None and wall is not None:
        following = next_wall(pattern, wall)
        if following is not None and (moment := following - _offset(after, place)).replace(tzinfo=UTC) < change:
            return moment.replace(tzinfo=UTC)
        # The clock may show again what it showed before.
        wall, after = _wall(change, place) - _SECOND, change - _SECOND
    while wall is not None and (wall := next_wall(pattern, wall)) is not None:
        ahead = [moment for moment in _instants(wall, place) if moment > after]
        if ahead:
            return ahead[0]
        if not _instants(wall, place):
            wall = _wall(_end_of_gap(wall, place), place) - _SECOND
    return None


def _wall(moment: datetime, place: ZoneInfo) -> datetime:
    """Return what the clock shows, to the whole second before."""
    return moment.astimezone(place).replace(tzinfo=None, fold=0, microsecond=0)


def _offset(moment: datetime, place: ZoneInfo) -> timedelta:
    return moment.astimezone(place).utcoffset() or timedelta()


def _instants(wall: datetime, place: ZoneInfo) -> list[datetime]:
    """Return the moments at which the clock shows a time: usually one; none, or two."""
    found = [wall.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1)]
    return [moment for moment in dict.fromkeys(found) if _wall(moment, place) == wall]


def _end_of_gap(wall: datetime, place: ZoneInfo) -> datetime:
    """Return the first moment after the gap in which a time lies that the clock never shows."""
    around = sorted(wall.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1))
    change = _change(around[0], around[1], place)
    return around[1] if change is None else change


def _change(start: datetime, end: datetime, place: ZoneInfo) -> datetime | None:
    """Return the moment between two at which the clock is changed, to the second; None if it is not."""
    before = _offset(start, place)
    if _offset(end, place) == before:
        return None
    low, high = int(start.timestamp()), int(end.timestamp()) + 1
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(datetime.fromtimestamp(middle, UTC), place) == before:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)
