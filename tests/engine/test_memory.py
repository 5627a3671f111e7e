"""What an engine keeps in memory makes no difference: it can all be read back from the rows, at any moment."""

import asyncio
from typing import Any

import pytest

from mistral.internal.v1 import envelope_pb2 as wire

FLOW = """
version: '2.0'
small:
  input: [x]
  output: {y: <% $.y %>}
  tasks:
    t: {action: std.echo output=<% $.x + 1 %>, publish: {y: <% task().result %>}}
everything:
  input: [x]
  vars: {base: <% $.x * 100 %>}
  output:
    merged: <% [$.a, $.b, $.c, $.base] %>
    items: <% $.items %>
    tried: <% $.tried %>
    child: <% $.child %>
    shared: <% global(shared) %>
    seen: <% $.seen %>
  tasks:
    a:
      action: std.echo output=<% $.base + 1 %>
      publish: {a: <% task().result %>, both: a}
      on-success: [b, c]
    b:
      action: std.echo output=<% $.a + 1 %>
      publish: {b: <% task().result %>, both: b}
      publish-on-error: {b: never}
      on-success: gather
    c:
      action: std.echo output=<% $.a + 2 %>
      on-success:
        publish:
          branch: {c: <% task().result %>}
          global: {shared: <% task().result * 2 %>}
        next: gather
    gather:
      join: all
      with-items: i in <% range(5).toList() %>
      concurrency: 2
      action: std.echo output=<% $.b + $.c + $.i %>
      publish: {items: <% task().result %>}
      on-success: [try, nest]
    try:
      action: my.shaky
      retry: {count: 2, delay: 0}
      publish: {tried: <% task().result %>}
      on-success: end
    nest:
      workflow: small x=<% $.items[0] %>
      publish: {child: <% task().result %>}
      on-success: end
    end:
      join: all
      action: std.echo output=<% [$.both, $.items.len(), tasks(execution().id).len()] %>
      publish: {seen: <% task().result %>}
"""


def shaky(world: Any) -> Any:
    failures: dict[str, int] = {}

    def answer(task: wire.ActionTask, given: Any) -> Any:
        if task.action != "my.shaky":
            return given["output"]
        failures[task.execution_id] = failures.get(task.execution_id, 0) + 1
        if failures[task.execution_id] < 3:
            raise world.Failed("not yet")
        return failures[task.execution_id]

    return answer


def expected(x: int) -> dict[str, Any]:
    a, b, c = x * 100 + 1, x * 100 + 2, x * 100 + 3
    items = [b + c + i for i in range(5)]
    return {
        "merged": [a, b, c, x * 100],
        "items": items,
        "tried": 3,
        "child": {"y": items[0] + 1},
        "shared": c * 2,
    }


async def fire_timers(world: Any) -> None:
    """Be the scheduler: retries with no delay are timers all the same."""
    while True:
        for row in await world.pool.fetch(
            "SELECT execution_id::text, task_id::text, kind, round, partition FROM timer WHERE due_at <= now()"
        ):
            due = {key: row[key] for key in ("execution_id", "task_id", "kind", "round")}
            envelope = wire.EngineEnvelope(timers=[wire.DueTimer(**due)])
            await world.bus.publish(f"mistral.engine.{row['partition']}", envelope.SerializeToString())
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("hot_tasks", [1, 200_000])
async def test_a_tiny_memory_comes_to_the_same_results(world: Any, hot_tasks: int) -> None:
    await world.define(FLOW)
    world.hands.answer = shaky(world)
    engine = await world.engine(hot_tasks=hot_tasks, batch=4)
    firing = asyncio.create_task(fire_timers(world))

    begun = [(await engine.start("everything", {"x": x})).id for x in range(1, 9)]

    for x, identity in enumerate(begun, 1):
        state, output = await world.ended(identity, seconds=30)
        assert state == "SUCCESS", output
        both, *seen = output.pop("seen")
        assert output == expected(x)
        assert both in ("a", "b")
        assert seen == [5, 7]
        history = await world.history(identity)
        assert [event["position"] for event in history] == list(range(1, len(history) + 1))
    firing.cancel()


async def test_an_engine_that_is_replaced_again_and_again_comes_to_the_same_results(world: Any) -> None:
    await world.define(FLOW)
    world.hands.answer = shaky(world)
    firing = asyncio.create_task(fire_timers(world))
    engine = await world.engine()
    begun = [(await engine.start("everything", {"x": x})).id for x in range(1, 6)]

    ended = "SELECT count(*) FROM execution WHERE finished_at IS NOT NULL AND parent_id IS NULL"
    for _ in range(20):
        await engine.close()
        engine = await world.engine()
        await asyncio.sleep(0.05)
        if await world.pool.fetchval(ended) == len(begun):
            break

    for x, identity in enumerate(begun, 1):
        state, output = await world.ended(identity, seconds=30)
        assert state == "SUCCESS", output
        output.pop("seen")
        assert output == expected(x)
    # Whatever was sent again bore the same name and was dropped: each action came once.
    taken = [(task.action_id, task.attempt) for task in world.hands.taken]
    assert len(taken) == len(set(taken))
    firing.cancel()
