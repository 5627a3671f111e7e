"""Sub-workflows, timers, and expressions that look at other executions."""

import json
from typing import Any

from mistral.internal.v1 import engine_service_pb2 as pb
from mistral.internal.v1 import envelope_pb2 as wire

PARENT = """
version: '2.0'
child:
  input: [x]
  output: {y: <% $.y %>}
  tasks:
    t: {action: std.echo output=<% $.x * 10 %>, publish: {y: <% task().result %>}}
parent:
  output: {all: <% $.all %>, handled: <% $.get(handled) %>}
  tasks:
    many:
      with-items: i in <% [1, 2, 3] %>
      workflow: child x=<% $.i %>
      publish: {all: <% task().result.select($.y) %>}
      on-success: unknown
    unknown:
      workflow: nowhere
      on-error: handle
    handle: {action: std.echo output=yes, publish: {handled: <% task().result %>}}
unfit:
  tasks:
    t: {workflow: child}
looking:
  input: [other]
  output: {names: <% $.names %>, states: <% $.states %>}
  tasks:
    t:
      action: std.noop
      publish:
        names: <% tasks($.other, true).select($.name).orderBy($) %>
        states: <% executions(id => $.other).select([$.name, $.state, $.output]) %>
"""
FAMILY = """
version: '2.0'
grandparent:
  output: {r: <% $.r %>}
  tasks:
    s: {workflow: parent, publish: {r: <% task().result.r %>}}
parent:
  output: {r: <% $.r %>}
  tasks:
    s: {workflow: child, publish: {r: <% task().result.r %>}}
child:
  output: {r: <% $.r %>}
  tasks:
    leaf: {action: my.thing, publish: {r: <% task().result %>}}
"""
TIMED = """
version: '2.0'
timed:
  tasks:
    t: {action: my.thing, wait-before: 60, timeout: 60}
"""


async def test_sub_workflows_run_and_an_unknown_one_is_an_error_of_its_task(world: Any) -> None:
    await world.define(PARENT)
    engine = await world.engine()

    begun = await engine.start("parent", params={"notify": []})

    assert await world.ended(begun.id) == ("SUCCESS", {"all": [10, 20, 30], "handled": "yes"})
    children = await world.pool.fetch(
        "SELECT root_id::text, parent_id::text, partition, params FROM execution WHERE workflow_name = 'child'"
    )
    partition = await world.pool.fetchval("SELECT partition FROM execution WHERE id = $1", begun.id)
    assert {tuple(child)[:3] for child in children} == {(begun.id, begun.id, partition)}
    inputs = await world.pool.fetch("SELECT input FROM execution WHERE workflow_name = 'child' ORDER BY created_at")
    assert [json.loads(each["input"])["x"] for each in inputs] == [1, 2, 3]
    infos = await world.pool.fetchval("SELECT state_info FROM task_execution WHERE name = 'unknown'")
    assert "nowhere" in infos
    assert await world.pool.fetchval("SELECT count(*) FROM execution") == 4
    for execution_id, count in await world.pool.fetch(
        "SELECT execution_id::text, max(position) FROM execution_history GROUP BY 1"
    ):
        assert [e["position"] for e in await world.history(execution_id)] == list(range(1, count + 1))


async def test_a_task_of_a_failed_child_run_again_brings_back_all_above_it(world: Any) -> None:
    await world.define(FAMILY)
    world.hands.answer = failing(world)
    engine = await world.engine()
    begun = await engine.start("grandparent")
    assert (await world.end(begun.id))["state"] == "ERROR"
    task_id = await world.pool.fetchval("SELECT id::text FROM task_execution WHERE name = 'leaf'")
    failed = "SELECT count(*) FROM action_execution WHERE task_id = $1 AND state = 'ERROR'"
    for times in (1, 2):
        # Once more fails it again, the second time it is well.
        world.hands.answer = failing(world) if times == 1 else lambda task, given: "well"
        await engine.stub.RerunTask(pb.RerunTaskRequest(task_id=task_id, reset=True))
        if times == 1:
            await world.until(lambda: world.pool.fetchval(failed, task_id), lambda found: found == 2)
            await world.end(begun.id)

    assert await world.ended(begun.id) == ("SUCCESS", {"r": "well"})
    states = await world.pool.fetch("SELECT DISTINCT state FROM execution UNION SELECT state FROM task_execution")
    assert [tuple(each) for each in states] == [("SUCCESS",)]


def failing(world: Any) -> Any:
    def answer(task: wire.ActionTask, given: Any) -> Any:
        raise world.Failed("broken")

    return answer


async def test_a_child_with_wrong_input_fails_its_parent_and_is_not_stored(world: Any) -> None:
    await world.define(PARENT)
    engine = await world.engine()
    begun = await engine.start("unfit")
    row = await world.end(begun.id)
    assert row["state"] == "ERROR"
    assert "x" in row["state_info"]
    assert await world.pool.fetchval("SELECT count(*) FROM execution") == 1


async def test_expressions_look_at_other_executions_and_their_families(world: Any) -> None:
    await world.define(PARENT)
    engine = await world.engine()
    other = await engine.start("parent")
    _, given = await world.ended(other.id)

    for wanted, expected in ((other.id, [["parent", "SUCCESS", given]]), ("01234567-89ab-4cde-8f01-23456789abcd", [])):
        begun = await engine.start("looking", {"other": wanted})
        names = ["handle", "many", "t", "t", "t", "unknown"] if expected else []
        state, output = await world.ended(begun.id)
        assert (state, output) == ("SUCCESS", {"names": names, "states": expected}), output


async def test_timers_are_rows_until_they_fire_or_nobody_needs_them(world: Any) -> None:
    await world.define(TIMED)
    world.hands.answer = lambda task, given: world.HOLD
    engine = await world.engine()
    begun = await engine.start("timed")

    timers = await world.pool.fetch("SELECT kind, round, task_id::text FROM timer ORDER BY kind")
    wait = next(timer for timer in timers if timer["kind"] == "wait-before")
    due = wire.DueTimer(execution_id=begun.id, task_id=wait["task_id"], kind=wait["kind"], round=wait["round"])
    partition = await world.pool.fetchval("SELECT partition FROM execution WHERE id = $1", begun.id)
    for _ in range(2):
        await world.bus.publish(f"mistral.engine.{partition}", wire.EngineEnvelope(timers=[due]).SerializeToString())

    task = (await world.hands.taken_of(begun.id, 1))[0]
    await world.until(lambda: kinds(world), lambda found: found == ["timeout"])
    await world.hands.give(task)
    assert (await world.end(begun.id))["state"] == "SUCCESS"
    assert await kinds(world) == []
    assert len(world.hands.taken) == 1


async def test_large_inputs_stay_in_the_database_until_asked_for(world: Any) -> None:
    large = "x" * 300_000
    await world.define(PARENT.replace("$.x * 10", "$.x"))
    engine = await world.engine()

    async def asked(action_id: str) -> Any:
        answer = await engine.stub.GetActionInput(pb.GetActionInputRequest(action_id=action_id))
        return json.loads(answer.input)

    world.hands.input_of = asked
    begun = await engine.start("child", {"x": large})
    assert await world.ended(begun.id) == ("SUCCESS", {"y": large})
    assert [(task.input_stored, task.input) for task in world.hands.taken] == [(True, b"")]


async def kinds(world: Any) -> list[str]:
    return [row["kind"] for row in await world.pool.fetch("SELECT kind FROM timer ORDER BY kind")]
