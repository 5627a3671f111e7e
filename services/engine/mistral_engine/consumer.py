"""What arrives over the bus for one lane: results of actions and due timers, turned into events."""

import asyncio
import logging
from collections.abc import Collection

import msgspec
import nats.errors
from google.protobuf.message import DecodeError

from mistral.internal.v1 import envelope_pb2
from mistral_core.machine.event import (
    ActionDeferred,
    ActionFinished,
    ActionLost,
    Event,
    Outcome,
    TimerFired,
    TimerKind,
)
from mistral_engine.ids import new_id, now
from mistral_engine.lane import Lane
from mistral_engine.letters import unreadable
from mistral_engine.work import JobWork, MessageWork, Occurrence
from mistral_runtime.bus import Bus, BusClosed, BusError, Delivery, PullConsumer
from mistral_runtime.bus.streams import ENGINE
from mistral_runtime.lifecycle import Tasks
from mistral_runtime.telemetry import recorded

_log = logging.getLogger(__name__)

_json = msgspec.json.Decoder()
_ACK_WAIT_SECONDS = 10.0
_PENDING = 4_096
_AGAIN_SECONDS = 0.1

_TIMER_KINDS = frozenset(TimerKind)
_OUTCOMES = {
    envelope_pb2.ACTION_OUTCOME_SUCCESS: Outcome.SUCCESS,
    envelope_pb2.ACTION_OUTCOME_ERROR: Outcome.ERROR,
    envelope_pb2.ACTION_OUTCOME_CANCELLED: Outcome.CANCELLED,
    envelope_pb2.ACTION_OUTCOME_REFUSED: Outcome.REFUSED,
}


class LaneConsumer:
    """Feeds a lane with the messages for its partitions.

    A work-queue stream gives each subject to one consumer, so whenever the partitions change the old consumer goes,
    and with it all that was not acked, which a new one gets.
    """

    def __init__(self, bus: Bus, lane: Lane, tasks: Tasks, name: str) -> None:
        self._bus = bus
        self._tasks = tasks
        self._lane = lane
        self._name = name
        self._consumer: PullConsumer | None = None
        self._feeding: asyncio.Task[None] | None = None

    async def serve(self, partitions: Collection[int]) -> None:
        """Take messages for exactly these partitions from now on, as soon as the bus lets us.

        Returns when those of other partitions have stopped coming.
        """
        await self.stop()
        if not partitions:
            return
        self._consumer = consumer = PullConsumer(
            self._bus,
            ENGINE,
            f"{self._name}_{new_id()[24:]}",
            [f"mistral.engine.{partition}" for partition in sorted(partitions)],
            ack_wait_seconds=_ACK_WAIT_SECONDS,
            max_ack_pending=_PENDING,
            durable=False,
        )
        self._feeding = self._tasks.start(self._feed(consumer, partitions), name=f"feed {self._name}")

    async def stop(self) -> None:
        """Take no more messages; what is not acked goes to the next consumer."""
        if self._feeding is not None:
            self._feeding.cancel()
            await asyncio.wait([self._feeding])
            self._feeding = None
        if self._consumer is not None:
            await self._consumer.stop(delete=True)
            self._consumer = None

    async def _start(self, consumer: PullConsumer, partitions: Collection[int]) -> None:
        while True:
            try:
                return await consumer.start()
            except (BusError, nats.errors.Error) as error:
                # Its predecessor may still be there: a dead engine's consumer goes after its inactivity.
                _log.info("cannot take messages yet: %r", error)
            try:
                await clear_consumers(self._bus, partitions)
            except nats.errors.Error as error:
                _log.warning("the bus does not say who takes messages: %r", error)
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _feed(self, consumer: PullConsumer, partitions: Collection[int]) -> None:
        await self._start(consumer, partitions)
        while True:
            try:
                deliveries = await consumer.take(256)
            except BusClosed:
                return
            await self._lane.inbox.until_room()
            for delivery in deliveries:
                self._accept(delivery)

    def _accept(self, delivery: Delivery) -> None:
        try:
            envelope = envelope_pb2.EngineEnvelope.FromString(delivery.data)
        except DecodeError as error:
            _log.error("a message on %s cannot be read and is put aside", delivery.subject)
            self._put_aside(delivery, error)
            return
        self._lane.inbox.put(MessageWork(delivery, occurrences_of(envelope), recorded(envelope.traceparent)))

    def _put_aside(self, delivery: Delivery, error: DecodeError) -> None:
        async def job() -> None:
            await self._lane.applying.put_aside(unreadable(delivery.subject, delivery.data, error))
            delivery.term()

        self._lane.inbox.put(JobWork(job, asyncio.get_running_loop().create_future()))


async def clear_consumers(bus: Bus, partitions: Collection[int]) -> None:
    """Remove other consumers of these partitions: we hold their leases, so whoever made them may not use them."""
    jetstream = bus.client.jetstream()
    subjects = {f"mistral.engine.{partition}" for partition in partitions}
    for info in await jetstream.consumers_info(ENGINE):
        config = info.config
        filters = set(config.filter_subjects or ([config.filter_subject] if config.filter_subject else ()))
        if filters & subjects:
            _log.info("consumer %s of an engine that is gone is removed", info.name)
            await jetstream.delete_consumer(ENGINE, info.name)


def occurrences_of(envelope: envelope_pb2.EngineEnvelope) -> list[Occurrence]:
    """Return the events that an envelope brings; results that are not JSON become errors of their actions."""
    at = now()
    occurrences: list[Occurrence] = [(r.execution_id, _result(r, at)) for r in envelope.results]
    for timer in envelope.timers:
        if timer.kind not in _TIMER_KINDS:
            _log.error("a timer of unknown kind %r is dropped", timer.kind)
            continue
        fired = TimerFired(at=at, task_id=timer.task_id, kind=TimerKind(timer.kind), round=timer.round)
        occurrences.append((timer.execution_id, fired))
    return occurrences


def _result(result: envelope_pb2.ActionResult, at: int) -> Event:
    match result.outcome:
        case envelope_pb2.ACTION_OUTCOME_DEFERRED:
            return ActionDeferred(at=at, task_id=result.task_id, action_id=result.action_id, attempt=result.attempt)
        case envelope_pb2.ACTION_OUTCOME_LOST:
            return ActionLost(at=at, task_id=result.task_id, action_id=result.action_id, attempt=result.attempt)
    outcome = _OUTCOMES.get(result.outcome, Outcome.ERROR)
    try:
        value = _json.decode(result.value) if result.value else None
    except (ValueError, RecursionError):
        outcome, value = Outcome.ERROR, "The result of the action is not valid JSON"
    return ActionFinished(
        at=at,
        task_id=result.task_id,
        action_id=result.action_id,
        attempt=result.attempt,
        outcome=outcome,
        value=value,
        permanent=result.permanent,
        worker=result.worker,
    )
