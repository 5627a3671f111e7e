"""Who serves which partitions while engines come, go, die, stand still and come back."""

import asyncio
import signal
import time
from typing import Any

import grpc
import pytest

from mistral.internal.v1 import engine_service_pb2 as pb
from mistral.internal.v1 import envelope_pb2 as wire

FLOW = """
version: '2.0'
flow:
  output: {v: <% $.v %>}
  tasks:
    held: {action: my.held, on-success: [after, safe]}
    after: {action: std.echo output=5, publish: {v: <% task().result %>}}
    safe: {action: std.noop, safe-rerun: true}
"""


def holding(world: Any) -> Any:
    return lambda task, given: world.HOLD if task.action == "my.held" else (given or {}).get("output")


async def begun_by_process(world: Any, count: int) -> list[str]:
    """Start executions at engine-0, whatever process that is."""
    stub = await world.stub_of("engine-0")
    starts = [pb.ExecutionStart(project_id="p1", workflow="flow") for _ in range(count)]
    answer = await stub.StartExecutions(pb.StartExecutionsRequest(starts=starts), timeout=10)
    return [each.execution.id for each in answer.started]


async def finished(world: Any, ids: list[str]) -> None:
    """Give all results that are held; all end well, and no action came twice."""
    for identity in ids:
        for task in await world.hands.taken_of(identity, 1):
            await world.hands.give(task)
    for identity in ids:
        assert await world.ended(identity) == ("SUCCESS", {"v": 5})
        taken = sorted(task.action for task in world.hands.taken if task.execution_id == identity)
        assert taken == ["my.held", "std.echo", "std.noop"], taken


async def test_two_share_evenly_and_one_that_leaves_gives_all_back_at_once(world: Any) -> None:
    await world.define(FLOW)
    world.hands.answer = holding(world)
    first = await world.engine("engine-0", lease_seconds=9.0)
    assert len(await first.partitions()) == 256
    second = await world.engine("engine-1", lease_seconds=3.0)
    await world.until_owned({"engine-0": 128, "engine-1": 128})
    assert await first.partitions() == set(range(128))
    begun = [(await node.start("flow")).id for node in (first, second) for _ in range(3)]

    await first.close()

    assert "engine-0" not in await world.owners()
    await world.until_owned({"engine-1": 256}, seconds=5)
    await finished(world, begun)


async def test_what_a_dead_engine_had_goes_on_at_another_within_five_seconds(world: Any) -> None:
    await world.define(FLOW)
    world.hands.answer = holding(world)
    dying = world.process("engine-0")
    await world.until_owned({"engine-0": 256}, seconds=40)
    ids = await begun_by_process(world, 5)
    for identity in ids:
        await world.hands.taken_of(identity, 1)
    second = await world.engine("engine-1")
    await world.until_owned({"engine-0": 128, "engine-1": 128})

    dying.kill()
    dead = time.monotonic()
    await world.until_owned({"engine-1": 256}, seconds=5)
    waited = time.monotonic() - dead

    assert waited < 5
    await finished(world, ids)
    assert len(await second.partitions()) == 256


async def test_an_engine_that_stood_still_finds_its_partitions_gone_and_writes_nothing(world: Any) -> None:
    await world.define(FLOW)
    world.hands.answer = holding(world)
    frozen = world.process("engine-0", MISTRAL_ENGINE_LEASE_SECONDS="1")
    await world.until_owned({"engine-0": 256}, seconds=40)
    ids = await begun_by_process(world, 4)
    for identity in ids:
        await world.hands.taken_of(identity, 1)

    frozen.send_signal(signal.SIGSTOP)
    await world.engine("engine-1", lease_seconds=1.0)
    await world.until_owned({"engine-1": 256}, seconds=10)
    await finished(world, ids)
    frozen.send_signal(signal.SIGCONT)
    await world.until_owned({"engine-0": 128, "engine-1": 128})

    for identity in ids:
        positions = [event["position"] for event in await world.history(identity)]
        assert positions == list(range(1, len(positions) + 1))
    frozen.send_signal(signal.SIGTERM)
    await asyncio.to_thread(frozen.wait, 15)
    assert frozen.returncode == 0
    await world.until_owned({"engine-1": 256}, seconds=5)


