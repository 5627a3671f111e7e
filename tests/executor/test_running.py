"""How actions are run: many at once, within their limits, and never to the harm of the executor."""

import asyncio
import threading
import time
from typing import Any

import pytest

from mistral.internal.v1 import envelope_pb2 as pb2
from mistral_executor.actions import ActionContext, ActionError, action


async def test_slow_actions_run_at_the_same_time(engine: Any, executor: Any):
    tasks = [engine.task("std.echo", {"output": number, "delay": 0.5}) for number in range(100)]
    begun = time.monotonic()

    await engine.give(*tasks)

    assert [await engine.result(task) for task in tasks] == [("SUCCESS", number) for number in range(100)]
    assert time.monotonic() - begun < 20


async def test_no_more_run_at_once_than_there_are_slots(engine: Any, start: Any, with_actions: Any):
    running = most = 0

    async def count() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1

    await start(with_actions(count=count), slots=3)
    tasks = [engine.task("count", {}) for _ in range(20)]

    for task in tasks:
        await engine.give(task)

    for task in tasks:
        assert await engine.result(task) == ("SUCCESS", None)
    assert most == 3


async def test_quick_actions_pass_the_slow_ones(engine: Any, start: Any):
    await start(slots=1)
    slow = engine.task("std.echo", {"output": 1, "delay": 2})
    await engine.give(slow)
    await asyncio.sleep(0.2)

    assert await engine.run("std.noop") == ("SUCCESS", None)
    assert (slow.action_id, 1) not in engine.results


async def test_a_blocking_action_blocks_nobody(engine: Any, start: Any, with_actions: Any):
    def block(seconds: float) -> str:
        time.sleep(seconds)
        return threading.current_thread().name

    await start(with_actions(block=block))
    tasks = [engine.task("block", {"seconds": 1.5}) for _ in range(10)]
    begun = time.monotonic()

    await engine.give(*tasks)

    assert await engine.run("std.noop") == ("SUCCESS", None)
    assert time.monotonic() - begun < 1.5
    assert [await engine.result(task) for task in tasks] == [("SUCCESS", "action")] * 10
    assert time.monotonic() - begun < 10


class Breaks:
    def __init__(self, how: str) -> None:
        self._how = how

    async def run(self) -> None:
        raise {
            "exit": SystemExit,
            "interrupt": KeyboardInterrupt,
            "error": ValueError,
            "cancel": asyncio.CancelledError,
        }[self._how]("because")


def break_in_thread() -> None:
    raise SystemExit(3)


@action(quick=True)
def break_at_once() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("how", ["exit", "interrupt", "error", "cancel"])
async def test_whatever_an_action_raises_is_its_error(engine: Any, start: Any, with_actions: Any, how: str):
    await start(with_actions(breaks=Breaks, thread=break_in_thread, once=break_at_once))

    outcome, error = await engine.run("breaks", {"how": how})

    assert outcome == "ERROR"
    assert "because" in error or how == "cancel"
    assert (await engine.run("thread"))[0] == "ERROR"
    assert (await engine.run("once"))[0] == "ERROR"
    assert await engine.run("std.noop") == ("SUCCESS", None)


async def test_an_error_may_have_data(engine: Any, start: Any, with_actions: Any):
    async def broken() -> None:
        raise ActionError({"code": 7})

    await start(with_actions(broken=broken))

    assert await engine.run("broken") == ("ERROR", {"code": 7})


@pytest.mark.parametrize("make", [object, lambda: {1: object()}, lambda: float, lambda: _circle(), lambda: "\ud800"])
async def test_a_result_that_is_no_json_is_an_error(engine: Any, start: Any, with_actions: Any, make: Any):
    async def give() -> Any:
        return make()

    await start(with_actions(give=give))

    outcome, error = await engine.run("give")

    assert outcome == "ERROR"
    assert error.startswith("The result is not JSON: ")


def _circle() -> list[Any]:
    circle: list[Any] = []
    circle.append(circle)
    return circle


async def test_a_result_above_the_limit_is_an_error(engine: Any, start: Any):
    await start(field_limit_kb=100)

    assert (await engine.run("std.echo", {"output": "x" * 102_000}))[0] == "SUCCESS"
    assert await engine.run("std.echo", {"output": "x" * 103_000}) == (
        "ERROR",
        "Field size limit exceeded [class=ActionExecution, field=output, size=101KB, limit=100KB]",
    )


