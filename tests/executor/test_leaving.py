"""Leaving in good order: nothing is lost, and others go on with what has not begun."""

import asyncio
import signal
import time
from typing import Any

import pytest

from mistral.internal.v1 import envelope_pb2 as pb2
from mistral_runtime.bus import Message


async def test_what_runs_is_finished_first(engine: Any, start: Any):
    stack = await start()
    task = engine.task("std.echo", {"output": 1, "delay": 1})
    await engine.give(task)
    await asyncio.sleep(0.3)

    await stack.aclose()

    assert await engine.result(task, 1) == ("SUCCESS", 1)


async def test_what_has_not_begun_goes_to_another_executor(engine: Any, start: Any, with_actions: Any):
    runs: list[int] = []

    async def once(number: int) -> int:
        runs.append(number)
        await asyncio.sleep(0.5)
        return number

    registry = with_actions(once=once)
    stack = await start(registry, slots=2)
    tasks = [engine.task("once", {"number": number}) for number in range(12)]
    for task in tasks[:6]:
        await engine.give(task)
    await engine.give(*tasks[6:])
    await asyncio.sleep(0.3)
    begun = list(runs)

    leaving = asyncio.create_task(stack.aclose())
    await start(registry)

    assert [await engine.result(task) for task in tasks] == [("SUCCESS", number) for number in range(12)]
    await leaving
    assert len(begun) == 2
    assert sorted(runs) == list(range(12))


async def test_what_does_not_end_in_time_is_handed_over_at_once(engine: Any, start: Any, with_actions: Any):
    async def forever() -> None:
        await asyncio.sleep(3600)

    registry = with_actions(forever=forever)
    stack = await start(registry, drain_seconds=0.3)
    harmful, harmless = engine.task("forever", {}), engine.task("std.sleep", {"seconds": 2})
    await engine.give(harmful, harmless)
    await asyncio.sleep(0.3)

    begun = time.monotonic()
    await stack.aclose()
    assert time.monotonic() - begun < 4
    await start(registry)

    assert (await engine.result(harmful, 3.5))[0] == "LOST"
    assert (await engine.result(harmless))[0] == "SUCCESS"


async def test_heartbeats_say_that_it_leaves(engine: Any, start: Any):
    beats: list[pb2.ExecutorHeartbeat] = []

    async def hear(message: Message) -> None:
        beat = pb2.ExecutorHeartbeat.FromString(message.data)
        if engine.queue in beat.queues:
            beats.append(beat)

    await engine.bus.subscribe("mistral.executors.heartbeat", hear)
    stack = await start()
    await engine.give(engine.task("std.sleep", {"seconds": 2}))
    await asyncio.sleep(1.5)

    await stack.aclose()
    await engine.bus.client.flush()
    await asyncio.sleep(0.1)

    assert len({beat.instance for beat in beats}) == 1
    assert beats[0].address == f"127.0.0.1:{stack.port}"
    assert not beats[0].leaving
    assert {beat.running for beat in beats if not beat.leaving} == {0, 1}
    assert beats[-1].leaving
    assert len([beat for beat in beats if beat.leaving]) >= 2


async def test_a_process_that_is_told_to_stop_finishes_its_work(engine: Any, process: Any):
    executor = process(engine.queue)
    assert (await engine.run("std.noop"))[0] == "SUCCESS"
    task = engine.task("std.echo", {"output": 1, "delay": 1})
    await engine.give(task)
    await asyncio.sleep(0.3)

    executor.send_signal(signal.SIGTERM)

    assert await engine.result(task) == ("SUCCESS", 1)
    assert await asyncio.to_thread(executor.wait, 5) == 0


@pytest.mark.parametrize("gone", [False, True])
async def test_a_census_finds_what_is_in_hand(engine: Any, executor: Any, gone: bool):
    task = engine.task("std.sleep", {"seconds": 1})
    await engine.give(task)
    await asyncio.sleep(0.3)
    wanted = [pb2.Attempt(action_id=task.action_id, attempt=2 if gone else 1)]

    answers = await engine.bus.request_all(
        "mistral.executors.census", pb2.CensusRequest(attempts=wanted).SerializeToString(), 1.0
    )

    replies = [pb2.CensusReply.FromString(answer) for answer in answers]
    assert [list(reply.held) for reply in replies] == [[] if gone else wanted]
    assert replies[0].instance


async def test_a_census_for_a_result_that_got_lost_brings_it_again(engine: Any, executor: Any):
    task = engine.task("std.echo", {"output": "kept"})
    await engine.give(task)
    await engine.result(task)
    await asyncio.sleep(0.1)
    wanted = [pb2.Attempt(action_id=task.action_id, attempt=1)]
    engine.results.clear()

    answers = await engine.bus.request_all(
        "mistral.executors.census", pb2.CensusRequest(attempts=wanted).SerializeToString(), 1.0
    )

    assert list(pb2.CensusReply.FromString(answers[0]).held) == wanted
    assert await engine.result(task) == ("SUCCESS", "kept")
