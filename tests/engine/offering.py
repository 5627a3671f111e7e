"""Stands in for executors with workers: tells an engine what is offered, and sees what goes to the pools."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc.aio

from mistral.internal.v1 import envelope_pb2 as wire
from mistral.internal.v1 import worker_pool_pb2
from mistral.internal.v1 import worker_state_service_pb2 as pb
from mistral.internal.v1 import worker_state_service_pb2_grpc as rpc
from mistral.v1 import worker_pb2
from mistral_core.worker_pools import Pool
from mistral_runtime.worker_pools import pool_message


class Asked:
    """The service of one engine, and what the bus carries to executors."""

    def __init__(self, world: Any, node: Any, stub: rpc.WorkerStateServiceStub) -> None:
        self.world = world
        self.node = node
        self.stub = stub
        self.seen: dict[str, tuple[str, wire.ActionTask]] = {}
        self.sizes: list[int] = []
        self.wanted: list[worker_pool_pb2.WorkerPool] = []

    async def offer(self, *actions: worker_pb2.ActionOffer, project: str = "p1", queue: str = "") -> None:
        offers = pb.WorkerOffers(project_id=project, queue=queue, actions=actions)
        await self.stub.RecordOffers(pb.RecordOffersRequest(executor="executor-0", offers=[offers]))

    async def listen(self) -> None:
        await self.world.bus.subscribe("mistral.tasks.>", self._heard)
        await self.world.bus.subscribe("mistral.workers.wanted", self._want)

    async def _heard(self, message: Any) -> None:
        envelope = wire.TaskEnvelope.FromString(message.data)
        self.sizes.append(len(envelope.tasks))
        for task in envelope.tasks:
            self.seen[task.action_id] = (message.subject.removeprefix("mistral.tasks."), task)

    async def _want(self, message: Any) -> None:
        self.wanted.extend(worker_pool_pb2.WantedPools.FromString(message.data).pools)

    def tasks(self) -> dict[str, tuple[str, wire.ActionTask]]:
        return {f"{task.action} {task.worker.task_name}".strip(): (place, task) for place, task in self.seen.values()}

    async def run_of(self, name: str) -> wire.ActionTask:
        """Wait for the run of an action of a task, such as ``a.b t``, and forget what was seen."""
        _, run = (await self.world.until(self.tasks, lambda found: name in found))[name]
        self.seen.clear()
        return run

    @asynccontextmanager
    async def serving(self, *pools: Pool) -> AsyncIterator[None]:
        """Tell that there are workers for these pools, for as long as the block lasts."""
        present = [worker_pool_pb2.PoolPresent(pool=pool_message(pool), workers=1, credits=1) for pool in pools]
        told = worker_pool_pb2.WorkersPresent(instance="i-1", executor="executor-0", pools=present)

        async def tell() -> None:
            while True:
                self.world.bus.send("mistral.workers.present", told.SerializeToString())
                await asyncio.sleep(0.3)

        telling = asyncio.create_task(tell())
        try:
            yield
        finally:
            telling.cancel()
            told.leaving = True
            self.world.bus.send("mistral.workers.present", told.SerializeToString())


@asynccontextmanager
async def asking(world: Any, **settings: Any) -> AsyncIterator[Asked]:
    """An engine that knows of no offers, and what to ask it with."""
    await world.pool.execute("TRUNCATE offered_action, action_progress, worker_key")
    node = await world.engine(**settings)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{node.port}") as channel:
        asked = Asked(world, node, rpc.WorkerStateServiceStub(channel))
        await asked.listen()
        yield asked


def offer(name: str, **more: Any) -> worker_pb2.ActionOffer:
    return worker_pb2.ActionOffer(name=name, **more)


def result(run: wire.ActionTask, outcome: Any = wire.ACTION_OUTCOME_SUCCESS, **more: Any) -> wire.ActionResult:
    return wire.ActionResult(
        action_id=run.action_id,
        attempt=run.attempt,
        task_id=run.task_id,
        execution_id=run.execution_id,
        outcome=outcome,
        **more,
    )
