"""Postgres and NATS come and go under running workflows: all of them end, and no action runs twice."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc.aio
import pytest

from mistral.internal.v1 import engine_service_pb2 as pb

CHAIN = """
version: '2.0'
chain:
  input: [x]
  output: {v: <% $.v %>}
  tasks:
    t1: {action: std.echo output=<% $.x + 1 %>, publish: {v: <% task().result %>}, on-success: t2}
    t2: {action: std.echo output=<% $.v + 1 %>, publish: {v: <% task().result %>}, on-success: t3}
    t3: {action: std.echo output=<% $.v + 1 %>, publish: {v: <% task().result %>}, on-success: t4}
    t4: {action: std.echo output=<% $.v + 1 %>, publish: {v: <% task().result %>}}
"""


async def started(engine: Any, count: int) -> dict[int, str]:
    """Start executions at once, as clients do: what is UNAVAILABLE is tried again under the same id."""
    return dict(enumerate(await asyncio.gather(*(persistent(engine, x) for x in range(count)))))


async def persistent(engine: Any, x: int) -> str:
    order = pb.ExecutionStart(project_id="p1", workflow="chain", input=b'{"x": %d}' % x, request_id=f"s{x}")
    while True:
        try:
            answer = (await engine.start_all(order))[0]
            if not answer.HasField("refusal"):
                return str(answer.execution.id)
            assert answer.refusal.error == "Unavailable", answer.refusal
        except grpc.aio.AioRpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
        await asyncio.sleep(0.1)


async def all_well(world: Any, ids: dict[int, str], *, once: bool = True) -> None:
    for x, identity in ids.items():
        assert await world.ended(identity, seconds=40) == ("SUCCESS", {"v": x + 4})
        history = await world.history(identity)
        assert [event["position"] for event in history] == list(range(1, len(history) + 1))
    assert await world.pool.fetchval("SELECT count(*) FROM dead_letter") == 0
    if once:
        taken = [(task.action_id, task.attempt) for task in world.hands.taken]
        assert len(taken) == len(set(taken)) == 4 * len(ids)


async def test_connections_that_break_in_the_middle_of_commits_lose_and_double_nothing(world: Any) -> None:
    await world.define(CHAIN)
    engine = await world.engine(batch=8)
    starting = asyncio.create_task(started(engine, 60))

    for _ in range(8):
        await asyncio.sleep(0.3)
        await world.pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'engine-0' AND datname = current_database()"
        )

    await all_well(world, await starting)
    assert await world.pool.fetchval("SELECT count(*) FROM execution") == 60


async def test_unnamed_starts_whose_commit_is_in_doubt_are_answered_with_what_was_started(world: Any) -> None:
    await world.define(CHAIN)
    engine = await world.engine(lanes=1)
    async with world.pool.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE execution_history IN ACCESS EXCLUSIVE MODE")
        waiting = asyncio.ensure_future(engine.start("chain", {"x": 1}))
        await world.until(lambda: engine.waiting_on_lock(world.pool), bool)
        await world.pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'engine-0'"
        )
    begun = await waiting
    assert await world.ended(begun.id) == ("SUCCESS", {"v": 5})
    assert await world.pool.fetchval("SELECT count(*) FROM execution") == 1


async def test_a_restart_of_postgres_is_waited_for(world: Any, postgres_server: Any) -> None:
    server, _ = postgres_server
    await world.define(CHAIN)
    engine = await world.engine()
    starting = asyncio.create_task(started(engine, 30))
    await asyncio.sleep(0.3)

    await asyncio.to_thread(server.stop)
    await asyncio.sleep(1.5)
    await asyncio.to_thread(server.restart)

    ids = await asyncio.wait_for(starting, 40)
    await world.until(world.reachable, bool, seconds=30)
    await all_well(world, ids)


@pytest.fixture
async def fragile(world_on: Any, nats_server: Callable[[], Any]) -> AsyncIterator[tuple[Any, Any]]:
    """A world on a NATS of its own, which may be hurt."""
    server, url = nats_server()
    async with world_on(url) as world:
        yield world, server


async def test_a_restart_of_the_bus_is_waited_for(fragile: tuple[Any, Any]) -> None:
    world, server = fragile
    await world.define(CHAIN)
    engine = await world.engine(sweep_seconds=0.5, lost_seconds=2.0)
    starting = asyncio.create_task(started(engine, 30))
    await asyncio.sleep(0.3)

    await asyncio.to_thread(server.stop)
    await asyncio.sleep(1.5)
    await asyncio.to_thread(server.restart)

    await all_well(world, await starting)


async def test_streams_deleted_in_the_middle_are_made_again_and_actions_sent_again(fragile: tuple[Any, Any]) -> None:
    world, _ = fragile
    await world.define(CHAIN)
    engine = await world.engine(sweep_seconds=0.5, lost_seconds=2.0)
    await asyncio.sleep(0.5)
    starting = asyncio.create_task(started(engine, 30))
    jetstream = world.bus.client.jetstream()
    for stream in ("TASKS", "ENGINE", "TASKS"):
        await asyncio.sleep(0.4)
        await jetstream.delete_stream(stream)

    ids = await starting
    for identity in ids.values():
        row = await world.end(identity, seconds=40)
        assert row["state"] in ("SUCCESS", "ERROR")
    assert await world.pool.fetchval("SELECT count(*) FROM execution WHERE finished_at IS NULL") == 0
    await all_well(world, {x: i for x, i in ids.items() if (await world.end(i))["state"] == "SUCCESS"}, once=False)
    again = await engine.start("chain", {"x": 7})
    assert await world.ended(again.id) == ("SUCCESS", {"v": 11})
