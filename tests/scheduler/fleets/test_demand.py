"""How many temporary workers there should be, by what engines tell."""

from datetime import UTC, datetime, timedelta

import pytest

from mistral.internal.v1.worker_pool_pb2 import WorkerPool
from mistral_scheduler.fleets.backoff import may_start
from mistral_scheduler.fleets.demand import TOLD_SECONDS, Demand, Quiet, Want

WANT = Want("p", "segmenters", "e1")


def pool(runs: int, workers: int = 0, *, action: str = "cut", fleet: str = "segmenters") -> WorkerPool:
    labels = {"mistral.fleet": fleet, "mistral.execution": "e1"} if fleet else {"gpu": "yes"}
    return WorkerPool(
        project_id="p", queue="default", action=action, labels=labels, open_runs=runs, fleet_workers=workers
    )


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ([pool(100, 100)], {WANT: 100}),
        ([pool(100, 10)], {WANT: 10}),
        ([pool(3, 10)], {WANT: 3}),
        ([pool(3)], {WANT: 3}),
        ([pool(3, 2), pool(4, 0, action="join")], {WANT: 6}),
        ([pool(0, 10)], {}),
        ([pool(5, fleet="")], {}),
    ],
)
def test_there_are_as_many_as_runs_but_no_more_than_asked_for(told: list[WorkerPool], wanted: dict[Want, int]) -> None:
    demand = Demand()

    demand.hear(told, 0.0)

    assert demand.wanted(0.0) == wanted


def test_what_is_told_later_replaces_what_was_told_before() -> None:
    demand = Demand()
    demand.hear([pool(100, 100)], 0.0)

    demand.hear([pool(7, 100)], 1.0)

    assert demand.wanted(1.0) == {WANT: 7}


def test_what_nobody_tells_any_more_is_not_wanted() -> None:
    demand = Demand()
    demand.hear([pool(100, 100)], 0.0)

    assert demand.wanted(TOLD_SECONDS) == {WANT: 100}
    assert demand.wanted(TOLD_SECONDS + 0.1) == {}
    assert demand.wanted(0.0) == {}, "it is forgotten, too"


def test_those_of_which_nothing_is_wanted_are_quiet_since_it_was_noticed() -> None:
    quiet, one, two = Quiet(), ("f", "e1"), ("f", "e2")

    assert quiet.seconds({one, two}, {two}, 10.0) == {one: 0.0, two: 0.0}
    assert quiet.seconds({one, two}, {two}, 15.0) == {one: 5.0, two: 0.0}
    assert quiet.seconds({one, two}, {one}, 20.0) == {one: 0.0, two: 0.0}
    assert quiet.seconds({one}, set(), 21.0) == {one: 0.0}


@pytest.mark.parametrize(
    ("failures", "seconds", "may"),
    [
        (0, 0, True),
        (2, 0, True),
        (3, 1, False),
        (3, 2, True),
        (5, 7, False),
        (5, 8, True),
        (99, 59, False),
        (99, 60, True),
    ],
)
def test_workers_that_fail_are_started_ever_more_seldom(failures: int, seconds: int, may: bool) -> None:
    last = datetime(2026, 5, 4, tzinfo=UTC)

    assert may_start(failures, last, last + timedelta(seconds=seconds)) is may
