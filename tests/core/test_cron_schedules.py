"""Schedules: several patterns, from when to when, jitter, what was missed, and what earlier runs have to say."""

from datetime import UTC, datetime, timedelta

import pytest

from mistral_core.cron import Outcome, Overlap, Schedule, plan
from mistral_core.cron.moments import moment_of
from mistral_core.cron.overlap import MOST_WAITING
from mistral_core.cron.turn import turn
from mistral_core.errors import InvalidInput

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def test_it_is_due_once_when_several_patterns_are():
    schedule = Schedule(patterns=("0 * * * *", "0 12,13 * * *", "30 12 * * *"))

    assert schedule.upcoming(NOON, 3) == [NOON + HOUR / 2, NOON + HOUR, NOON + 2 * HOUR]


def test_it_is_due_at_its_beginning_and_at_its_end_but_not_outside():
    schedule = Schedule(patterns=("0 * * * *",), start_at=NOON + HOUR, end_at=NOON + 3 * HOUR)

    assert schedule.upcoming(NOON, 9) == [NOON + HOUR, NOON + 2 * HOUR, NOON + 3 * HOUR]
    assert schedule.next_after(NOON + 3 * HOUR) is None


def test_a_first_time_goes_before_the_patterns():
    schedule = Schedule(patterns=("0 * * * *",), first=NOON + 90 * MINUTE)

    assert schedule.upcoming(NOON, 2) == [NOON + 90 * MINUTE, NOON + 2 * HOUR]
    assert Schedule(first=NOON).upcoming(NOON - HOUR, 2) == [NOON]


def test_jitter_is_the_same_for_every_asker_and_spreads_starts():
    schedule = Schedule(patterns=("0 * * * *",), jitter=600)
    starts = {schedule.start_of(NOON, f"trigger-{number}") for number in range(100)}

    assert starts == {schedule.start_of(NOON, f"trigger-{number}") for number in range(100)}
    assert all(NOON <= start < NOON + 10 * MINUTE for start in starts)
    assert max(starts) - min(starts) > 8 * MINUTE
    assert schedule.start_of(NOON, "a") - NOON != schedule.start_of(NOON + HOUR, "a") - NOON - HOUR


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        (Schedule(patterns=("61 * * * *",)), "61"),
        (Schedule(patterns=("0 0 30 2 *",)), "never fits"),
        (Schedule(patterns=("0 0 * * *",) * 21), "at most 20 patterns"),
        (Schedule(patterns=("0 0 * * *",), jitter=-1), "jitter"),
        (Schedule(patterns=("0 0 * * *",), jitter=86401), "jitter"),
        (Schedule(patterns=("0 0 * * *",), timezone="Mars"), "Mars"),
        (Schedule(patterns=("0 0 * * *",), start_at=NOON, end_at=NOON), "end_at"),
    ],
)
def test_what_no_schedule_can_be_is_refused(schedule, said):
    with pytest.raises(InvalidInput, match=said):
        schedule.check()


def test_a_moment_without_a_distance_from_utc_is_by_the_clock_of_the_zone():
    assert moment_of("2026-05-04 14:00", "Europe/Berlin", "start_at") == NOON
    assert moment_of("2026-05-04T12:00:00Z", "Europe/Berlin", "start_at") == NOON
    with pytest.raises(InvalidInput, match="end_at is not a time"):
        moment_of("tomorrow", "UTC", "end_at")


def test_a_short_delay_loses_nothing():
    found = turn(Schedule(patterns=("* * * * * *",)), NOON, NOON + timedelta(seconds=3), window=None, key="")

    assert (len(found.times), found.missed) == (4, 0)
    assert found.following == NOON + timedelta(seconds=4)


def test_one_run_makes_up_for_all_that_was_missed():
    found = turn(Schedule(patterns=("* * * * *",)), NOON, NOON + HOUR, window=None, key="")

    assert (found.times, found.missed) == ((NOON,), 60)
    assert found.following == NOON + 61 * MINUTE


