"""Runs that are completed later, on a real mesh."""

import queue
from collections.abc import Callable

import pytest

from mistral_sdk import Client, Context, Deferred, ExecutionFailed, Observer, Worker, action
from mistral_sdk.stubs import worker_pb2

SECONDS = 60
Define = Callable[..., str]
Working = Callable[..., Worker]


class Deferrals(Observer):
    """Tells the context of a run once the mesh knows that it is completed later."""

    def __init__(self) -> None:
        self.known: queue.SimpleQueue[str] = queue.SimpleQueue()

    def recorded(self, token: str) -> None:
        self.known.put(token)


def test_a_deferred_run_is_completed_by_its_token_or_its_id(client: Client, working: Working, one_task: Define) -> None:
    ids: dict[str, str] = {}

    @action("people.ask")
    def ask(context: Context) -> Deferred:
        ids[context.token] = context.action_execution_id
        return context.defer()

    deferrals = Deferrals()
    working(ask, observer=deferrals)
    name = one_task("{action: people.ask}")

    def asked() -> tuple[str, str]:
        return client.start(name).id, deferrals.known.get(timeout=SECONDS)

    by_token, token = asked()
    client.complete(token, [1, "two"])
    assert client.result(by_token, timeout=SECONDS) == {"result": [1, "two"]}
    by_id, token = asked()
    client.complete(ids[token], {"approved": True})
    assert client.result(by_id, timeout=SECONDS) == {"result": {"approved": True}}
    with pytest.raises(ValueError, match="an object or nothing"):
        client.complete(ids[token], 1)
    for key in (lambda token: token, ids.__getitem__):
        failed, token = asked()
        client.fail(key(token), "no", type="Refused")
        with pytest.raises(ExecutionFailed, match="Refused"):
            client.result(failed, timeout=SECONDS)


def test_a_run_may_be_completed_before_the_mesh_has_recorded_that_it_is_deferred(
    client: Client, working: Working, one_task: Define
) -> None:
    class Sent(Observer):
        def __init__(self) -> None:
            self.tokens: queue.SimpleQueue[str] = queue.SimpleQueue()

        def sent(self, result: worker_pb2.AssignmentResult) -> None:
            self.tokens.put(result.token)

    @action("people.hasty")
    def ask(context: Context) -> Deferred:
        return context.defer()

    sent = Sent()
    working(ask, observer=sent)
    name = one_task("{action: people.hasty}")
    for number in range(20):
        execution = client.start(name).id
        client.complete(sent.tokens.get(timeout=SECONDS), number)
        assert client.result(execution, timeout=SECONDS) == {"result": number}
