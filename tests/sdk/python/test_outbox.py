"""What a worker says, in which order, and in how many messages."""

import time
from collections.abc import Iterator

import pytest

from mistral_sdk import Context
from mistral_sdk.running.hand import Hand, Run
from mistral_sdk.running.outbox import Outbox, Terms
from mistral_sdk.stubs import worker_pb2 as worker
from mistral_sdk.stubs import worker_service_pb2 as service

HELLO = service.WorkRequest(hello=service.WorkerHello())


class Desk:
    """A worker without handlers: the test ends the runs."""

    def __init__(self) -> None:
        self.hand = Hand()
        self.begun: list[str] = []
        self.sent: list[str] = []
        self.outbox = Outbox(self.hand, self._begin, lambda run: self.sent.append(run.token))

    def _begin(self, runs: list[Run]) -> None:
        self.begun += [run.token for run in runs]

    def take(self, *tokens: str) -> list[Run]:
        """Have runs arrive."""
        runs = []
        for token in tokens:
            assignment = worker.Assignment(token=token, action="a")
            runs.append(Run(assignment, None, Context(assignment, self.outbox)))
        self.hand.add(runs)
        self.outbox.received(len(runs))
        return runs

    def end(self, *runs: Run, output: bytes = b"1") -> None:
        """Have runs end well."""
        for run in runs:
            success = worker.AssignmentSuccess(output=output)
            self.hand.end(run, worker.AssignmentResult(token=run.token, success=success))
        self.outbox.ended(runs)

    def session(self, slots: int = 4, terms: Terms | None = None) -> Iterator[service.WorkRequest]:
        """Connect and be welcomed."""
        messages = self.outbox.messages(HELLO)
        assert next(messages) == HELLO
        self.outbox.open(self.outbox.session, terms or Terms(heartbeat_seconds=3600), slots)
        return messages


@pytest.fixture
def desk() -> Desk:
    return Desk()


def kinds(messages: Iterator[service.WorkRequest], count: int) -> list[str]:
    return [str(next(messages).WhichOneof("message")) for _ in range(count)]


def test_a_session_asks_for_as_many_runs_as_there_are_slots(desk: Desk) -> None:
    assert next(desk.session(slots=4)).credits.more == 4


def test_a_run_begins_when_its_ack_was_sent(desk: Desk) -> None:
    messages = desk.session()
    next(messages)
    runs = desk.take("a", "b")
    desk.outbox.ack(runs)
    assert list(next(messages).acks.tokens) == ["a", "b"]
    assert desk.begun == []
    desk.outbox.leave()
    assert next(messages, None) is None
    assert desk.begun == ["a", "b"]


def test_results_go_together_and_ask_for_as_many_more(desk: Desk) -> None:
    messages = desk.session()
    next(messages)
    desk.end(*desk.take("a", "b", "c"))
    assert [result.token for result in next(messages).results.results] == ["a", "b", "c"]
    assert desk.sent == []
    assert next(messages).credits.more == 3
    assert desk.sent == ["a", "b", "c"]


def test_messages_stay_within_the_terms(desk: Desk) -> None:
    messages = desk.session(terms=Terms(heartbeat_seconds=3600, most_bytes=10_000, most_in_batch=3))
    next(messages)
    desk.end(*desk.take("a", "b", "c", "d"))
    desk.end(*desk.take("e", "f"), output=b"9" * 8_000)
    told = [[result.token for result in next(messages).results.results] for _ in range(3)]
    assert told == [["a", "b", "c"], ["d", "e"], ["f"]]


def test_progress_is_told_before_the_result_and_the_last_one_counts(desk: Desk) -> None:
    messages = desk.session()
    next(messages)
    (run,) = desk.take("a")
    for percent in (1, 2, 3):
        run.context.progress(percent, {"n": percent})
        run.context.log.info("line %d", percent)
    desk.end(run)
    (told,) = next(messages).progress.progress
    assert (told.percent, told.details) == (3, b'{"n":3}')
    assert [line.message for line in told.lines] == ["line 1", "line 2", "line 3"]
    assert kinds(messages, 1) == ["results"]


def test_progress_of_a_run_that_is_gone_is_not_told(desk: Desk) -> None:
    messages = desk.session()
    next(messages)
    (run,) = desk.take("a")
    desk.hand.drop("a")
    run.context.progress(1)
    desk.outbox.leave()
    assert next(messages, None) is None


def test_what_was_not_recorded_is_said_again_in_the_next_session(desk: Desk) -> None:
    first = desk.session()
    next(first)
    ended, recorded, running, waiting = desk.take("ended", "recorded", "running", "waiting")
    running.acked = True
    desk.end(ended, recorded)
    next(first)
    desk.hand.forget(["recorded"])
    desk.outbox.close()
    assert list(first) == []
    second = desk.session(slots=4)
    assert list(next(second).acks.tokens) == ["waiting"]
    assert [result.token for result in next(second).results.results] == ["ended"]
    assert next(second).credits.more == 2
    assert waiting.token in desk.begun


def test_a_run_that_is_somebody_elses_has_no_result_but_frees_its_slot(desk: Desk) -> None:
    messages = desk.session(slots=1)
    next(messages)
    (run,) = desk.take("a")
    desk.hand.drop("a")
    desk.end(run)
    assert next(messages).credits.more == 1
    assert desk.hand.empty


def test_a_worker_that_drains_says_so_in_each_session_and_asks_for_nothing(desk: Desk) -> None:
    first = desk.session()
    runs = desk.take("a")
    desk.outbox.drain()
    assert kinds(first, 1) == ["drain"]
    desk.end(*runs)
    assert kinds(first, 1) == ["results"]
    desk.outbox.close()
    assert kinds(desk.session(), 2) == ["drain", "results"]


def test_one_heartbeat_names_all_that_is_in_hand_and_none_is_sent_for_nothing(desk: Desk) -> None:
    messages = desk.session(terms=Terms(heartbeat_seconds=0.05))
    next(messages)
    running, ended = desk.take("running", "ended")
    desk.end(ended)
    assert kinds(messages, 2) == ["results", "credits"]
    begun = time.monotonic()
    assert set(next(messages).heartbeat.tokens) == {"running", "ended"}
    assert set(next(messages).heartbeat.tokens) == {"running", "ended"}
    assert time.monotonic() - begun < 60
    desk.end(running)
    desk.hand.forget(["running", "ended"])
    desk.outbox.leave()
    assert "heartbeat" not in [message.WhichOneof("message") for message in messages]


def test_an_old_session_ends_when_a_new_one_begins(desk: Desk) -> None:
    old = desk.session()
    new = desk.session()
    assert kinds(new, 1) == ["credits"]
    assert list(old) == []


def test_it_does_not_ask_again_while_the_server_may_send_half_of_what_fits(desk: Desk) -> None:
    messages = desk.session(slots=4)
    assert next(messages).credits.more == 4
    desk.end(*desk.take("a"))
    assert kinds(messages, 1) == ["results"]
    desk.end(*desk.take("b"))
    assert kinds(messages, 1) == ["results"]
    assert next(messages).credits.more == 2


def test_a_heartbeat_is_due_however_much_else_there_is_to_say(desk: Desk) -> None:
    messages = desk.session(slots=100, terms=Terms(heartbeat_seconds=0.05))
    desk.take("long")
    seen: list[str] = []
    for number in range(10_000):
        desk.end(*desk.take(f"short-{number}"))
        seen.append(str(next(messages).WhichOneof("message")))
        if "heartbeat" in seen:
            return
        time.sleep(0.001)
    pytest.fail(f"only {set(seen)} were said")
