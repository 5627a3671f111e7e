"""Answers about callers that are kept for a while: found once, not for longer than they hold, not without bound."""

import asyncio

import pytest

from mistral_api_gateway.access.remembered import Remembered


class Source:
    """Where answers come from: counts how often it is asked, and answers when it is let."""

    def __init__(self) -> None:
        self.asked = 0
        self.let = asyncio.Event()
        self.let.set()
        self.ill = False

    async def find(self) -> tuple[int, float]:
        self.asked += 1
        answer = self.asked
        await self.let.wait()
        if self.ill:
            raise ConnectionError
        return answer, 10.0


@pytest.fixture
def source() -> Source:
    return Source()


async def test_an_answer_is_found_again_only_when_it_no_longer_holds(source):
    now = 0.0
    kept: Remembered[int] = Remembered(clock=lambda: now)
    assert [await kept.get("a", source.find) for _ in range(3)] == [1, 1, 1]
    now = 10.0
    assert await kept.get("a", source.find) == 2


async def test_who_asks_at_the_same_time_waits_for_the_same_answer(source):
    kept: Remembered[int] = Remembered()
    source.let.clear()
    waiting = [asyncio.create_task(kept.get("a", source.find)) for _ in range(5)]
    await asyncio.sleep(0)
    waiting.pop(0).cancel()
    await asyncio.sleep(0)
    source.let.set()
    assert await asyncio.gather(*waiting) == [1, 1, 1, 1]


async def test_a_failure_is_told_and_not_kept(source):
    kept: Remembered[int] = Remembered()
    source.ill = True
    with pytest.raises(ConnectionError):
        await kept.get("a", source.find)
    source.ill = False
    assert await kept.get("a", source.find) == 2


async def test_what_was_asked_least_recently_goes_first(source):
    kept: Remembered[int] = Remembered(most=2)
    for key in ("a", "b", "a", "c"):
        await kept.get(key, source.find)
    assert (await kept.get("a", source.find), await kept.get("b", source.find)) == (1, 4)


async def test_what_is_forgotten_while_it_is_being_found_is_not_kept(source):
    kept: Remembered[int] = Remembered()
    source.let.clear()
    before = asyncio.create_task(kept.get("a", source.find))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    kept.forget()
    after = asyncio.create_task(kept.get("a", source.find))
    await asyncio.sleep(0)
    source.let.set()
    assert (await before, await after) == (1, 2)
    assert await kept.get("a", source.find) == 2
