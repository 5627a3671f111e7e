"""Expressions in processes of their own, within time and memory, in turns."""

import asyncio
import os
import signal
import time
from typing import Any

import psutil
import pytest

from mistral_core.errors import ExpressionFailed
from mistral_core.expressions import Scope, evaluate
from mistral_core.machine.surroundings import MoreFactsNeeded
from mistral_runtime.expressions import (
    Evaluators,
    Known,
    NotYet,
    remembering,
)
from mistral_runtime.expressions.turns import Turns
from tests.runtime.expressions.guarded import ENDLESS, Facts, awaited, evaluators


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<% $.l.slice(2) %>", [[1, 2], [3]]),
        ("<% $.l.slice(2) %> and <% $.a %>", "[[1, 2], [3]] and x"),
        ("<% env().items().groupBy($[0]) %>", [["region", [["region", "north"]]]]),
        ("<% [task().name, task(t).result.y, execution().id].slice(3) %>", [["me", 5, "e-1"]]),
        ("<% now() %>", "2026-03-04T05:06:07.000089+00:00"),
        ("<% executions(state => ERROR).slice(1) %>", [[{"filters": {"state": "ERROR"}}]]),
        ("{{ _.l | map('string') | list }}", ["1", "2", "3"]),
        ("{% set x = _.a %}{{ x }}{{ task('t').result.y }}", "x5"),
        ("{{ {'big': 2 ** 100, 'text': 'ł\ud800'} }}", {"big": 2**100, "text": "ł\ud800"}),
    ],
)
async def test_values_come_back_as_they_are(text: str, value: Any, outside: Evaluators) -> None:
    assert await awaited(text, l=[1, 2, 3], a="x") == value
    assert len(outside.pids) == 1


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("<% $.nope.slice(1) %>", "YAQL expression [expression=$.nope.slice(1), error='nope']"),
        ("<% global(x) and [].slice(1) %>", "[expression=global(x) and [].slice(1), error=no '...' here]"),
        ("{{ nope() | map('x') }}", "Jinja expression [expression=nope() | map('x'), error='nope' is undefined]"),
        ("{% set x = nope %}{{ x.y }}", "[expression={% set x = nope %}{{ x.y }}, error='nope' is undefined]"),
    ],
)
async def test_failures_are_those_of_the_expression(text: str, error: str, outside: Evaluators) -> None:
    with pytest.raises(ExpressionFailed) as failure:
        await awaited(text)

    assert error in str(failure.value)


async def test_what_takes_too_long_is_killed_and_the_next_is_served() -> None:
    async with evaluators(seconds=0.4) as found:
        await awaited("<% [1].slice(1) %>")
        (before,) = found.pids
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.02)
                ticks += 1

        ticking = asyncio.create_task(tick())
        with pytest.raises(ExpressionFailed, match=r"it takes longer than 0\.4 seconds"):
            await awaited(ENDLESS)
        ticking.cancel()

        # Nothing stood still meanwhile.
        assert ticks > 5
        assert await awaited("<% [1].slice(1) %>") == [[1]]
        assert before not in found.pids
    await gone(before)


async def gone(pid: int) -> None:
    async with asyncio.timeout(10):
        while psutil.pid_exists(pid):  # noqa: ASYNC110 (nobody tells)
            await asyncio.sleep(0.02)


async def test_memory_is_bounded() -> None:
    async with evaluators(seconds=20, memory=64) as found:
        with pytest.raises(ExpressionFailed, match="too much memory"):
            await awaited(
                "{% set d = {} %}{% for i in range(99999) %}"
                "{% for j in range(99) %}{% set _x = d.update({i ~ j: 'a' * 99999}) %}{% endfor %}{% endfor %}"
            )
        assert await awaited("<% [1].slice(1) %>") == [[1]]
        assert all(psutil.Process(pid).memory_info().rss < 200e6 for pid in found.pids)


async def test_a_process_that_was_killed_while_idle_is_not_missed(outside: Evaluators) -> None:
    await awaited("<% [1].slice(1) %>")
    (before,) = outside.pids
    os.kill(before, signal.SIGKILL)
    await asyncio.sleep(0.05)

    assert await awaited("<% [1].slice(1) %>") == [[1]]
    assert before not in outside.pids


async def test_processes_have_no_secrets_and_end_with_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISTRAL_DATABASE_URL", "postgresql://secret")
    async with evaluators() as found:
        await awaited("<% [1].slice(1) %>")
        (pid,) = found.pids
        assert not [name for name in psutil.Process(pid).environ() if name.startswith("MISTRAL_")]
    await gone(pid)


async def test_what_breaks_off_a_decision_passes_and_leaves_the_process_free(outside: Evaluators) -> None:
    facts = Facts()
    for text in ("<% tasks(x).slice(1) %>", "<% range(2000).len() and tasks(x).slice(1) %>"):
        with pytest.raises(MoreFactsNeeded):
            await awaited(text, facts)
    facts.answers["tasks"] = [{"name": "t"}]

    assert await awaited("<% tasks(x).slice(1) %>", facts) == [[{"name": "t"}]]
    assert len(outside.pids) == 1


async def test_an_outcome_counts_only_while_the_facts_are_the_same(outside: Evaluators) -> None:
    known: Known = {}
    text = "<% range(1500).where($ < 0).len() + tasks(x).slice(1).len() %>"
    facts = Facts()
    facts.answers["tasks"] = [1]
    with pytest.raises(NotYet) as wait:
        evaluate(text, Scope([], facts))
    await wait.value.into(known)
    with remembering(known):
        assert evaluate(text, Scope([], facts)) == 1
        facts.answers["tasks"] = []
        with pytest.raises(NotYet):
            evaluate(text, Scope([], facts))


async def test_one_owner_does_not_hold_up_another() -> None:
    async with evaluators(seconds=1.0, processes=2):
        hostile = [asyncio.create_task(awaited(ENDLESS, owner="mallory", i=i)) for i in range(4)]
        await asyncio.sleep(0.1)
        await awaited("<% [1].slice(1) %>", owner="alice")
        began = time.monotonic()
        for _ in range(5):
            assert await awaited("<% [1].slice(1) %>", owner="alice") == [[1]]
        took = time.monotonic() - began
        assert not all(each.done() for each in hostile)
        assert took < 1
        for each in hostile:
            with pytest.raises(ExpressionFailed):
                await each


async def test_everybody_has_a_turn() -> None:
    turns = Turns(1)
    order: list[str] = []
    for owner in "aaabbc":
        turns.wait(owner).add_done_callback(lambda _, owner=owner: order.append(owner))
    while len(order) < 6:
        before = len(order)
        turns.grant(lambda: True)
        await asyncio.sleep(0)
        for owner in order[before:]:
            turns.end(owner)

    assert "".join(order) == "abcaba"
