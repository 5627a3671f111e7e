"""Attempts are spread out, and destinations in trouble get little."""

from mistral_notifier.delivery import Retries
from mistral_notifier.destinations import FIRST_ROOM, PER_DESTINATION, Destinations


def test_waits_double_up_to_an_hour():
    retries = Retries(attempts=100, backoff_seconds=1.0)

    for failed, longest in ((1, 1), (2, 2), (3, 4), (10, 512), (13, 3600), (99, 3600)):
        wait = retries.again_in(failed)
        assert wait is not None
        assert longest / 2 <= wait <= longest


def test_the_last_attempt_gives_up():
    assert Retries(attempts=3, backoff_seconds=1.0).again_in(3) is None


def test_what_is_running_takes_room():
    destinations = Destinations()

    destinations.begin("webhook a")

    assert destinations.room(0.0) == {"webhook a": FIRST_ROOM - 1}


def test_an_unreachable_destination_is_left_alone_and_then_tried_by_one():
    destinations = Destinations()
    for _ in range(3):
        destinations.begin("webhook a")

    for _ in range(3):
        destinations.end("webhook a", 100.0, unreachable=True)

    assert destinations.room(100.5) == {"webhook a": 0}
    assert destinations.room(101.5) == {"webhook a": 1}


def test_a_destination_that_answers_again_has_all_its_room():
    destinations = Destinations()
    destinations.begin("webhook a")
    destinations.end("webhook a", 100.0, unreachable=True)

    destinations.begin("webhook a")
    destinations.end("webhook a", 102.0, unreachable=False)

    assert destinations.room(102.0) == {"webhook a": FIRST_ROOM + 1}


def test_a_destination_that_takes_what_it_gets_gets_more_and_more():
    destinations = Destinations()
    for _ in range(100):
        destinations.begin("webhook a")
        destinations.end("webhook a", 1.0, unreachable=False)

    assert destinations.room(2.0) == {"webhook a": PER_DESTINATION}
    assert destinations.room(10_000.0) == {}


def test_a_destination_that_asks_for_a_pause_gets_it():
    destinations = Destinations()
    destinations.begin("webhook a")
    destinations.end("webhook a", 100.0, unreachable=False, again_after=60.0)

    assert destinations.room(159.0) == {"webhook a": 0}
    assert destinations.room(161.0)["webhook a"] > 0


def test_a_wait_is_as_long_as_the_receiver_asks_up_to_an_hour():
    retries = Retries(attempts=9, backoff_seconds=1.0)

    assert retries.again_in(1, 120.0) == 120.0
    assert retries.again_in(1, 1e9) == 3600.0
