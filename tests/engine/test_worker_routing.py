"""Actions that workers offer: taken down, found by decisions, and sent to the pool they are for."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mistral.internal.v1 import envelope_pb2 as wire
from mistral.internal.v1 import worker_state_service_pb2 as pb
from mistral.v1 import worker_pb2
from mistral_core.worker_pools import Pool
from tests.engine.offering import Asked, asking, offer, result

FLOW = """
version: '2.0'
w:
  input: [queue]
  tasks:
    plain: {action: images.resize size=3}
    elsewhere: {action: images.resize, target: <% $.queue %>, priority: high}
    unknown: {action: images.crop}
    own: {action: std.echo output=1}
"""


@pytest.fixture
async def asked(world: Any) -> AsyncIterator[Asked]:
    async with asking(world) as asked:
        yield asked


async def test_an_offered_action_goes_to_the_pool_of_its_queue(world: Any, asked: Asked) -> None:
    await world.define(FLOW)
    await asked.offer(offer("images.resize", safe_rerun=True))
    await asked.node.start("w", {"queue": "gpu"})

    seen = await world.until(asked.tasks, lambda found: len(found) == 4)
    place, plain = seen["images.resize plain"]
    assert place == f"{Pool(project='p1', queue='default', action='images.resize').token}.normal"
    assert (plain.worker.pool.project_id, plain.worker.pool.queue, plain.worker.pool.action) == (
        "p1",
        "default",
        "images.resize",
    )
    assert plain.safe_rerun
    assert plain.worker.sent_at_micros
    assert not plain.worker.progressed
    assert seen["images.resize elsewhere"][0] == f"{Pool(project='p1', queue='gpu', action='images.resize').token}.high"
    assert seen["images.crop"][0] == seen["std.echo"][0] == "default.normal"
    assert not seen["std.echo"][1].HasField("worker")


async def test_a_public_offer_of_another_project_counts_unless_the_project_has_its_own(
    world: Any, asked: Asked
) -> None:
    await world.define(FLOW)
    await asked.offer(offer("images.resize"), offer("images.crop", public=True), project="p2")
    await asked.node.start("w", {"queue": "gpu"})
    seen = await world.until(asked.tasks, lambda found: len(found) == 3)
    assert seen["images.resize"][0] in ("default.normal", "gpu.high")
    assert seen["images.crop unknown"][1].worker.pool.project_id == "p2"

    asked.seen.clear()
    await asked.offer(offer("images.crop"))
    await asked.node.start("w", {"queue": "gpu"})
    seen = await world.until(asked.tasks, lambda found: len(found) == 3)
    assert seen["images.crop unknown"][1].worker.pool.project_id == "p1"


async def test_only_what_changes_an_offer_makes_the_engines_look_again(world: Any, asked: Asked) -> None:
    async def epoch() -> int:
        return int(await world.pool.fetchval("SELECT epoch FROM definition_epoch"))

    await asked.offer(offer("a.b", description="one"), offer("std.echo"), offer(""))
    first = await epoch()
    await asked.offer(offer("a.b", description="one"))
    assert await epoch() == first
    await asked.offer(offer("a.b", description="two"))
    assert await epoch() > first
    rows = await world.pool.fetch("SELECT name, queue, description FROM offered_action")
    assert [tuple(row) for row in rows] == [("a.b", "default", "two")]


async def test_a_result_keeps_the_worker_and_a_permanent_failure_is_not_tried_again(world: Any, asked: Asked) -> None:
    await world.define(
        "version: '2.0'\nw:\n  tasks:\n    t: {action: a.b, retry: {count: 5, delay: 0}, on-error: e}\n"
        "    e: {action: std.noop}"
    )
    await asked.offer(offer("a.b"))
    begun = await asked.node.start("w")
    _, run = (await world.until(asked.tasks, lambda found: "a.b t" in found))["a.b t"]
    failed = result(run, wire.ACTION_OUTCOME_ERROR, value=b'"no money"', permanent=True, worker="w-3")
    await asked.node.record(failed)
    assert (await world.ended(begun.id))[0] == "SUCCESS"
    rows = await world.pool.fetch("SELECT body FROM action_execution WHERE name = 'a.b'")
    assert [json.loads(row["body"])["worker"] for row in rows] == ["w-3"]


async def test_the_key_of_tokens_is_made_once(asked: Asked) -> None:
    async def key() -> bytes:
        return (await asked.stub.GetWorkerTokenKey(pb.GetWorkerTokenKeyRequest())).key

    keys = set(await asyncio.gather(*(key() for _ in range(8))))
    assert len(keys) == 1
    assert len(keys.pop()) == 32


async def test_progress_is_kept_for_the_next_try(world: Any, asked: Asked) -> None:
    await world.define("version: '2.0'\nw:\n  tasks:\n    t: {action: a.b, retry: {count: 1, delay: 0}}")
    await asked.offer(offer("a.b"))
    await asked.node.start("w")
    _, run = (await world.until(asked.tasks, lambda found: "a.b t" in found))["a.b t"]

    async def tell(**fields: Any) -> None:
        progress = worker_pb2.AssignmentProgress(**fields)
        told = pb.ActionProgress(action_id=run.action_id, attempt=1, worker="w-3", progress=progress)
        await asked.stub.RecordProgress(pb.RecordProgressRequest(progress=[told, pb.ActionProgress(action_id="no")]))

    await tell(percent=30, details=b'{"step": 3}', lines=[worker_pb2.LogLine(message="third")])
    await tell(percent=40, lines=[worker_pb2.LogLine(message="fourth", level=worker_pb2.LOG_LEVEL_ERROR)])
    row = await world.pool.fetchrow("SELECT * FROM action_progress")
    assert (row["percent"], json.loads(row["details"])) == (40, {"step": 3})
    lines = [(line["level"], line["message"]) for line in json.loads(row["lines"])]
    assert lines == [("INFO", "third"), ("ERROR", "fourth")]

    asked.seen.clear()
    await asked.node.record(result(run, wire.ACTION_OUTCOME_ERROR, value=b'"x"'))
    _, again = (await world.until(asked.tasks, lambda found: "a.b t" in found))["a.b t"]
    assert again.action_id != run.action_id
    assert again.worker.progressed
    answer = await asked.stub.GetProgressDetails(pb.GetProgressDetailsRequest(action_id=again.action_id))
    assert json.loads(answer.details) == {"step": 3}

    await tell(percent=99)
    assert await world.pool.fetchval("SELECT percent FROM action_progress") == 40