async def test_a_new_start_of_the_same_name_takes_over_at_once(world: Any) -> None:
    await world.define(FLOW)
    world.hands.answer = holding(world)
    old = world.process("engine-0", MISTRAL_ENGINE_LEASE_SECONDS="60")
    await world.until_owned({"engine-0": 256}, seconds=40)
    ids = await begun_by_process(world, 3)
    for identity in ids:
        await world.hands.taken_of(identity, 1)
    old.kill()
    old.wait()

    begun = time.monotonic()
    node = await world.engine("engine-0", lease_seconds=60.0)
    assert len(await node.partitions()) == 256
    await finished(world, ids)
    assert time.monotonic() - begun < 10


async def test_leases_stolen_under_a_running_engine_fence_its_writes(world: Any) -> None:
    await world.define(FLOW)
    world.hands.answer = holding(world)
    node = await world.engine("engine-0", lease_seconds=12.0)
    begun = (await node.start("flow")).id
    task = (await world.hands.taken_of(begun, 1))[0]
    await world.pool.execute(
        "INSERT INTO engine_instance VALUES ('thief', gen_random_uuid(), 'x:1', now() + interval '4 seconds')"
    )
    await world.pool.execute(
        "UPDATE partition_lease SET owner = 'thief', incarnation = gen_random_uuid(), epoch = epoch + 1"
    )

    await world.hands.give(task)
    refusals = await node.start_all(pb.ExecutionStart(project_id="p1", workflow="flow", id=begun[:-4] + "ffff"))

    assert [r.refusal.error for r in refusals] == ["Unavailable"]
    assert await world.pool.fetchval("SELECT count(*) FROM execution") == 1
    states = await world.pool.fetch("SELECT state FROM action_execution")
    assert [row["state"] for row in states] == ["RUNNING"]
    # The thief dies; what was refused to be written is written then, once.
    await world.pool.execute("UPDATE engine_instance SET expires_at = now() WHERE name = 'thief'")
    await world.until(lambda: world.nudge(node), lambda owned: owned == 256, seconds=25)
    assert await world.ended(begun) == ("SUCCESS", {"v": 5})
    assert len([task for task in world.hands.taken if task.execution_id == begun]) == 3


async def test_what_moves_away_while_a_request_waits_is_not_said_to_be_missing(world: Any) -> None:
    await world.define(FLOW)
    world.hands.answer = holding(world)
    node = await world.engine("engine-0", lease_seconds=3.0)
    begun = (await node.start("flow")).id
    await world.hands.taken_of(begun, 1)
    async with world.pool.acquire() as connection, connection.transaction():
        # The request looks at the definitions before it is applied.
        await connection.execute("LOCK TABLE definition_epoch")
        paused = node.stub.PauseExecution(pb.PauseExecutionRequest(id=begun), timeout=20)
        await world.until(lambda: node.waiting_on_lock(world.pool), bool)
        await world.pool.execute(
            "INSERT INTO engine_instance VALUES ('thief', gen_random_uuid(), 'x:1', now() + interval '60 seconds')"
        )
        await world.pool.execute(
            "UPDATE partition_lease SET owner = 'thief', incarnation = gen_random_uuid(), epoch = epoch + 1"
        )
        await world.until(node.partitions, lambda owned: not owned)

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await paused

    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    await world.pool.execute("UPDATE engine_instance SET expires_at = now() WHERE name = 'thief'")
    await world.until(lambda: world.nudge(node), lambda owned: owned == 256, seconds=25)
    await finished(world, [begun])


async def test_an_action_that_was_committed_but_never_sent_is_sent_by_the_successor(world: Any) -> None:
    await world.define(FLOW)
    world.hands.answer = holding(world)
    node = await world.engine("engine-0")
    begun = (await node.start("flow")).id
    await world.hands.taken_of(begun, 1)
    row = await world.pool.fetchrow("SELECT id::text, envelope FROM action_record")
    await node.close()

    # A copy under the name that the bus has seen is dropped, one under an unseen name goes out under it.
    await world.engine("engine-0")
    await asyncio.sleep(0.5)
    assert len(world.hands.taken) == 1
    await world.close_engines()
    await world.pool.execute("UPDATE action_record SET envelope = 'unseen-' || envelope")
    await world.engine("engine-0")
    again = (await world.hands.taken_of(begun, 2))[1]
    assert (again.action_id, again.attempt) == (row["id"], 1)
    await world.hands.give(again)
    assert await world.ended(begun) == ("SUCCESS", {"v": 5})
    assert isinstance(again, wire.ActionTask)
