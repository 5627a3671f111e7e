"""The next look into the store comes in time, and not more often than needed."""

from mistral_scheduler.pace import HORIZON_SECONDS, POLL_SECONDS, Pace


def test_the_first_look_is_at_once():
    assert Pace().look_at < 0


def test_without_timers_it_polls():
    pace = Pace()
    pace.looking()

    pace.looked(100.0, next_turn_in=None, more=False)

    assert pace.look_at == 100.0 + POLL_SECONDS


def test_it_looks_a_horizon_before_the_next_turn():
    pace = Pace()
    pace.looking()

    pace.looked(100.0, next_turn_in=0.9, more=False)

    assert pace.look_at == 100.9 - HORIZON_SECONDS


def test_a_steady_stream_is_looked_at_now_and_then():
    pace = Pace()
    pace.looking()

    pace.looked(100.0, next_turn_in=HORIZON_SECONDS + 0.001, more=False)

    assert 100.0 < pace.look_at < 100.0 + HORIZON_SECONDS


def test_a_full_batch_means_looking_again_at_once():
    pace = Pace()
    pace.looking()

    pace.looked(100.0, next_turn_in=0.5, more=True)

    assert pace.look_at == 100.0


def test_a_wake_for_a_near_timer_brings_the_look_forward():
    pace = Pace()
    pace.looking()
    pace.looked(100.0, next_turn_in=None, more=False)

    assert pace.woken(100.1, due_in=0.0)
    assert pace.look_at == 100.1


def test_a_wake_for_a_far_timer_changes_nothing():
    pace = Pace()
    pace.looking()
    pace.looked(100.0, next_turn_in=None, more=False)

    assert not pace.woken(100.1, due_in=60.0)
    assert pace.look_at == 100.0 + POLL_SECONDS


def test_a_wake_during_a_look_is_not_lost():
    pace = Pace()
    pace.looking()

    pace.woken(100.0, due_in=0.0)
    pace.looked(100.002, next_turn_in=None, more=False)

    assert pace.look_at <= 100.002
