"""An executor by hand: takes envelopes off the bus, remembers them, and answers as a test tells it."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from mistral.internal.v1 import envelope_pb2 as wire
from mistral_runtime.bus import Bus, BusClosed, Message, PullConsumer

SUCCESS, ERROR, LOST = wire.ACTION_OUTCOME_SUCCESS, wire.ACTION_OUTCOME_ERROR, wire.ACTION_OUTCOME_LOST
DEFERRED = wire.ACTION_OUTCOME_DEFERRED
HOLD = object()
"""Answer of a hand that keeps the action for itself."""

Answer = Callable[[wire.ActionTask, Any], Any]


class Failed(Exception):
    """Raised by an answer: the action is an error with this payload."""


def usual(task: wire.ActionTask, given: Any) -> Any:
    """What the standard actions would answer."""
    match task.action:
        case "std.echo":
            return given["output"]
        case "std.fail":
            raise Failed(given.get("error_data"))
        case _:
            return None


class Hands:
    """An executor by hand: takes envelopes, remembers them, answers as it is told, and is asked about what it holds."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.answer: Answer = usual
        self.taken: list[wire.ActionTask] = []
        self.held: dict[str, wire.ActionTask] = {}
        self.input_of: Callable[[str], Any] | None = None
        self._news = asyncio.Condition()
        self._consumer = PullConsumer(
            bus,
            "TASKS",
            "executors_default",
            ("mistral.tasks.default.*",),
            ack_wait_seconds=4,
            max_ack_pending=1000,
        )

    async def work(self) -> None:
        await self._consumer.start()
        await self.bus.subscribe("mistral.executors.census", self._census)
        while True:
            try:
                deliveries = await self._consumer.take(64)
            except BusClosed:
                return
            for delivery in deliveries:
                for task in wire.TaskEnvelope.FromString(delivery.data).tasks:
                    self.taken.append(task)
                    await self._do(task)
                delivery.ack()
            async with self._news:
                self._news.notify_all()

    async def stop(self) -> None:
        await self._consumer.stop(delete=True)

    async def give(self, task: wire.ActionTask, value: Any = None, outcome: int = SUCCESS) -> None:
        self.held.pop(task.action_id, None)
        await self.publish(task.partition, self.result(task, value, outcome))

    async def publish(self, partition: int, *results: wire.ActionResult) -> None:
        envelope = wire.EngineEnvelope(results=results)
        await self.bus.publish(f"mistral.engine.{partition}", envelope.SerializeToString())

    @staticmethod
    def result(task: wire.ActionTask, value: Any = None, outcome: int = SUCCESS) -> wire.ActionResult:
        return wire.ActionResult(
            action_id=task.action_id,
            attempt=task.attempt,
            task_id=task.task_id,
            execution_id=task.execution_id,
            outcome=outcome,
            value=value if isinstance(value, bytes) else json.dumps(value).encode(),
        )

    async def taken_of(self, execution_id: str, count: int, seconds: float = 15.0) -> list[wire.ActionTask]:
        """Wait until so many actions of an execution came."""

        def found() -> list[wire.ActionTask]:
            return [task for task in self.taken if task.execution_id == execution_id]

        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: len(found()) >= count)
        return found()

    async def _do(self, task: wire.ActionTask) -> None:
        given = json.loads(task.input) if task.input else None
        if task.input_stored and self.input_of is not None:
            given = await self.input_of(task.action_id)
        try:
            value = self.answer(task, given)
        except Failed as error:
            return await self.give(task, error.args[0], ERROR)
        if value is HOLD:
            self.held[task.action_id] = task
        else:
            await self.give(task, value)

    async def _census(self, message: Message) -> None:
        asked = wire.CensusRequest.FromString(message.data)
        held = [a for a in asked.attempts if a.action_id in self.held]
        message.respond(wire.CensusReply(instance="hands", held=held).SerializeToString())
