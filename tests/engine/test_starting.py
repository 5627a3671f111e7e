"""From a start to a final row: what is written, what is told, and what is refused."""

import asyncio
import json
from typing import Any
from uuid import uuid4

from mistral.internal.v1 import engine_service_pb2 as pb
from mistral.internal.v1.standalone_action_pb2 import StandaloneAction

CHAIN = """
version: '2.0'
chain:
  input: [x]
  output: {v: <% $.b %>}
  tasks:
    t1: {action: std.echo output=<% $.x + 1 %>, publish: {a: <% task().result %>}, on-success: t2}
    t2: {action: std.echo output=<% $.a * 2 %>, publish: {b: <% task().result %>}}
"""


def start(workflow: str, given: Any = None, **more: Any) -> pb.ExecutionStart:
    given = given if isinstance(given, bytes) else json.dumps(given or {}).encode()
    return pb.ExecutionStart(project_id="p1", workflow=workflow, input=given, **more)


async def test_a_workflow_runs_to_its_final_row_and_tells_each_step(world: Any) -> None:
    told: list[dict[str, Any]] = []

    async def heard(message: Any) -> None:
        assert message.headers["content-type"] == "application/cloudevents-batch+json"
        told.extend(json.loads(message.data))

    await world.define(CHAIN)
    for kind in ("execution", "task"):
        await world.bus.subscribe(f"mistral.events.p1.{kind}", heard)
    engine = await world.engine()

    begun = await engine.start("chain", {"x": 20}, description="mine")
    state, output = await world.ended(begun.id)

    assert (begun.state, begun.description, json.loads(begun.input)) == ("RUNNING", "mine", {"x": 20})
    assert (state, output) == ("SUCCESS", {"v": 42})
    history = await world.history(begun.id)
    assert [event["position"] for event in history] == list(range(1, len(history) + 1))
    assert history[0]["event"] == "WORKFLOW_LAUNCHED"
    assert history[-1]["event"] == "WORKFLOW_SUCCEEDED"
    await world.until(lambda: len(told), lambda count: count == len(history))
    assert sorted(event["data"]["position"] for event in told) == [event["position"] for event in history]
    assert {event["id"] for event in told} == {f"{begun.id}/{event['position']}" for event in history}
    assert {event["specversion"] for event in told} == {"1.0"}
    query = "SELECT name, state, processed FROM task_execution WHERE execution_id = $1"
    tasks = {tuple(task) for task in await world.pool.fetch(query, begun.id)}
    assert tasks == {("t1", "SUCCESS", True), ("t2", "SUCCESS", True)}


async def test_a_repeated_start_is_the_same_execution_also_at_once_and_over_two_engines(world: Any) -> None:
    await world.define(CHAIN)
    first, second = await world.engine("engine-0"), await world.engine("engine-1")
    await world.until_owned({"engine-0": 128, "engine-1": 128})
    named = str(uuid4())

    by_request = [start("chain", {"x": 1}, request_id=f"r{number % 3}") for number in range(9)]
    by_id = [start("chain", {"x": 1}, id=named.upper()) for _ in range(4)]
    answers = await asyncio.gather(
        first.start_all(*by_request, *by_id), second.start_all(*by_request, *by_id), first.start_all(*by_request)
    )

    assert not [a.refusal for answer in answers for a in answer if a.HasField("refusal")]
    ids = [{answer[number].execution.id for answer in answers} for number in range(3)]
    assert all(len(some) == 1 for some in ids)
    assert {a.execution.id for answer in answers[:2] for a in answer[9:]} == {named}
    for execution_id in (*(some.pop() for some in ids), named):
        assert await world.ended(execution_id) == ("SUCCESS", {"v": 4})
    assert await world.pool.fetchval("SELECT count(*) FROM execution") == 4
    # Also long after it has ended, and by whichever engine.
    again = await second.start("chain", {"x": 1}, id=named)
    assert (again.id, again.state) == (named, "SUCCESS")


async def test_refused_starts_leave_nothing_and_do_not_touch_others(world: Any) -> None:
    await world.define(CHAIN)
    engine = await world.engine()
    good = start("chain", {"x": 1})
    refused = {
        "NotFound": [start("nowhere"), start("cha\0in", {"x": 1}), start(str(uuid4()))],
        "InvalidInput": [
            start("chain"),
            start("chain", {"x": 1, "y": 2}),
            start("chain", b'{"x": '),
            start("chain", b"[1]"),
            start("chain", b'{"x": "\xff"}'),
            start("chain", b'{"x":' + b"[" * 50_000 + b"]" * 50_000 + b"}"),
            start("chain", {"x": 1}, id="seven"),
            start("chain", {"x": 1}, request_id="r" * 129),
            start("chain", {"x": 1}, params=b"\xff"),
            start("chain", {"x": 1}, params=b'{"env": "\xff"}'),
            start("chain", {"x": 1}, params=b'{"env": "no\\u0000where"}'),
            start("chain", {"x": 1}, params=b'{"env": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"),
            start("", action=StandaloneAction(name="std.echo", input=b'{"\xff"}')),
            start("chain", {"x": "y" * 1024 * 1024}),
        ],
        "Invalid": [start("chain", {"x": 1}, params=b'{"env": 5}')],
    }

    orders = [good, *(bad for some in refused.values() for bad in some), good]
    answers = await engine.start_all(*orders)

    assert [a.refusal.error for a in answers[1:-1]] == [error for error, some in refused.items() for _ in some]
    for answer in (answers[0], answers[-1]):
        assert await world.ended(answer.execution.id) == ("SUCCESS", {"v": 4})
    assert await world.pool.fetchval("SELECT count(*) FROM execution") == 2
    assert await world.pool.fetchval("SELECT count(*) FROM dead_letter") == 0


async def test_when_too_much_waits_starts_are_refused_and_calls_exhausted(world: Any) -> None:
    await world.define(CHAIN)
    engine = await world.engine(waiting=3, lanes=1)

    answers = await engine.start_all(*(start("chain", {"x": 1}) for _ in range(40)))

    refusals = [a.refusal.error for a in answers if a.HasField("refusal")]
    assert refusals == ["LimitExceeded"] * 37
    for answer in answers[:3]:
        assert (await world.ended(answer.execution.id))[0] == "SUCCESS"
