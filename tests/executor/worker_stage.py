"""An executor's side for workers in tests, and an engine that gives it runs."""

import asyncio
from typing import Any

import grpc.aio

from mistral.internal.v1 import envelope_pb2 as pb2
from mistral.internal.v1 import worker_pool_pb2
from mistral.v1.worker_service_pb2 import WorkRequest
from mistral.v1.worker_service_pb2_grpc import WorkerServiceStub
from mistral_core.priority import Priority, consumer_of
from mistral_core.worker_pools import Pool
from mistral_runtime.worker_pools import pool_from, pool_message


class Workers:
    """An executor's side for workers, and an engine that gives it runs."""

    def __init__(self, engine: Any, port: int, client: Any) -> None:
        self.engine = engine
        self.port = port
        self.client = client
        # Other tests share the bus: names of ours are ours alone.
        self.suffix = f"-{engine.partition}"

    def named(self, action: str) -> str:
        return action + self.suffix

    def described(self, *actions: Any, **more: Any) -> Any:
        offers = [self.named(each) if isinstance(each, str) else self._offer(each) for each in actions]
        return self.client.described(*offers, **more)

    def connected(self, *actions: Any, port: int = 0, **more: Any) -> Any:
        """A connected worker that offers actions; takes what the description and ``connected`` take."""
        own = {name: more.pop(name) for name in ("credits", "held", "metadata") if name in more}
        return self.client.connected(port or self.port, self.described(*actions, **more), **own)

    def back(self, worker: Any, *, port: int = 0, **more: Any) -> Any:
        """The same worker, connected again."""
        return self.client.connected(port or self.port, worker, **more)

    def pool(self, action: str, **more: Any) -> Pool:
        fields = {"project": "<default-project>", "queue": "default", **more}
        return Pool(action=self.named(action), **fields)

    def task(self, action: str, given: dict[str, Any] | None = None, **more: Any) -> pb2.ActionTask:
        pool = more.pop("pool", None) or self.pool(action)
        wanted = {key: more.pop(key) for key in pb2.WorkerRun.DESCRIPTOR.fields_by_name if key in more}
        task = self.engine.task(pool.action, given if given is not None else {}, **more)
        task.worker.CopyFrom(pb2.WorkerRun(pool=pool_message(pool), **wanted))
        return task

    async def give(self, action: str, given: dict[str, Any] | None = None, **more: Any) -> pb2.ActionTask:
        """Send a run to its pool."""
        sending = {key: more.pop(key) for key in ("priority", "doubtful", "traceparent") if key in more}
        task = self.task(action, given, **more)
        await self.send(task, **sending)
        return task

    async def send(self, *tasks: pb2.ActionTask, priority: str = "normal", **more: Any) -> None:
        envelope = pb2.TaskEnvelope(tasks=tasks, **more)
        subject = f"mistral.tasks.{pool_from(tasks[0].worker.pool).token}.{priority}"
        await self.engine.bus.publish(subject, envelope.SerializeToString())

    async def result(self, task: pb2.ActionTask, seconds: float = 15.0) -> tuple[str, Any]:
        return await self.engine.result(task, seconds)

    def cancel(self, task: pb2.ActionTask) -> None:
        """Nobody waits for a run any more."""
        notice = pb2.CancelEnvelope(attempts=[pb2.Attempt(action_id=task.action_id, attempt=task.attempt)])
        self.engine.bus.send("mistral.executors.cancel", notice.SerializeToString())

    async def settled(self) -> None:
        """Return when what was sent over the bus so far has been heard."""
        await self.engine.bus.outbox.drain()
        await self.engine.bus.request_all("mistral.executors.census", pb2.CensusRequest().SerializeToString(), 0.3)

    async def census(self, task: pb2.ActionTask) -> list[pb2.CensusReply]:
        """What executors say of a run."""
        request = pb2.CensusRequest(attempts=[pb2.Attempt(action_id=task.action_id, attempt=task.attempt)])
        answers = await self.engine.bus.request_all("mistral.executors.census", request.SerializeToString(), 0.3)
        return [pb2.CensusReply.FromString(answer) for answer in answers]

    async def held(self, task: pb2.ActionTask) -> None:
        """Return when an executor has a run in hand."""
        async with asyncio.timeout(10):
            while not any(reply.held for reply in await self.census(task)):
                pass

    async def nothing_in_hand(self) -> None:
        """Return when no message of the stream is left that an executor has and has not acked."""
        jetstream = self.engine.bus.client.jetstream()
        async with asyncio.timeout(20):
            while True:
                infos = await jetstream.consumers_info("TASKS")
                mine = [info for info in infos if self.pool_consumers & {info.name}]
                if not any(info.num_ack_pending or info.num_pending for info in mine):
                    return
                await asyncio.sleep(0.1)

    @property
    def pool_consumers(self) -> set[str]:
        return {consumer_of(f"{self.pool('work').token}.{priority}") for priority in Priority}

    def want(self, pool: Pool) -> None:
        """Tell executors that runs wait in a pool."""
        wanted = worker_pool_pb2.WantedPools(pools=[pool_message(pool)])
        self.engine.bus.send("mistral.workers.wanted", wanted.SerializeToString())

    async def first_words(self, **message: Any) -> Any:
        """The status of a session that begins so."""
        async with grpc.aio.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            call = WorkerServiceStub(channel).Work()
            await call.write(WorkRequest(**message))
            return await call.code()

    async def refused(self, worker: Any, *, port: int = 0, **more: Any) -> Any:
        """The status that a worker is not let in with."""
        try:
            async with self.client.connected(port or self.port, worker, **more) as it:
                await it.until(lambda: it.over)
                return it.error.code()
        except grpc.aio.AioRpcError as error:
            return error.code()

    def _offer(self, offer: Any) -> Any:
        offer.name = self.named(offer.name)
        return offer
