"""The parts of the room of workers that need no server: tokens, turns, the choice of a worker, rates, schemas."""

from typing import Any

import pytest

from mistral.internal.v1.envelope_pb2 import ActionTask, WorkerRun
from mistral.v1 import worker_pb2
from mistral_core.errors import InvalidInput
from mistral_executor.workers.limits import Bucket
from mistral_executor.workers.matching import choose
from mistral_executor.workers.runs import Run
from mistral_executor.workers.schema import compiled
from mistral_executor.workers.session import Hands, Session
from mistral_executor.workers.tokens import Claims, Signer
from mistral_executor.workers.waiting import Waiting

CLAIMS = Claims("a", 1, 7, "t", "e", 3, "act", "p", "w", "i", False, 0)


def run(number: int = 0, *, rank: int = 1, project: str = "p", **wanted: Any) -> Run:
    task = ActionTask(action_id=f"a{number}", attempt=1, project_id=project, action="act", worker=WorkerRun(**wanted))
    return Run(task, [], rank, float(number))


def session(name: str, *, busy: int = 0, slots: int = 10, **described: Any) -> Session:
    hands = Hands("p", name, "i")
    hands.runs = {str(number): run(number) for number in range(busy)}
    return Session(name, hands, worker_pb2.WorkerDescription(id=name, slots=slots, **described), "stream")


def anyone(_: Run) -> bool:
    return True


def test_a_token_says_what_was_put_into_it_to_every_executor_of_the_mesh() -> None:
    token = Signer(b"key", "executor.one").issue(CLAIMS)
    assert token.startswith("executor.one.")
    assert Signer(b"key", "two").read(token) == CLAIMS


def test_a_changed_token_or_one_of_another_mesh_says_nothing() -> None:
    signer = Signer(b"key", "one")
    token = signer.issue(CLAIMS)
    for place in range(0, len(token), 7):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert signer.read(changed) is None, place
    assert Signer(b"other", "one").read(token) is None
    for junk in ("", ".", "one.", "one.\u00e4", "x" * 5000, token[:-1]):
        assert signer.read(junk) is None


def test_the_urgent_goes_first_but_not_for_ever() -> None:
    waiting = Waiting()
    for number in range(20):
        waiting.add(run(number, rank=0))
    waiting.add(run(100, rank=2))
    taken = [waiting.next(anyone) for _ in range(10)]
    assert [each.rank for each in taken if each] == [0] * 8 + [2] + [0]
    assert len(waiting) == 11


def test_projects_take_turns() -> None:
    waiting = Waiting()
    for number in range(6):
        waiting.add(run(number, project="many"))
    waiting.add(run(10, project="few"))
    taken = [waiting.next(anyone) for _ in range(3)]
    assert "few" in [each.task.project_id for each in taken if each]


def test_what_is_not_accepted_stays_in_its_place() -> None:
    waiting = Waiting()
    for number in range(3):
        waiting.add(run(number))
    second = waiting.next(lambda each: each.task.action_id == "a1")
    assert second is not None
    assert [each.task.action_id for each in waiting.everything()] == ["a0", "a2"]
    assert len(waiting) == 0


def test_what_was_answered_meanwhile_is_passed_over() -> None:
    waiting = Waiting()
    gone, there = run(0), run(1)
    waiting.add(gone)
    waiting.add(there)
    gone.answered = True
    assert waiting.next(anyone) is there
    assert waiting.next(anyone) is None
    assert len(waiting) == 0


def test_what_came_long_ago_is_taken_out_for_others() -> None:
    waiting = Waiting()
    for number in range(5):
        waiting.add(run(number))
    assert [each.task.action_id for each in waiting.older(2.0, 10)] == ["a0", "a1", "a2"]
    assert len(waiting) == 2


def test_the_least_busy_worker_gets_a_run() -> None:
    idle, half = session("idle"), session("half", busy=5)
    assert choose([half, idle], run()) is idle
    assert choose([session("large", busy=5, slots=100), half], run()) is not half


def test_the_worker_of_before_goes_before_preferred_labels_and_those_before_load() -> None:
    here, labelled, idle = session("here", busy=9), session("labelled", busy=5, labels={"z": "a"}), session("idle")
    ready = [idle, labelled, here]
    assert choose(ready, run(sticky_worker="here", preferred={"z": "a"})) is here
    assert choose(ready, run(sticky_worker="gone", preferred={"z": "a"})) is labelled
    assert choose(ready, run(preferred={"z": "b"})) is idle


def test_nobody_gets_what_nobody_accepts() -> None:
    assert choose([session(f"w{n}", namespaces=["blue"]) for n in range(20)], run()) is None
    assert choose([], run()) is None


def test_a_rate_allows_so_many_in_a_second() -> None:
    bucket = Bucket(10.0)
    taken = sum(bucket.take(100 + step / 1000) for step in range(2000))
    assert 19 <= taken <= 22
    while bucket.take(102.0):
        pass
    assert 0 < bucket.wait(102.0) <= 0.1
    assert all(Bucket(0.0).take(0.0) for _ in range(1000))


@pytest.mark.parametrize("text", ["{", '{"type": "objekt"}', '{"$ref": "http://elsewhere/schema"}', "x" * 70_000])
def test_what_is_no_schema_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        compiled(text)


def test_a_pattern_that_never_ends_is_broken_off() -> None:
    schema = compiled('{"properties": {"a": {"pattern": "^(a+)+$"}}}')
    assert schema is not None
    assert schema.fault({"a": "a" * 60 + "b"})
