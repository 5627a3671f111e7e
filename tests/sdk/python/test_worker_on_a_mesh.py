"""A worker of the SDK and a real mesh."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import mistral_sdk
from mistral_mesh import MeshStatus
from mistral_sdk import (
    AesGcm,
    Client,
    Context,
    ExecutionFailed,
    Failure,
    Observer,
    State,
    Worker,
    WorkerReplaced,
    action,
)
from tests.sdk.python.conftest import LEASE_SECONDS

SECONDS = 60
Define = Callable[..., str]
Working = Callable[..., Worker]


@action("kinds.thread")
def in_thread(n: int) -> list[Any]:
    return [n, threading.current_thread().name.startswith("mistral-action")]


@action("kinds.loop")
async def in_loop(n: int) -> list[Any]:
    await asyncio.sleep(0)
    return [n, asyncio.get_running_loop().is_running()]


@action("kinds.light", inline=True)
def light(n: int) -> list[Any]:
    return [n, True]


@action("kinds.light_safe", inline=True, safe_rerun=True)
def light_safe(n: int) -> list[Any]:
    return [n, True]


@pytest.mark.parametrize("kind", ["thread", "loop", "light", "light_safe"])
def test_each_kind_of_handler_runs_many_at_a_time(
    kind: str, client: Client, working: Working, one_task: Define
) -> None:
    working(in_thread, in_loop, light, light_safe, slots=7)
    name = one_task(f"{{with-items: i in <% range(50).toList() %>, action: kinds.{kind} n=<% $.i %>}}")
    assert client.run(name, timeout=SECONDS) == {"result": [[n, True] for n in range(50)]}


def test_an_error_of_a_handler_is_the_error_of_the_task(client: Client, working: Working, one_task: Define) -> None:
    @action("cards.charge")
    def charge() -> None:
        raise Failure("no money", type="CardDeclined", details={"code": 51}, permanent=True)

    working(charge)
    with pytest.raises(ExecutionFailed) as raised:
        client.run(one_task("{action: cards.charge, retry: {count: 5, delay: 30}}"), timeout=SECONDS)
    wanted = {"type": "CardDeclined", "message": "no money", "details": {"code": 51}}
    assert str(wanted) in str(raised.value)


def test_what_does_not_fit_the_schema_never_reaches_the_handler(
    client: Client, working: Working, one_task: Define
) -> None:
    called = threading.Event()

    @action("images.resize")
    def resize(width: int) -> None:
        called.set()

    working(resize)
    with pytest.raises(ExecutionFailed) as raised:
        client.run(one_task("{action: images.resize width=wide}"), timeout=SECONDS)
    assert "width" in str(raised.value)
    assert not called.is_set()


def test_a_cancelled_execution_interrupts_its_handlers(client: Client, working: Working, one_task: Define) -> None:
    begun, ended = threading.Barrier(3), threading.Barrier(3)

    @action("long.loop")
    async def loop(context: Context) -> None:
        try:
            await asyncio.to_thread(begun.wait, SECONDS)
            await asyncio.sleep(SECONDS)
        finally:
            await asyncio.to_thread(ended.wait, SECONDS)

    @action("long.thread")
    def thread(context: Context) -> None:
        begun.wait(SECONDS)
        try:
            context.sleep(SECONDS)
        finally:
            ended.wait(SECONDS)

    working(loop, thread)
    executions = [client.start(one_task(f"{{action: long.{kind}}}")).id for kind in ("loop", "thread")]
    begun.wait(SECONDS)
    for id in executions:
        assert client.cancel(id, "enough").state == State.CANCELLED
    ended.wait(SECONDS)


def test_a_handler_that_blocks_the_loop_keeps_its_lease(client: Client, working: Working, one_task: Define) -> None:
    @action("rude.block")
    async def block() -> str:
        time.sleep(2 * LEASE_SECONDS)  # noqa: ASYNC251 - that is what is tried
        return "done"

    working(block)
    assert client.run(one_task("{action: rude.block}"), timeout=SECONDS) == {"result": "done"}


def test_marked_values_are_never_seen_by_the_mesh(client: Client, working: Working, one_task: Define) -> None:
    codec = AesGcm({"k": bytes(range(32))})
    mesh = Client(client.connection.address, codec=codec)

    @action("vault.store", encrypt=["secret"])
    def store(secret: str) -> dict[str, Any]:
        return {"secret": secret, "length": len(secret)}

    working(store, codec=codec)
    name = one_task("{action: vault.store secret=<% $.given.secret %>}")
    with mesh:
        started = mesh.start(name, {"given": {"secret": "attack at dawn"}}, encrypt=["given.secret"])
        assert mesh.result(started.id, timeout=SECONDS) == {"result": {"secret": "attack at dawn", "length": 14}}
    seen = client.get(started.id)
    assert "attack" not in f"{seen.input} {seen.output}"
    assert seen.output["result"]["length"] == 14


def test_a_marked_result_needs_a_codec(workers_mesh: MeshStatus) -> None:
    @action("vault.open", encrypt=["secret"])
    def store(secret: str) -> dict[str, Any]:
        return {"secret": secret}

    worker = Worker(workers_mesh.grpc_address, actions=[store])
    with pytest.raises(ValueError, match=r"vault\.open marks values"):
        worker.run()


def test_a_stopped_worker_finishes_what_runs(client: Client, working: Working, one_task: Define) -> None:
    begun, go = threading.Event(), threading.Event()

    @action("slow.finish")
    def finish() -> str:
        begun.set()
        assert go.wait(SECONDS)
        return "finished"

    worker = working(finish, drain_seconds=SECONDS)
    running = client.start(one_task("{action: slow.finish}")).id
    assert begun.wait(SECONDS)
    worker.stop()
    go.set()
    assert client.result(running, timeout=SECONDS) == {"result": "finished"}


async def test_what_is_not_done_in_time_is_left_to_others(
    workers_mesh: MeshStatus, client: Client, working: Working, one_task: Define
) -> None:
    begun = asyncio.Event()

    @action("slow.left", safe_rerun=True)
    async def stuck() -> None:
        begun.set()
        await asyncio.sleep(SECONDS)

    @action("slow.left", safe_rerun=True)
    def taken() -> str:
        return "by another"

    first = Worker(workers_mesh.grpc_address, actions=[stuck], id="left-1")
    serving = asyncio.create_task(first.serve())
    assert await asyncio.to_thread(first.wait_ready, SECONDS)
    name = await asyncio.to_thread(one_task, "{action: slow.left}")
    execution = await asyncio.to_thread(client.start, name)
    await begun.wait()
    first.stop(0)
    await serving
    await asyncio.to_thread(working, taken)
    result = await asyncio.to_thread(client.result, execution.id, timeout=SECONDS)
    assert result == {"result": "by another"}


async def test_a_second_process_of_the_same_name_takes_over(workers_mesh: MeshStatus) -> None:
    first, second = (Worker(workers_mesh.grpc_address, actions=[light], id="same") for _ in range(2))
    serving = asyncio.create_task(first.serve())
    assert await asyncio.to_thread(first.wait_ready, SECONDS)
    other = asyncio.create_task(second.serve())
    with pytest.raises(WorkerReplaced, match="same"):
        await asyncio.wait_for(serving, SECONDS)
    second.stop()
    await other


def test_several_workers_share_a_process(client: Client, working: Working, one_task: Define) -> None:
    seen: list[str] = []

    class Counting(Observer):
        def __init__(self, name: str) -> None:
            self.name = name

        def recorded(self, token: str) -> None:
            seen.append(self.name)

    barrier = threading.Barrier(2)

    @action("shared.meet")
    def meet() -> None:
        barrier.wait(SECONDS)

    for name in ("one", "two"):
        working(meet, slots=1, observer=Counting(name))
    client.run(one_task("{with-items: i in <% range(2).toList() %>, action: shared.meet}"), timeout=SECONDS)
    _until(lambda: sorted(seen) == ["one", "two"])


def test_a_worker_without_actions_says_so(workers_mesh: MeshStatus) -> None:
    with pytest.raises(ValueError, match="offers no action"):
        mistral_sdk.run(Worker(workers_mesh.grpc_address))


def test_two_actions_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match=r"two actions are named kinds\.light"):
        Worker(actions=[light, light])


def _until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


def test_a_worker_with_nothing_to_do_ends_if_it_shall(
    workers_mesh: MeshStatus, client: Client, one_task: Define
) -> None:
    @action("brief.work")
    def work(seconds: float) -> None:
        time.sleep(seconds)

    worker = Worker(workers_mesh.grpc_address, actions=[work], id="brief", idle_seconds=10)
    serving = threading.Thread(target=lambda: asyncio.run(worker.serve()))
    serving.start()
    assert worker.wait_ready(SECONDS)

    ended = client.run(one_task("{action: brief.work seconds=12}"), timeout=SECONDS)
    serving.join(SECONDS)

    assert ended is not None
    assert not serving.is_alive()