async def test_the_context_says_where_the_action_belongs(engine: Any, start: Any, with_actions: Any):
    async def who(context: ActionContext) -> list[Any]:
        return [context.execution_id, context.task_id, context.action_id, context.attempt, context.index]

    await start(with_actions(who=who))
    task = engine.task("who", {}, execution_id="e", task_id="t", attempt=3, index=2)
    await engine.give(task)

    assert await engine.result(task) == ("SUCCESS", ["e", "t", task.action_id, 3, 2])


async def test_an_action_that_takes_too_long_is_an_error(engine: Any, executor: Any):
    begun = time.monotonic()

    assert await engine.run("std.sleep", {"seconds": 60}, timeout_seconds=0.3) == ("ERROR", "Timeout after 0.3 seconds")
    assert time.monotonic() - begun < 20


async def test_a_thread_that_takes_too_long_is_told(engine: Any, start: Any, with_actions: Any):
    told = threading.Event()

    def wait(context: ActionContext) -> None:
        if context.cancel.wait(30):
            told.set()

    await start(with_actions(wait=wait))

    assert (await engine.run("wait", {}, timeout_seconds=0.2))[0] == "ERROR"
    assert await asyncio.to_thread(told.wait, 5)


async def test_an_action_that_does_not_want_to_end_is_answered_all_the_same(engine: Any, start: Any, with_actions: Any):
    async def stubborn() -> str:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            await asyncio.sleep(0.5)
        return "too late"

    await start(with_actions(stubborn=stubborn))
    task = engine.task("stubborn", {}, timeout_seconds=0.1)
    await engine.give(task)

    assert await engine.result(task) == ("ERROR", "Timeout after 0.1 seconds")
    await asyncio.sleep(0.7)
    assert engine.counts[(task.action_id, 1)] == 1


async def test_a_cancelled_action_ends_at_once(engine: Any, start: Any, with_actions: Any):
    began, ended = asyncio.Event(), asyncio.Event()

    async def long() -> None:
        began.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    await start(with_actions(long=long))
    task = engine.task("long", {})
    await engine.give(task)
    await began.wait()

    cancel(engine, task)

    assert (await engine.result(task))[0] == "CANCELLED"
    await asyncio.wait_for(ended.wait(), 2)


async def test_an_action_cancelled_before_it_came_is_not_run(engine: Any, start: Any, with_actions: Any):
    runs = []

    async def mark() -> None:
        runs.append(1)

    await start(with_actions(mark=mark))
    task, other = engine.task("mark", {}), engine.task("std.noop")
    cancel(engine, task, other)
    await engine.bus.client.flush()
    await asyncio.sleep(0.2)

    await engine.give(task, other)

    assert (await engine.result(task))[0] == "CANCELLED"
    assert (await engine.result(other))[0] == "CANCELLED"
    assert runs == []


async def test_an_action_waiting_for_a_slot_can_be_cancelled(engine: Any, start: Any):
    await start(slots=1)
    first, second = engine.task("std.sleep", {"seconds": 2}), engine.task("std.sleep", {"seconds": 60})
    await engine.give(first, second)
    await asyncio.sleep(0.3)

    cancel(engine, second)

    assert (await engine.result(second, 1))[0] == "CANCELLED"
    assert (await engine.result(first))[0] == "SUCCESS"


async def test_garbage_in_the_queue_stops_nobody(engine: Any, executor: Any):
    await engine.bus.publish(f"mistral.tasks.{engine.queue}.normal", b"\xff\xff garbage")
    broken = engine.task("std.echo")
    broken.input = b"[1, 2"

    await engine.give(broken)

    assert (await engine.result(broken))[0] == "REFUSED"
    assert await engine.run("std.noop") == ("SUCCESS", None)


def cancel(engine: Any, *tasks: pb2.ActionTask) -> None:
    attempts = [pb2.Attempt(action_id=task.action_id, attempt=task.attempt) for task in tasks]
    engine.bus.send("mistral.executors.cancel", pb2.CancelEnvelope(attempts=attempts).SerializeToString())
