"""Events that cannot be: none of them holds up another, none is lost without a trace, none leaves anything stuck."""

import json
from typing import Any
from uuid import uuid4

from mistral.internal.v1 import envelope_pb2 as wire

ECHO = """
version: '2.0'
echo:
  input: [x]
  output: {v: <% $.v %>}
  output-on-error: {failed: true}
  tasks:
    t: {action: std.echo output=<% $.x %>, publish: {v: <% task().result %>}}
"""
AWKWARD = """
version: '2.0'
half:
  output: {v: 1}
  tasks:
    t:
      action: std.noop
      publish: {v: "{{ '\\\\ud800' }}"}
nul:
  input: [x]
  output: {v: <% $.v %>}
  description: 'x'
  tasks:
    t:
      action: std.echo output=<% $.x %>
      publish: {v: <% task().result %>}
      on-success:
        - fail(msg="a{{ '\\0' }}b")
"""
LOOP = """
version: '2.0'
loop:
  tasks:
    again: {workflow: loop}
"""


async def letters(world: Any) -> list[tuple[str, str]]:
    rows = await world.pool.fetch("SELECT kind, execution_id::text FROM dead_letter ORDER BY id")
    return [tuple(row) for row in rows]


async def test_messages_that_make_no_sense_do_not_stop_those_that_do(world: Any) -> None:
    await world.define(ECHO)
    hands = world.hands
    hands.answer = lambda task, given: world.HOLD
    engine = await world.engine()
    begun = [await engine.start("echo", {"x": number}) for number in range(3)]
    for execution in begun:
        await hands.taken_of(execution.id, 1)
    partition = await world.pool.fetchval("SELECT partition FROM execution WHERE id = $1", begun[0].id)
    nobody = {"task_id": str(uuid4()), "action_id": str(uuid4()), "attempt": 1, "outcome": 1, "value": b"1"}

    for bad in (b"\xff\xff\xff", b"\x0a\x05abc"):
        await world.bus.publish(f"mistral.engine.{partition}", bad)
    await hands.publish(
        partition,
        wire.ActionResult(execution_id="no id at all\0", **nobody),
        wire.ActionResult(execution_id=str(uuid4()), **nobody),
        wire.ActionResult(execution_id=begun[1].id, **nobody),
    )
    timers = [wire.DueTimer(execution_id=begun[1].id, task_id="x", kind=kind, round=1) for kind in ("?", "retry")]
    await world.bus.publish(f"mistral.engine.{partition}", wire.EngineEnvelope(timers=timers).SerializeToString())
    await world.until(lambda: letters(world), lambda found: len(found) == 3)
    for task in list(hands.held.values()):
        await hands.give(task, json.loads(task.input)["output"])
    hands.answer = lambda task, given: given["output"]
    late = await engine.start("echo", {"x": 3})

    for number, execution in enumerate((*begun, late)):
        assert await world.ended(execution.id) == ("SUCCESS", {"v": number})
    assert sorted(kind for kind, _ in await letters(world)) == ["ActionFinished", "unreadable", "unreadable"]


async def test_results_that_are_no_json_are_errors_of_their_action_alone(world: Any) -> None:
    await world.define(ECHO)
    bad = [b"{", b'"\xff"', b'"\\ud800"', b"[" * 60_000 + b"]" * 60_000, b"nan"]
    world.hands.answer = lambda task, given: given["output"] if (n := given["output"]) >= len(bad) else bad[n]
    engine = await world.engine()

    begun = [await engine.start("echo", {"x": number}) for number in range(len(bad) + 2)]

    for number, execution in enumerate(begun):
        state, output = await world.ended(execution.id)
        if number < len(bad):
            assert (state, output["failed"]) == ("ERROR", True), number
        else:
            assert (state, output) == ("SUCCESS", {"v": number})
    infos = await world.pool.fetch("SELECT state_info FROM action_execution WHERE state = 'ERROR'")
    assert len(infos) == len(bad)
    assert await letters(world) == []


async def test_nul_characters_in_results_and_messages_are_kept_as_replacements(world: Any) -> None:
    await world.define(ECHO)
    engine = await world.engine()
    world.hands.answer = lambda task, given: b'{"a\\u0000": ["\\\\u0000", "b\\u0000\\u0000"]}'

    begun = await engine.start("echo", {"x": "in\0put"}, description="de\0scribed", params={"p": "\0"})
    state, output = await world.ended(begun.id)

    assert (state, output) == ("SUCCESS", {"v": {"a\ufffd": ["\\u0000", "b\ufffd\ufffd"]}})
    row = await world.pool.fetchrow("SELECT description, input::jsonb ->> 'x' AS x FROM execution")
    assert tuple(row) == ("de\ufffdscribed", "in\ufffdput")
    # The views look into every body: one that they cannot read would spoil all lists.
    assert len(await world.pool.fetch("SELECT * FROM task_execution")) == 1
    assert len(await world.pool.fetch("SELECT * FROM action_execution")) == 1


async def test_an_error_with_nul_characters_ends_as_an_error(world: Any) -> None:
    await world.define(AWKWARD)
    engine = await world.engine()

    begun = await engine.start("nul", {"x": "\0"})

    assert (await world.end(begun.id))["state"] == "ERROR"
    assert "\ufffd" in (await world.end(begun.id))["state_info"]


async def test_what_cannot_be_stored_ends_its_execution_and_is_put_aside(world: Any) -> None:
    await world.define(AWKWARD + ECHO.replace("version: '2.0'", ""))
    engine = await world.engine()

    spoilt = [await engine.start("half") for _ in range(2)]
    good = [await engine.start("echo", {"x": number}) for number in range(5)]

    for execution in spoilt:
        row = await world.end(execution.id)
        assert row["state"] == "ERROR", row["state_info"]
    for number, execution in enumerate(good):
        assert await world.ended(execution.id) == ("SUCCESS", {"v": number})
    assert {execution_id for _, execution_id in await letters(world)} == {execution.id for execution in spoilt}


async def test_large_results_pass_by_call_and_by_bus(world: Any) -> None:
    await world.define(ECHO)
    engine = await world.engine()
    world.hands.answer = lambda task, given: world.HOLD
    large = "x" * 1024 * 1024

    begun = await engine.start("echo", {"x": 1})
    task = (await world.hands.taken_of(begun.id, 1))[0]
    result = world.hands.result(task, large)
    await engine.record(result)

    assert await world.ended(begun.id) == ("SUCCESS", {"v": large})


async def test_a_workflow_that_starts_itself_for_ever_comes_to_an_end(world: Any) -> None:
    await world.define(LOOP + ECHO.replace("version: '2.0'", ""))
    engine = await world.engine()

    begun = await engine.start("loop")
    row = await world.end(begun.id)
    other = await engine.start("echo", {"x": 1})

    assert row["state"] == "ERROR"
    assert "nested too deeply" in row["state_info"]
    assert await world.ended(other.id) == ("SUCCESS", {"v": 1})
    assert json.loads((await world.end(begun.id))["params"])["namespace"] == ""
