"""Who goes first when all slots are taken: the urgent, but never so that others wait for ever."""

import asyncio
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mistral_core.priority import Priority
from mistral_executor.turns import MOST_AHEAD, Turns
from mistral_runtime.bus import PullConsumer

HIGH, NORMAL, LOW = range(3)


@given(st.lists(st.integers(0, 2), max_size=200))
def test_within_a_priority_the_oldest_is_first_and_nobody_is_lost(ranks: list[int]) -> None:
    turns: Turns[tuple[int, int]] = Turns()
    for number, rank in enumerate(ranks):
        turns.add((rank, number), rank)

    taken = [item for item in iter(turns.next, None) if item is not None]

    for rank in (HIGH, NORMAL, LOW):
        line = [number for each, number in enumerate(ranks) if number == rank]
        assert len([item for item in taken if item[0] == rank]) == len(line)
        assert [number for each, number in taken if each == rank] == sorted(n for r, n in taken if r == rank)
    assert not turns


def test_the_urgent_goes_first_and_the_others_have_their_share() -> None:
    turns: Turns[str] = Turns()
    for rank, name in ((LOW, "low"), (NORMAL, "normal"), (HIGH, "high")):
        for _ in range(100):
            turns.add(name, rank)

    taken = [turns.next() for _ in range(100)]

    assert taken[:MOST_AHEAD] == ["high"] * MOST_AHEAD
    assert taken.count("high") > 70
    # Nobody waits longer than until each lower priority had its turn after so many others.
    for name in ("normal", "low"):
        at = [-1, *(position for position, each in enumerate(taken) if each == name)]
        assert max(later - before for before, later in pairwise(at)) <= MOST_AHEAD + 3


def test_a_lower_priority_without_anybody_waiting_is_owed_a_turn() -> None:
    turns: Turns[int] = Turns()
    for number in range(MOST_AHEAD):
        turns.add(number, HIGH)
        assert turns.owed() == [HIGH]
        turns.next()

    assert turns.owed() == [HIGH, NORMAL, LOW]
    assert turns.owed() == [HIGH]


async def test_an_urgent_action_passes_a_backlog(engine: Any, start: Any, with_actions: Any):
    order: list[str] = []
    gate = asyncio.Event()

    async def held(name: str) -> None:
        await gate.wait()
        order.append(name)

    await start(with_actions(held=held), slots=1)
    usual = [engine.task("held", {"name": f"usual {number}"}) for number in range(100)]
    for task in usual:
        await engine.give(task)
    low, urgent = engine.task("held", {"name": "low"}), engine.task("held", {"name": "urgent"})
    await engine.give(low, priority="low")
    await engine.give(urgent, priority="high")
    gate.set()

    assert (await engine.result(urgent))[0] == "SUCCESS"
    assert order.index("urgent") < 40
    for task in (*usual, low):
        assert (await engine.result(task))[0] == "SUCCESS"


async def test_usual_actions_are_not_starved_by_urgent_ones(engine: Any, start: Any, with_actions: Any):
    begun: list[str] = []

    async def work(name: str) -> None:
        begun.append(name)
        await asyncio.sleep(0.002)

    await start(with_actions(work=work), slots=1)
    urgent = [engine.task("work", {"name": "urgent"}) for _ in range(300)]
    usual, low = engine.task("work", {"name": "usual"}), engine.task("work", {"name": "low"})
    for task in urgent[:100]:
        await engine.give(task, priority="high")
    await engine.give(usual)
    await engine.give(low, priority="low")
    for task in urgent[100:]:
        await engine.give(task, priority="high")

    for task in (*urgent, usual, low):
        assert (await engine.result(task, seconds=30))[0] == "SUCCESS"
    assert begun.index("usual") < 290
    assert begun.index("low") < 290


async def test_a_queue_from_before_there_were_priorities_is_taken_over(engine: Any, start: Any):
    subjects = (f"mistral.tasks.{engine.queue}.*",)
    old = PullConsumer(
        engine.bus, "TASKS", f"executors_{engine.queue}", subjects, ack_wait_seconds=4, max_ack_pending=16
    )
    await old.start()
    await old.stop()

    await start()

    tasks = {priority: engine.task("std.echo", {"output": priority}) for priority in Priority}
    for priority, task in tasks.items():
        await engine.give(task, priority=priority)
    for priority, task in tasks.items():
        assert await engine.result(task) == ("SUCCESS", priority)
