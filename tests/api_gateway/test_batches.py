"""Coalescing: what is asked for while a call is under way travels in the next one."""

import asyncio

import pytest

from mistral_api_gateway.operations.batches import Batches


class Calls:
    """Answers each item with itself and keeps the batches; waits at the gate."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()

    async def __call__(self, items):
        self.batches.append(list(items))
        await self.gate.wait()
        return [ValueError(item) if item < 0 else item for item in items]


async def test_items_asked_for_during_a_call_go_together():
    calls = Calls()
    batches = Batches(calls, most=10)
    first = asyncio.ensure_future(batches.ask(0))
    await asyncio.sleep(0.01)
    others = [asyncio.ensure_future(batches.ask(number)) for number in range(1, 15)]
    await asyncio.sleep(0.01)

    calls.gate.set()

    assert await asyncio.gather(first, *others) == list(range(15))
    assert calls.batches == [[0], list(range(1, 11)), list(range(11, 15))]


async def test_one_refusal_does_not_touch_the_others():
    calls = Calls()
    calls.gate.set()
    batches = Batches(calls, most=10)

    good, bad = await asyncio.gather(batches.ask(1), batches.ask(-1), return_exceptions=True)

    assert good == 1
    assert isinstance(bad, ValueError)


async def test_a_failed_call_fails_its_batch_and_the_next_goes_on():
    failures = [OSError("away")]

    async def call(items):
        if failures:
            raise failures.pop()
        return items

    batches = Batches(call, most=10)

    with pytest.raises(OSError, match="away"):
        await batches.ask(1)
    assert await batches.ask(2) == 2


async def test_heavy_items_travel_apart():
    calls = Calls()
    batches = Batches(calls, most=10, weight=lambda item: item, most_weight=100)
    calls.gate.set()

    await asyncio.gather(*(batches.ask(weight) for weight in (60, 60, 40, 500, 1)))

    assert calls.batches == [[60], [60, 40], [500], [1]]


async def test_an_asker_that_left_is_not_asked_for():
    calls = Calls()
    batches = Batches(calls, most=10)
    first = asyncio.ensure_future(batches.ask(0))
    await asyncio.sleep(0.01)
    gone, stays = asyncio.ensure_future(batches.ask(1)), asyncio.ensure_future(batches.ask(2))
    await asyncio.sleep(0)
    gone.cancel()
    calls.gate.set()

    assert await first == 0
    assert await stays == 2
    assert calls.batches == [[0], [2]]
