"""Runs that no worker can take: they are seen to wait, others hear which pools are wanted, and some are given up."""

import json
from typing import Any

import pytest

from mistral.internal.v1 import envelope_pb2 as wire
from mistral_core.worker_pools import Pool
from tests.engine.offering import asking, offer, result

FLOW = "version: '2.0'\nw:\n  tasks:\n    t: {action: a.b}"
WAITS = "Waiting for a worker that offers 'a.b' on queue 'default'"
PLAIN = Pool(project="p1", queue="default", action="a.b")


async def info(world: Any, execution_id: str, name: str = "t") -> Any:
    return await world.pool.fetchval(
        "SELECT body ->> 'state_info' FROM task_execution WHERE execution_id = $1 AND name = $2", execution_id, name
    )


async def test_a_task_says_that_nobody_offers_its_action_until_somebody_does(world: Any) -> None:
    await world.define(FLOW)
    async with asking(world) as asked:
        await asked.offer(offer("a.b"))
        begun = await asked.node.start("w")
        run = await asked.run_of("a.b t")
        await world.until(lambda: info(world, begun.id), lambda found: found == WAITS)
        async with asked.serving(PLAIN):
            await world.until(lambda: info(world, begun.id), lambda found: found is None)
        await world.until(lambda: info(world, begun.id), lambda found: found == WAITS)
        await asked.node.record(result(run))
        assert (await world.ended(begun.id))[0] == "SUCCESS"
        assert await info(world, begun.id) is None
        told = [(e["event"], e.get("state_info")) for e in await world.history(begun.id) if e.get("task_name") == "t"]
        assert told[:3] == [("TASK_LAUNCHED", None), ("TASK_WAITING", WAITS), ("TASK_WAITING", None)]
        assert told[-2:] == [("TASK_WAITING", WAITS), ("TASK_SUCCEEDED", None)]


async def test_what_finds_its_worker_at_once_is_not_said_to_wait(world: Any) -> None:
    await world.define(FLOW)
    async with asking(world) as asked, asked.serving(PLAIN):
        await asked.offer(offer("a.b"))
        begun = await asked.node.start("w")
        await asked.run_of("a.b t")
        other = await asked.node.start("w")
        run = await asked.run_of("a.b t")
        # Both have waited long enough to be said so once this one has been seen to.
        await world.define(FLOW.replace("w:", "x:", 1).replace("a.b", "a.c, worker: {queue: nobody}"))
        third = await asked.node.start("x")
        await world.until(lambda: info(world, third.id), lambda found: found is not None)
        assert [await info(world, each.id) for each in (begun, other)] == [None, None]
        await asked.node.record(result(run))


@pytest.mark.parametrize("served", [False, True])
async def test_a_run_that_nobody_begins_in_time_is_an_error_that_policies_handle(world: Any, served: bool) -> None:
    await world.define(
        "version: '2.0'\nw:\n  tasks:\n    t:\n      action: a.b\n      worker: {queue: gpu, schedule-to-start: 1}\n"
        "      retry: {count: 1, delay: 0}\n      on-error: e\n    e: {action: std.echo output=<% task(t).result %>}"
    )
    pools = [Pool(project="p1", queue="gpu", action="a.b")] if served else []
    async with asking(world) as asked, asked.serving(*pools):
        begun = await asked.node.start("w")
        first = await asked.run_of("a.b t")
        assert first.worker.begin_by_micros - first.worker.sent_at_micros <= 1_000_000
        state, _ = await world.ended(begun.id)
        rows = await world.pool.fetch("SELECT state, output FROM action_execution WHERE name = 'a.b'")
        errors = {json.loads(row["output"]) for row in rows}
        assert (state, len(rows)) == ("SUCCESS", 2)
        assert errors == {"No worker began the action in time: none took 'a.b' from queue 'gpu' within 1 seconds"}


async def test_what_an_executor_holds_is_not_given_up(world: Any) -> None:
    await world.define("version: '2.0'\nw:\n  tasks:\n    t: {action: a.b, worker: {schedule-to-start: 0.5}}")
    async with asking(world) as asked:
        begun = await asked.node.start("w")
        run = await asked.run_of("a.b t")
        world.hands.held[run.action_id] = run
        await world.define(FLOW.replace("w:", "x:", 1).replace("a.b", "a.c, worker: {schedule-to-start: 1}"))
        other = await asked.node.start("x")
        assert (await world.ended(other.id))[0] == "ERROR"
        assert await world.pool.fetchval("SELECT state FROM execution WHERE id = $1", begun.id) == "RUNNING"
        await asked.node.record(result(run))
        assert (await world.ended(begun.id))[0] == "SUCCESS"


async def test_pools_that_workers_cannot_know_of_are_told_to_all_as_long_as_runs_are_open(world: Any) -> None:
    await world.define(
        "version: '2.0'\nw:\n  tasks:\n    t:\n      action: a.b\n      with-items: i in <% range(5) %>\n"
        "      worker: {fleet: cutters, workers: 3, limit: {key: k, concurrency: 2}}\n    plain: {action: a.b}"
    )
    async with asking(world) as asked:
        await asked.offer(offer("a.b"))
        begun = await asked.node.start("w")
        wanted = (await world.until(lambda: asked.wanted, bool))[0]
        assert (wanted.open_runs, wanted.fleet_workers, wanted.limit_concurrency) == (5, 3, 2)
        assert dict(wanted.labels) == {"mistral.fleet": "cutters", "mistral.execution": begun.id}
        # A limit counts messages: each run has one of its own.
        assert sorted(asked.sizes) == [1] * 6
        for _, run in list(asked.seen.values()):
            await asked.node.record(result(run))
        assert (await world.ended(begun.id))[0] == "SUCCESS"


async def test_what_waits_on_the_bus_for_workers_is_not_sent_again_but_what_is_lost_there_is(world: Any) -> None:
    await world.define(FLOW)
    async with asking(world, lost_seconds=0.2, sweep_seconds=0.2) as asked:
        await asked.offer(offer("a.b"))
        begun = await asked.node.start("w")
        run = await asked.run_of("a.b t")
        # Said to wait after two seconds: by then it was looked after several times.
        await world.until(lambda: info(world, begun.id), lambda found: found == WAITS)
        assert asked.seen == {}
        await world.bus.client.jetstream().purge_stream("TASKS", subject=f"mistral.tasks.{PLAIN.token}.>")
        again = await asked.run_of("a.b t")
        assert (again.action_id, again.attempt) == (run.action_id, run.attempt)
        await asked.node.record(result(again))
        assert (await world.ended(begun.id))[0] == "SUCCESS"


async def test_another_engine_goes_on_where_the_first_one_left(world: Any) -> None:
    await world.define(FLOW)
    async with asking(world) as asked:
        await asked.offer(offer("a.b"))
        begun = await asked.node.start("w")
        run = await asked.run_of("a.b t")
        await world.until(lambda: info(world, begun.id), lambda found: found == WAITS)
        await world.close_engines()
        node = await world.engine("engine-1")
        async with asked.serving(PLAIN):
            await world.until(lambda: info(world, begun.id), lambda found: found is None)
            await node.record(result(run, wire.ACTION_OUTCOME_SUCCESS, value=b"1"))
            assert (await world.ended(begun.id))[0] == "SUCCESS"
