"""Actions that need no executor: answered in the commit that asks for them, as an executor would have answered."""

import asyncio
import json
from typing import Any

import pytest

from mistral.internal.v1 import engine_service_pb2 as pb

CHAIN = """
version: '2.0'
chain:
  input: [n]
  output: {n: <% $.n %>}
  tasks:
    a: {action: std.echo output=<% $.n + 1 %>, publish: {n: <% task().result %>}, on-success: b}
    b: {action: std.noop, on-success: c}
    c: {action: std.echo output=<% $.n * 2 %>, publish: {n: <% task().result %>}}
"""
LOOP = """
version: '2.0'
loop:
  tasks:
    begin: {action: std.noop, on-success: a}
    a: {action: std.noop, on-success: b}
    b: {action: std.noop, on-success: a}
"""
ONE = """
version: '2.0'
one:
  input: [given]
  output: {r: <% task(t).result %>}
  tasks:
    t: TASK
"""


def of_one(task: str) -> str:
    return ONE.replace("TASK", task)


@pytest.fixture
async def engine(world: Any) -> Any:
    return await world.engine(local_actions=True)


async def test_a_chain_is_done_when_its_start_is_answered(world: Any, engine: Any) -> None:
    await world.define(CHAIN)

    begun = await engine.start("chain", {"n": 20})

    assert begun.state == "SUCCESS"
    assert await world.ended(begun.id) == ("SUCCESS", {"n": 42})
    assert world.hands.taken == []
    events = [event["event"] for event in await world.history(begun.id)]
    assert (events[0], events[-1], events.count("TASK_SUCCEEDED")) == ("WORKFLOW_LAUNCHED", "WORKFLOW_SUCCEEDED", 3)
    actions = await world.pool.fetch(
        "SELECT a.name, a.state FROM action_execution a JOIN task_execution t ON t.id = a.task_id"
        " WHERE t.execution_id = $1",
        begun.id,
    )
    assert sorted(tuple(row) for row in actions) == [("std.echo", "SUCCESS")] * 2 + [("std.noop", "SUCCESS")]


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -(2**80), 1.5, "", "ä😀", [1, [2]], {"a": {"b": None}}, "x" * 20_000],
)
async def test_what_is_echoed_is_what_was_given(world: Any, engine: Any, value: Any) -> None:
    await world.define(of_one("{action: std.echo output=<% $.given %>}"))

    begun = await engine.start("one", {"given": value})

    assert await world.ended(begun.id) == ("SUCCESS", {"r": value})
    assert world.hands.taken == []


@pytest.mark.parametrize(
    "task",
    [
        "{action: std.echo, input: {output: <% $.given %>, delay: 0.1}}",
        "{action: std.echo, input: {output: <% $.given %>, oops: 1}}",
        "{action: std.noop, input: {oops: 1}}",
        "{action: std.fail}",
        "{action: std.test_dict}",
    ],
)
async def test_whatever_is_unusual_goes_to_an_executor(world: Any, engine: Any, task: str) -> None:
    await world.define(of_one(task))

    await engine.start("one", {"given": 1})

    await world.until(lambda: len(world.hands.taken), lambda count: count == 1)


async def test_large_values_and_targets_go_to_an_executor(world: Any, engine: Any) -> None:
    world.hands.answer = lambda task, given: world.HOLD
    await world.define(of_one("{action: std.echo output=<% $.given %>}"))
    large = await engine.start("one", {"given": "x" * 30_000})
    await world.until(lambda: len(world.hands.taken), lambda count: count == 1)
    await world.define(of_one("{action: std.noop, target: elsewhere}").replace("one:", "other:"))
    aimed = await engine.start("other", {"given": 1})

    assert (large.state, aimed.state) == ("RUNNING", "RUNNING")


async def test_a_limit_of_results_holds_here_too(world: Any) -> None:
    engine = await world.engine(local_actions=True, field_limit_kb=1)
    await world.define(of_one("{action: std.echo output=<% $.given %>}"))

    await engine.start("one", {"given": "x" * 2_000})

    await world.until(lambda: len(world.hands.taken), lambda count: count == 1)


async def test_an_endless_loop_leaves_room_for_others_and_can_be_ended(world: Any, engine: Any) -> None:
    await world.define(LOOP)
    await world.define(CHAIN)
    endless = await engine.start("loop")

    for _ in range(5):
        begun = await engine.start("chain", {"n": 1})
        assert (await world.ended(begun.id))[0] == "SUCCESS"
    stop = pb.StopExecutionRequest(id=endless.id, state="CANCELLED")
    assert (await engine.stub.StopExecution(stop)).execution.state == "CANCELLED"
    assert (await world.ended(endless.id))[0] == "CANCELLED"


async def test_what_expressions_ask_of_executions_is_as_new_as_their_step(world: Any, engine: Any) -> None:
    await world.define(
        """
version: '2.0'
asking:
  output: {first: <% $.first %>, last: <% $.last %>}
  tasks:
    a: {action: std.noop, on-success: b}
    b:
      action: std.noop
      publish: {first: "<% tasks(execution().id, true).name.orderBy($) %>"}
      on-success: c
    c: {workflow: below, on-success: d}
    d:
      action: std.noop
      publish: {last: "<% tasks(execution().id, true).name.orderBy($) %>"}
below:
  tasks:
    inner: {action: std.noop}
"""
    )

    begun = await engine.start("asking")

    assert await world.ended(begun.id) == (
        "SUCCESS",
        {"first": ["a", "b"], "last": ["a", "b", "c", "d", "inner"]},
    )


async def test_a_recursion_with_actions_in_between_has_its_own_end(world: Any, engine: Any) -> None:
    await world.define(
        """
version: '2.0'
down:
  input: [n]
  tasks:
    step:
      action: std.noop
      on-success: [{again: <% $.n > 0 %>}]
    again: {workflow: down n=<% $.n - 1 %>}
"""
    )

    begun = await engine.start("down", {"n": 70})

    assert (await world.ended(begun.id))[0] == "SUCCESS"
    assert await world.pool.fetchval("SELECT count(*) FROM execution WHERE root_id = $1", begun.id) == 71


async def test_many_at_once_are_shared_out_between_here_and_executors(world: Any, engine: Any) -> None:
    await world.define(
        """
version: '2.0'
items:
  input: [n]
  output: {r: <% task(t).result %>}
  tasks:
    t: {with-items: i in <% range($.n) %>, action: std.echo output=<% $.i %>}
"""
    )

    begun = await engine.start("items", {"n": 5_000})

    state, output = await world.ended(begun.id, seconds=60)
    assert (state, output["r"]) == ("SUCCESS", list(range(5_000)))
    assert 0 < len(world.hands.taken) < 5_000


async def test_with_actions_left_to_executors_nothing_is_answered_here(world: Any) -> None:
    engine = await world.engine(local_actions=False)
    await world.define(CHAIN)

    begun = await engine.start("chain", {"n": 20})

    assert begun.state == "RUNNING"
    assert await world.ended(begun.id) == ("SUCCESS", {"n": 42})
    assert len(world.hands.taken) == 3


async def test_many_starts_at_once_all_end(world: Any, engine: Any) -> None:
    await world.define(CHAIN)

    begun = await asyncio.gather(*(engine.start("chain", {"n": n}) for n in range(300)))

    for n, each in enumerate(begun):
        assert await world.ended(each.id) == ("SUCCESS", {"n": (n + 1) * 2})
    assert json.loads(begun[0].input) == {"n": 0}
