"""What comes a second time: run again only if that does no harm, and never while somebody still has it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from mistral.internal.v1 import envelope_pb2 as pb2
from mistral_executor.actions import action
from mistral_runtime.bus import Message, PullConsumer


class Runs:
    """Actions that count their runs."""

    def __init__(self) -> None:
        self.harmless = self.harmful = 0
        self.release = asyncio.Event()

    def registry(self, with_actions: Any) -> Any:
        @action(idempotent=True)
        async def harmless() -> str:
            self.harmless += 1
            return "done"

        async def harmful() -> str:
            self.harmful += 1
            return "done"

        async def held() -> str:
            self.harmful += 1
            await self.release.wait()
            return "done"

        return with_actions(harmless=harmless, harmful=harmful, held=held)


@pytest.fixture
def runs() -> Runs:
    return Runs()


@asynccontextmanager
async def taken_and_lost(engine: Any) -> AsyncIterator[None]:
    """An executor takes what was given so far, and is gone."""
    name, subject = f"executors_{engine.queue}", f"mistral.tasks.{engine.queue}.normal"
    consumer = PullConsumer(engine.bus, "TASKS", name, (subject,), ack_wait_seconds=4, max_ack_pending=16_384)
    await consumer.start()
    deliveries = await consumer.take(10)
    await consumer.stop()
    for delivery in deliveries:
        delivery.nak()
    yield


async def test_what_is_idempotent_runs_again(engine: Any, start: Any, with_actions: Any, runs: Runs):
    tasks = [engine.task("harmless", {}), engine.task("std.noop"), engine.task("harmful", {}, safe_rerun=True)]
    await engine.give(*tasks)

    async with taken_and_lost(engine):
        await start(runs.registry(with_actions))

    assert [(await engine.result(task))[0] for task in tasks] == ["SUCCESS"] * 3
    assert (runs.harmless, runs.harmful) == (1, 1)


async def test_what_must_not_run_twice_is_lost(engine: Any, start: Any, with_actions: Any, runs: Runs):
    task, other = engine.task("harmful", {}), engine.task("no.such")
    await engine.give(task, other)

    async with taken_and_lost(engine):
        await start(runs.registry(with_actions))

    assert (await engine.result(task))[0] == "LOST"
    assert (await engine.result(other))[0] == "REFUSED"
    assert runs.harmful == 0


async def test_what_somebody_may_have_begun_is_as_if_it_came_again(
    engine: Any, start: Any, with_actions: Any, runs: Runs
):
    harmless, harmful = engine.task("harmless", {}), engine.task("harmful", {})
    await start(runs.registry(with_actions))

    await engine.give(harmless, harmful, doubtful=True)

    assert [(await engine.result(task))[0] for task in (harmless, harmful)] == ["SUCCESS", "LOST"]
    assert (runs.harmless, runs.harmful) == (1, 0)


async def test_what_another_executor_has_is_left_to_it(engine: Any, start: Any, with_actions: Any, runs: Runs):
    task = engine.task("harmful", {})
    await engine.give(task)

    async def answer(message: Message) -> None:
        message.respond(pb2.CensusReply(held=pb2.CensusRequest.FromString(message.data).attempts).SerializeToString())

    subscription = await engine.bus.subscribe("mistral.executors.census", answer)
    async with taken_and_lost(engine):
        await start(runs.registry(with_actions))
        await asyncio.sleep(1)

    assert engine.results == {}
    assert runs.harmful == 0
    await subscription.unsubscribe()
    # The other one is gone without a word, so the bus delivers it once more.
    assert (await engine.result(task, 8))[0] == "LOST"


async def test_what_is_in_hand_is_not_begun_again(engine: Any, start: Any, with_actions: Any, runs: Runs):
    await start(runs.registry(with_actions))
    task = engine.task("held", {})

    await engine.give(task)
    await engine.give(task)
    await asyncio.sleep(0.3)
    runs.release.set()

    assert await engine.result(task) == ("SUCCESS", "done")
    await asyncio.sleep(0.2)
    assert engine.counts == {(task.action_id, 1): 1}
    assert runs.harmful == 1


async def test_what_has_ended_is_answered_from_memory(engine: Any, start: Any, with_actions: Any, runs: Runs):
    await start(runs.registry(with_actions))
    task = engine.task("harmful", {})
    await engine.give(task)
    await engine.result(task)
    await asyncio.sleep(0.1)

    await engine.give(task)
    await until(lambda: engine.counts[(task.action_id, 1)] == 2)

    assert runs.harmful == 1


async def test_a_long_action_keeps_its_lease(engine: Any, start: Any, with_actions: Any, runs: Runs):
    registry = runs.registry(with_actions)
    await start(registry)
    await start(registry)
    task = engine.task("held", {})

    await engine.give(task)
    await asyncio.sleep(6)
    runs.release.set()

    assert await engine.result(task) == ("SUCCESS", "done")
    assert runs.harmful == 1


@pytest.mark.parametrize(("safe", "outcome", "requests"), [(False, "LOST", 1), (True, "SUCCESS", 2)])
async def test_a_killed_executor_is_noticed_within_seconds(
    engine: Any, process: Any, nats: str, site: Any, safe: bool, outcome: str, requests: int
):
    first = process(engine.queue)
    task = engine.task("std.http", {"url": f"{site.base}/slow?s=4"}, safe_rerun=safe)
    noops = [engine.task("std.noop") for _ in range(20)]
    await engine.give(task, *noops)
    await until(lambda: len(site.seen) == 1, 20)
    process(engine.queue)

    first.kill()
    killed = time.monotonic()

    for noop in noops:
        assert (await engine.result(noop))[0] == "SUCCESS"
    assert (await engine.result(task, 20))[0] == outcome
    if not safe:
        assert time.monotonic() - killed < 8
    assert len(site.seen) == requests


async def test_results_the_bus_lost_are_sent_again(nats_server: Any, new_engine: Any, start_at: Any, tmp_path: Path):
    _, url = nats_server()
    async with new_engine(url) as engine, start_at(url, engine.queue):
        task = engine.task("std.echo", {"output": "kept"})
        await engine.give(task)
        assert await engine.result(task) == ("SUCCESS", "kept")
        engine.results.clear()

        await engine.bus.client.jetstream().delete_stream("ENGINE")

        assert await engine.result(task) == ("SUCCESS", "kept")


async def test_a_lost_queue_is_looked_into(
    nats_server: Any, new_engine: Any, start_at: Any, with_actions: Any, runs: Runs
):
    """The engine publishes everything open anew, also what another executor still runs."""
    _, url = nats_server()
    registry = runs.registry(with_actions)
    async with new_engine(url) as engine, start_at(url, engine.queue, registry), start_at(url, engine.queue, registry):
        tasks = [engine.task("held", {}) for _ in range(6)]
        for task in tasks:
            await engine.give(task)
        await until(lambda: runs.harmful == 6)

        await engine.bus.client.jetstream().delete_stream("TASKS")
        await asyncio.sleep(2.5)
        for task in tasks:
            await engine.give(task)
        await asyncio.sleep(1)
        runs.release.set()

        for task in tasks:
            assert await engine.result(task) == ("SUCCESS", "done")
        assert runs.harmful == 6


async def until(holds: Callable[[], bool], seconds: float = 10) -> None:
    for _ in range(int(seconds / 0.02)):
        if holds():
            return
        await asyncio.sleep(0.02)
    pytest.fail("it does not come about")
