"""A worker of the tests: says what it is told to say, and keeps what it hears. Nothing is done for it."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc.aio

from mistral.v1 import worker_pb2
from mistral.v1 import worker_service_pb2 as pb2
from mistral.v1.worker_service_pb2_grpc import WorkerServiceStub

_numbers = itertools.count(1)


def described(*actions: Any, **more: Any) -> worker_pb2.WorkerDescription:
    """What a worker says of itself; actions are names or offers."""
    number = next(_numbers)
    fields = {"id": f"worker-{number}", "instance": f"instance-{number}", "sdk": "tests", "slots": 10, **more}
    offers = [worker_pb2.ActionOffer(name=each) if isinstance(each, str) else each for each in actions]
    return worker_pb2.WorkerDescription(actions=offers, **fields)


class TestWorker:
    """One session."""

    __test__ = False

    def __init__(self, call: Any, worker: worker_pb2.WorkerDescription) -> None:
        self.call = call
        self.worker = worker
        self.welcome = pb2.ServerWelcome()
        self.assignments: list[worker_pb2.Assignment] = []
        self.recorded: list[str] = []
        self.cancels: list[worker_pb2.CancelRequest] = []
        self.rejections: dict[str, int] = {}
        self.go_away: pb2.ServerGoAway | None = None
        self.error: grpc.aio.AioRpcError | None = None
        self.over = False
        self._news = asyncio.Condition()

    async def say(self, **message: Any) -> None:
        await self.call.write(pb2.WorkRequest(**message))

    async def hello(self, held: dict[str, bool] | None = None) -> None:
        named = [worker_pb2.HeldAssignment(token=token, finished=end) for token, end in (held or {}).items()]
        await self.say(hello=pb2.WorkerHello(worker=self.worker, held=named))
        first = await self.call.read()
        assert first is not grpc.aio.EOF, await self.call.code()
        self.welcome = first.welcome

    async def credit(self, more: int) -> None:
        await self.say(credits=pb2.WorkerCredits(more=more))

    async def ack(self, *tokens: str) -> None:
        await self.say(acks=pb2.WorkerAcks(tokens=tokens))

    async def heartbeat(self, *tokens: str) -> None:
        await self.say(heartbeat=pb2.WorkerHeartbeat(tokens=tokens))

    async def drain(self) -> None:
        await self.say(drain=pb2.WorkerDrain())

    async def end(self, *results: worker_pb2.AssignmentResult) -> None:
        await self.say(results=pb2.WorkerResults(results=results))

    async def succeed(self, token: str, value: Any = None) -> None:
        await self.end(success(token, value))

    async def assigned(self, count: int = 1, seconds: float = 10.0) -> list[worker_pb2.Assignment]:
        """Wait until so many were assigned in all."""
        await self.until(lambda: len(self.assignments) >= count, seconds)
        return self.assignments

    async def until(self, condition: Any, seconds: float = 10.0) -> None:
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(condition)

    async def listen(self) -> None:
        try:
            while (response := await self.call.read()) is not grpc.aio.EOF:
                self._heard(response)
                async with self._news:
                    self._news.notify_all()
        except grpc.aio.AioRpcError as error:
            self.error = error
        except asyncio.CancelledError:
            pass
        self.over = True
        async with self._news:
            self._news.notify_all()

    def _heard(self, response: pb2.WorkResponse) -> None:
        self.assignments.extend(response.assignments.assignments)
        self.recorded.extend(response.recorded.tokens)
        self.cancels.extend(response.cancels.cancels)
        self.rejections.update({each.token: each.reason for each in response.rejections.rejections})
        if response.HasField("go_away"):
            self.go_away = response.go_away


def success(token: str, value: Any = None) -> worker_pb2.AssignmentResult:
    output = json.dumps(value).encode()
    return worker_pb2.AssignmentResult(token=token, success=worker_pb2.AssignmentSuccess(output=output))


def failure(token: str, message: str, **more: Any) -> worker_pb2.AssignmentResult:
    return worker_pb2.AssignmentResult(token=token, failure=worker_pb2.AssignmentFailure(message=message, **more))


@asynccontextmanager
async def connected(
    port: int,
    worker: worker_pb2.WorkerDescription,
    *,
    credits: int = 0,
    held: dict[str, bool] | None = None,
    metadata: tuple[tuple[str, str], ...] = (),
) -> AsyncIterator[TestWorker]:
    """A worker that is connected and was welcomed; its stream is broken off at the end."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = WorkerServiceStub(channel).Work(metadata=metadata)
        it = TestWorker(call, worker)
        await it.hello(held)
        listening = asyncio.create_task(it.listen())
        if credits:
            await it.credit(credits)
        try:
            yield it
        finally:
            call.cancel()
            listening.cancel()
            await asyncio.wait([listening])