def test_within_its_window_everything_is_made_up_for_and_the_rest_is_missed():
    found = turn(Schedule(patterns=("* * * * *",)), NOON, NOON + HOUR, window=600, key="")

    assert found.times == tuple(NOON + number * MINUTE for number in range(50, 61))
    assert (found.missed, found.following) == (50, NOON + 61 * MINUTE)


def test_a_long_absence_costs_no_long_count():
    found = turn(Schedule(patterns=("* * * * * *",)), NOON, NOON + 1000 * HOUR, window=60, key="")

    assert found.missed == 10_001
    assert len(found.times) == 61
    assert found.following == NOON + 1000 * HOUR + timedelta(seconds=1)


def test_what_cannot_be_run_in_one_turn_follows_in_the_next():
    first = turn(Schedule(patterns=("* * * * * *",)), NOON, NOON + HOUR, window=7200, key="")
    assert first.following is not None
    second = turn(Schedule(patterns=("* * * * * *",)), first.following, NOON + HOUR, window=7200, key="")

    assert (len(first.times), len(second.times)) == (1000, 1000)
    assert second.times[0] == first.times[-1] + timedelta(seconds=1)


def test_who_asks_with_a_slow_clock_runs_what_is_due_all_the_same():
    found = turn(Schedule(patterns=("* * * * *",)), NOON, NOON - timedelta(seconds=3), window=None, key="")

    assert (found.times, found.following) == ((NOON,), NOON + MINUTE)


def test_a_start_that_jitter_puts_off_is_not_missed():
    schedule = Schedule(patterns=("* * * * *",), jitter=300)
    now = schedule.start_of(NOON, "k")

    found = turn(schedule, NOON, now, window=None, key="k")

    assert (found.times[0], found.missed) == (NOON, 0)


def test_the_last_turn_has_nothing_to_follow():
    found = turn(Schedule(patterns=("0 * * * *",), end_at=NOON), NOON, NOON + MINUTE, window=None, key="")

    assert (found.times, found.following) == ((NOON,), None)


START, WAIT, SKIP = Outcome.START, Outcome.WAIT, Outcome.SKIP


@pytest.mark.parametrize(
    ("overlap", "busy", "waiting", "due", "outcomes", "superseded"),
    [
        (Overlap.ALLOW, True, 0, 2, [START, START], 0),
        (Overlap.SKIP, False, 0, 2, [START, SKIP], 0),
        (Overlap.SKIP, True, 0, 1, [SKIP], 0),
        (Overlap.BUFFER_ONE, False, 0, 3, [START, WAIT, SKIP], 0),
        (Overlap.BUFFER_ONE, True, 0, 2, [WAIT, SKIP], 0),
        (Overlap.BUFFER_ONE, True, 1, 1, [SKIP], 0),
        (Overlap.BUFFER_ONE, False, 1, 1, [SKIP], 0),
        (Overlap.BUFFER_ALL, True, 5, 2, [WAIT, WAIT], 0),
        (Overlap.BUFFER_ALL, False, 5, 1, [WAIT], 0),
        (Overlap.BUFFER_ALL, True, MOST_WAITING - 1, 2, [WAIT, SKIP], 0),
        (Overlap.CANCEL_OTHER, False, 0, 1, [START], 0),
        (Overlap.CANCEL_OTHER, True, 0, 1, [WAIT], 0),
        (Overlap.CANCEL_OTHER, True, 1, 2, [SKIP, WAIT], 1),
        (Overlap.TERMINATE_OTHER, True, 1, 1, [WAIT], 1),
        (Overlap.TERMINATE_OTHER, True, 1, 0, [], 0),
    ],
)
def test_what_becomes_of_a_due_time_while_others_are_open(overlap, busy, waiting, due, outcomes, superseded):
    found = plan(overlap, ["due"] * due, busy=busy, waiting=["waits"] * waiting)

    assert [outcome for outcome, _ in found.outcomes] == outcomes
    assert len(found.superseded) == superseded
    assert all(bool(reason) == (outcome is SKIP) for outcome, reason in found.outcomes)
