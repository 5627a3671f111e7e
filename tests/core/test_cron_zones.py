"""Patterns by the clocks of time zones, on the days on which those are put forward and back."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistral_core.cron import Schedule, next_instant
from mistral_core.cron.clock import zone
from mistral_core.cron.patterns import is_frequent, next_wall
from mistral_core.errors import InvalidInput

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"


def fires(pattern: str, place: str, after: str, count: int) -> list[str]:
    """Return what the clock shows, with its distance from UTC, when a pattern is due after a time of that clock."""
    moment: datetime | None = datetime.fromisoformat(after).replace(tzinfo=ZoneInfo(place))
    found = []
    for _ in range(count):
        assert moment is not None
        moment = next_instant(pattern, zone(place), moment)
        assert moment is not None
        found.append(moment.astimezone(ZoneInfo(place)).strftime("%d %H:%M%z"))
    return found


@pytest.mark.parametrize(
    ("place", "after", "expected"),
    [
        # The hour from two to three is missing on the 29th, the 8th, and half of it on the 4th.
        (BERLIN, "2026-03-28T00:00", ["28 02:15+0100", "29 03:00+0200", "30 02:15+0200"]),
        (NEW_YORK, "2026-03-07T00:00", ["07 02:15-0500", "08 03:00-0400", "09 02:15-0400"]),
        (LORD_HOWE, "2026-10-03T00:00", ["03 02:15+1030", "04 02:30+1100", "05 02:15+1100"]),
    ],
)
def test_a_time_that_is_missing_is_due_at_the_first_moment_after_the_gap(place, after, expected):
    assert fires("15 2 * * *", place, after, 3) == expected


@pytest.mark.parametrize(
    ("pattern", "place", "after", "expected"),
    [
        ("15 2 * * *", BERLIN, "2026-10-24T00:00", ["24 02:15+0200", "25 02:15+0200", "26 02:15+0100"]),
        ("15 1 * * *", NEW_YORK, "2026-10-31T00:00", ["31 01:15-0400", "01 01:15-0400", "02 01:15-0500"]),
        ("45 1 * * *", LORD_HOWE, "2026-04-04T00:00", ["04 01:45+1100", "05 01:45+1100", "06 01:45+1030"]),
    ],
)
def test_a_time_that_is_there_twice_is_due_the_first_time_alone(pattern, place, after, expected):
    assert fires(pattern, place, after, 3) == expected


@pytest.mark.parametrize(
    ("pattern", "place", "after", "expected"),
    [
        ("*/30 * * * *", BERLIN, "2026-03-29T01:00", ["29 01:30+0100", "29 03:00+0200", "29 03:30+0200"]),
        ("*/30 * * * *", NEW_YORK, "2026-03-08T01:00", ["08 01:30-0500", "08 03:00-0400", "08 03:30-0400"]),
        ("*/15 * * * *", LORD_HOWE, "2026-10-04T01:30", ["04 01:45+1030", "04 02:30+1100", "04 02:45+1100"]),
        ("0 * * * *", LORD_HOWE, "2026-10-04T00:30", ["04 01:00+1030", "04 03:00+1100", "04 04:00+1100"]),
    ],
)
def test_a_pattern_of_every_so_many_minutes_leaves_out_what_is_missing(pattern, place, after, expected):
    assert fires(pattern, place, after, 3) == expected


@pytest.mark.parametrize(
    ("pattern", "place", "after", "expected"),
    [
        (
            *("*/30 * * * *", BERLIN, "2026-10-25T01:30"),
            ["25 02:00+0200", "25 02:30+0200", "25 02:00+0100", "25 02:30+0100", "25 03:00+0100"],
        ),
        (
            *("0 * * * *", NEW_YORK, "2026-11-01T00:30"),
            ["01 01:00-0400", "01 01:00-0500", "01 02:00-0500", "01 03:00-0500", "01 04:00-0500"],
        ),
        (
            *("*/15 * * * *", LORD_HOWE, "2026-04-05T01:15"),
            ["05 01:30+1100", "05 01:45+1100", "05 01:30+1030", "05 01:45+1030", "05 02:00+1030"],
        ),
    ],
)
def test_a_pattern_of_every_so_many_minutes_is_due_both_times(pattern, place, after, expected):
    assert fires(pattern, place, after, 5) == expected


def test_a_gap_at_midnight_and_a_day_that_is_missing_as_a_whole():
    assert fires("0 0 * * *", "America/Santiago", "2026-09-04T12:00", 3) == [
        *("05 00:00-0400", "06 01:00-0300", "07 00:00-0300"),
    ]
    # Samoa went from the 29th to the 31st of December 2011.
    assert fires("0 12 * * *", "Pacific/Apia", "2011-12-28T13:00", 3) == [
        *("29 12:00-1000", "31 00:00+1400", "31 12:00+1400"),
    ]


def test_several_times_in_one_gap_are_due_once():
    assert fires("0,20,40 2,3 * * *", BERLIN, "2026-03-29T01:00", 3) == [
        *("29 03:00+0200", "29 03:20+0200", "29 03:40+0200"),
    ]


def test_seconds_count_in_zones_too():
    start = datetime(2026, 3, 29, 0, 59, 30, tzinfo=UTC)

    assert next_instant("* * * * * */20", zone(BERLIN), start) == datetime(2026, 3, 29, 0, 59, 40, tzinfo=UTC)
    assert next_instant("0 2 * * * 0", zone(BERLIN), start) == datetime(2026, 3, 29, 1, tzinfo=UTC)


@pytest.mark.parametrize("name", ["", "Mars", "../etc/passwd", "Europe/", "x" * 500, "/etc/localtime", "a\0b"])
def test_an_unknown_zone_is_refused_by_name(name):
    with pytest.raises(InvalidInput, match="There is no time zone"):
        zone(name)


@pytest.mark.parametrize("pattern", ["R R * * *", "H 3 * * *", "1,R 3 * * *", "h/5 * * * *"])
def test_patterns_by_chance_are_refused(pattern):
    with pytest.raises(InvalidInput, match="by chance"):
        Schedule(patterns=(pattern,)).check()


PATTERNS = st.sampled_from(
    [
        *("30 2 * * *", "0 0 * * *", "15 1,2,3 * * *", "*/15 * * * *", "0 * * * *", "*/7 2 * * *", "59 1-3 * * sun"),
        *("0 2 29 3 *", "30 1 1,25 10,11 *", "0 */6 * * *", "45 23 L * *", "* 2 * * 0"),
    ]
)
PLACES = st.sampled_from(
    [BERLIN, NEW_YORK, LORD_HOWE, "America/Santiago", "Africa/Casablanca", "Asia/Kathmandu", "UTC"]
)
MOMENTS = st.integers(1_735_689_600, 1_861_920_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@settings(deadline=None, max_examples=60)
@given(PATTERNS, PLACES, MOMENTS)
def test_due_times_go_forward_and_show_a_time_that_fits(pattern, place, after):
    moments = [after]
    for _ in range(5):
        following = next_instant(pattern, zone(place), moments[-1])
        assert following is not None
        moments.append(following)

    assert all(earlier < later for earlier, later in pairwise(moments))
    for moment in moments[1:]:
        wall = moment.astimezone(ZoneInfo(place)).replace(tzinfo=None, fold=0)
        fits = next_wall(pattern, wall - timedelta(seconds=1)) == wall
        # Only what the clock skipped may be due at a time that does not fit.
        before = (moment - timedelta(seconds=1)).astimezone(ZoneInfo(place)).replace(tzinfo=None)
        skipped = wall - before > timedelta(seconds=1)
        assert fits or (skipped and not is_frequent(pattern))


@settings(deadline=None, max_examples=60)
@given(PATTERNS, PLACES, MOMENTS, st.timedeltas(timedelta(seconds=1), timedelta(days=40)))
def test_no_due_time_depends_on_when_one_asks(pattern, place, after, later):
    """Whoever asks between two due times gets the same next one."""
    following = next_instant(pattern, zone(place), after)
    assert following is not None
    asked = after + later
    if asked < following:
        assert next_instant(pattern, zone(place), asked) == following


@settings(deadline=None, max_examples=60)
@given(PATTERNS, PLACES, MOMENTS)
def test_nothing_is_left_out(pattern, place, after):
    """Each minute of real time whose clock fits is due, if the pattern is of every so many minutes."""
    following = next_instant(pattern, zone(place), after)
    assert following is not None
    minute = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
    ends = min(following, minute + timedelta(hours=30))
    while minute < ends:
        wall = minute.astimezone(ZoneInfo(place)).replace(tzinfo=None, fold=0)
        fold = minute.astimezone(ZoneInfo(place)).fold
        if next_wall(pattern, wall - timedelta(seconds=1)) == wall:
            assert fold == 1, wall
            assert not is_frequent(pattern), wall
        minute += timedelta(minutes=1)
