"""Replaying a finished task, suspending and resuming one: durable, repeatable, over a change of engines."""

from typing import Any

import grpc
import pytest

from mistral.internal.v1 import task_control_pb2 as pb

FLOW = """
version: '2.0'
w:
  output: {v: <% $.v %>}
  tasks:
    a: {action: my.a, publish: {v: <% task().result %>}, on-success: b}
    b: {action: my.b}
nest:
  output: {v: <% $.v %>}
  tasks:
    s: {workflow: w, publish: {v: <% task().result.v %>}, on-success: z}
    z: {action: my.z v=<% $.v %>}
delayed:
  tasks:
    d: {action: my.a, wait-before: 1}
"""
TASKS = "SELECT id::text, name, state FROM task_execution WHERE execution_id = $1 ORDER BY created_at, id"


async def tasks_of(world: Any, execution_id: str) -> list[tuple[str, str, str]]:
    return [tuple(row) for row in await world.pool.fetch(TASKS, execution_id)]


async def id_of(world: Any, execution_id: str, name: str) -> str:
    return next(task_id for task_id, each, _ in await tasks_of(world, execution_id) if each == name)


async def test_a_finished_execution_is_replayed_by_another_engine_and_only_once(world: Any) -> None:
    await world.define(FLOW)
    world.hands.answer = lambda task, given: len(world.hands.taken)
    engine = await world.engine()
    begun = await engine.start("w")
    assert await world.ended(begun.id) == ("SUCCESS", {"v": 1})
    await world.close_engines()
    other = await world.engine("engine-1")
    old = await id_of(world, begun.id, "a")

    first = await other.stub.ReplayTask(pb.ReplayTaskRequest(task_id=old))
    again = await other.stub.ReplayTask(pb.ReplayTaskRequest(task_id=old))

    assert first.task_id == again.task_id != old
    assert await world.ended(begun.id) == ("SUCCESS", {"v": 3})
    assert [(name, state) for _, name, state in await tasks_of(world, begun.id)] == [
        ("a", "SUCCESS"),
        ("b", "SUCCESS"),
        ("a", "SUCCESS"),
        ("b", "SUCCESS"),
    ]
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await other.stub.ReplayTask(pb.ReplayTaskRequest(task_id=await id_of(world, begun.id, "b")))
    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION


async def test_the_ancestors_of_a_replayed_task_go_on_with_what_it_gives_now(world: Any) -> None:
    await world.define(FLOW)
    world.hands.answer = lambda task, given: len(world.hands.taken)
    engine = await world.engine()
    begun = await engine.start("nest")
    assert await world.ended(begun.id) == ("SUCCESS", {"v": 1})
    child = await world.pool.fetchval("SELECT id::text FROM execution WHERE root_id = $1 AND id <> $1", begun.id)
    await world.close_engines()
    other = await world.engine("engine-1")

    await other.stub.ReplayTask(pb.ReplayTaskRequest(task_id=await id_of(world, child, "a")))

    assert await world.ended(begun.id) == ("SUCCESS", {"v": 4})
    assert [name for _, name, _ in await tasks_of(world, begun.id)] == ["s", "z", "z"]
    assert [task.action for task in world.hands.taken] == ["my.a", "my.b", "my.z", "my.a", "my.b", "my.z"]


async def test_a_suspended_task_stays_so_over_a_change_of_engines_and_ends_when_it_is_resumed(world: Any) -> None:
    await world.define(FLOW)
    world.hands.answer = lambda task, given: world.HOLD if task.action == "my.a" else 2
    engine = await world.engine()
    begun = await engine.start("w")
    action = (await world.hands.taken_of(begun.id, 1))[0]
    task_id = await id_of(world, begun.id, "a")
    for _ in range(2):
        await engine.stub.SuspendTask(pb.SuspendTaskRequest(task_id=task_id))
    await world.close_engines()
    other = await world.engine("engine-1")
    await other.record(world.hands.result(action, 1))

    assert await tasks_of(world, begun.id) == [(task_id, "a", "PAUSED")]
    for _ in range(2):
        await other.stub.ResumeTask(pb.ResumeTaskRequest(task_id=task_id))

    assert await world.ended(begun.id) == ("SUCCESS", {"v": 1})


async def test_the_timer_of_a_suspended_task_is_gone_and_comes_back(world: Any) -> None:
    await world.define(FLOW)
    engine = await world.engine()
    begun = await engine.start("delayed")
    task_id = await id_of(world, begun.id, "d")
    timers = "SELECT round FROM timer WHERE execution_id = $1"

    await engine.stub.SuspendTask(pb.SuspendTaskRequest(task_id=task_id))
    assert await world.pool.fetch(timers, begun.id) == []
    await engine.stub.ResumeTask(pb.ResumeTaskRequest(task_id=task_id))

    assert [row["round"] for row in await world.pool.fetch(timers, begun.id)] == [2]
    with pytest.raises(grpc.aio.AioRpcError) as unknown:
        await engine.stub.SuspendTask(pb.SuspendTaskRequest(task_id="00000000-0000-7000-8000-000000000000"))
    assert unknown.value.code() is grpc.StatusCode.NOT_FOUND
