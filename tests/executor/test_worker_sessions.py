"""Workers over the stream: given what they offer, within their credits, and told when what they did is safe."""

import asyncio
import json
from typing import Any

import grpc
import pytest

from mistral.internal.v1 import envelope_pb2, worker_pool_pb2
from mistral.v1 import worker_pb2
from mistral_core.worker_pools import Pool

DEFAULT = "<default-project>"


async def test_a_run_goes_to_a_worker_and_its_result_to_the_engine(workers: Any) -> None:
    async with workers.connected("greet", credits=1) as worker:
        task = await workers.give("greet", {"name": "Ada"})
        [assignment] = await worker.assigned()
        assert json.loads(assignment.input) == {"name": "Ada"}
        assert assignment.action_execution_id == assignment.idempotency_key == task.action_id
        await worker.ack(assignment.token)
        await worker.succeed(assignment.token, "Hello, Ada")
        assert await workers.result(task) == ("SUCCESS", "Hello, Ada")
        await worker.until(lambda: worker.recorded == [assignment.token])


async def test_no_more_is_assigned_than_was_asked_for(workers: Any) -> None:
    async with workers.connected("count", credits=2) as worker:
        tasks = [await workers.give("count", {"n": n}) for n in range(5)]
        await worker.assigned(2)
        for done in range(5):
            await worker.assigned(done + 1)
            await worker.succeed(worker.assignments[done].token, done)
            await workers.result(tasks[json.loads(worker.assignments[done].input)["n"]])
            assert len(worker.assignments) <= 2 + done
            await worker.credit(1)
