"""Taking envelopes of one priority of a queue: what comes first is run, what comes again is looked into first.

All executors share one consumer per priority and queue. What was pulled is taken at once, because only what is in
hand has its lease renewed; when all slots are taken, no more is pulled.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import datetime

from google.protobuf.message import DecodeError

from mistral.internal.v1.envelope_pb2 import ActionTask, TaskEnvelope
from mistral_core.priority import Priority, consumer_of, queue_token
from mistral_executor.attempts import Lease, Leases, key_of
from mistral_executor.census import held_elsewhere
from mistral_executor.results import Results
from mistral_executor.running import Runner
from mistral_runtime import telemetry
from mistral_runtime.bus import Bus, BusClosed, BusUnavailable, Delivery, PullConsumer

_log = logging.getLogger(__name__)

STREAM = "TASKS"
ACK_WAIT_SECONDS = 4.0
_MOST_UNACKED = 16_384
_WINDOW = 16
_TAKE = 16
# After the store of the queue was lost everything open is published anew, also what still runs somewhere.
_SUSPICION_SECONDS = 30.0


class Line:
    """Takes the envelopes of one priority of a queue until ``leave()``."""

    def __init__(
        self, bus: Bus, queue: str, priority: Priority, runner: Runner, results: Results, leases: Leases
    ) -> None:
        self._bus = bus
        self.priority = priority
        self._rank = priority.rank
        self._runner = runner
        self._results = results
        self._leases = leases
        self._suspicious_until = 0.0
        self._consumer = PullConsumer(
            bus,
            STREAM,
            consumer_of(f"{queue_token(queue)}.{priority}"),
            (f"mistral.tasks.{queue_token(queue)}.{priority}",),
            ack_wait_seconds=ACK_WAIT_SECONDS,
            max_ack_pending=_MOST_UNACKED,
            window=_WINDOW,
        )

    async def start(self) -> None:
        self._bus.streams.on_reset(self._stream_reset)
        await self._consumer.start()

    async def run(self) -> None:
        """Take envelopes until ``leave()``."""
        try:
            while True:
                for delivery in await self._consumer.take(_TAKE):
                    self._received(delivery)
                # Others have a turn, also when there is always more to take.
                await asyncio.sleep(0)
                if self._runner.full or self._results.full:
                    await self._pause()
        except BusClosed:
            return

    async def leave(self) -> None:
        """Take nothing further; what has arrived but not begun is put back into the queue."""
        for delivery in await self._consumer.leave():
            envelope = _parsed(delivery)
            if envelope is None:
                continue
            lease = self._leases.open(delivery, len(envelope.tasks), envelope.traceparent, self._rank)
            await self.put_back(envelope.tasks, lease)

    async def put_back(self, tasks: Sequence[ActionTask], lease: Lease) -> None:
        """Publish tasks that have not begun once more, for another executor.

        To refuse the message would not do: after that it counts as delivered twice, and as lost with us.
        """
        envelope = TaskEnvelope(tasks=tasks, traceparent=lease.traceparent)
        await self._bus.publish(lease.delivery.subject, envelope.SerializeToString())
        lease.settle(len(tasks))

    async def _pause(self) -> None:
        """Ask for nothing further until there is room; what was asked for already is still taken."""
        self._consumer.pause()
        room = asyncio.ensure_future(self._room())
        try:
            while not room.done():
                taking = asyncio.ensure_future(self._consumer.take(_TAKE))
                await asyncio.wait((room, taking), return_when=asyncio.FIRST_COMPLETED)
                if taking.done():
                    for delivery in taking.result():
                        self._received(delivery)
                else:
                    taking.cancel()
        finally:
            room.cancel()
            self._consumer.pause(False)

    async def _room(self) -> None:
        await self._runner.free(self._rank)
        await self._results.room()

    def _received(self, delivery: Delivery) -> None:
        envelope = _parsed(delivery)
        if envelope is None:
            return
        # An unsampled trace costs nothing here.
        traceparent = telemetry.recorded(envelope.traceparent)
        lease = self._leases.open(delivery, len(envelope.tasks), traceparent, self._rank)
        if not traceparent:
            self._accept(delivery, envelope, lease)
            return
        with telemetry.span("actions", parent_traceparent=traceparent, kind=telemetry.CONSUMER):
            lease.traceparent = telemetry.current_traceparent() or traceparent
            self._accept(delivery, envelope, lease)

    def _accept(self, delivery: Delivery, envelope: TaskEnvelope, lease: Lease) -> None:
        if delivery.num_delivered > 1 or envelope.doubtful or time.monotonic() < self._suspicious_until:
            self._bus.tasks.start(self._again(delivery, envelope, lease), name="redelivered envelope")
        else:
            self._begin(envelope.tasks, lease)

    def _begin(self, tasks: Sequence[ActionTask], lease: Lease) -> None:
        take_on = self._runner.take_on
        for task in tasks:
            take_on(task, lease)

    async def _again(self, delivery: Delivery, envelope: TaskEnvelope, lease: Lease) -> None:
        """Run what may run twice; of the rest find out whether another executor has it, or had it."""
        known = self._runner.attempts
        doubtful: list[ActionTask] = []
        for task in envelope.tasks:
            key = key_of(task)
            if self._runner.repeatable(task) or key in known.held or key in known.ended or key in known.cancelled:
                self._runner.take_on(task, lease)
            else:
                doubtful.append(task)
        if not doubtful:
            return
        try:
            elsewhere = await held_elsewhere(self._bus, map(key_of, doubtful))
        except BusUnavailable as error:
            _log.warning("nobody can be asked about redelivered actions: %s", error)
            elsewhere = set(map(key_of, doubtful))
        for task in doubtful:
            if key_of(task) in elsewhere:
                lease.kept = True
                lease.settle()
            elif delivery.num_delivered > 1 or envelope.doubtful:
                self._runner.lost(task, lease)
            else:
                self._runner.take_on(task, lease)

    def _stream_reset(self, stream: str, _: datetime) -> None:
        if stream == STREAM:
            self._suspicious_until = time.monotonic() + _SUSPICION_SECONDS


def _parsed(delivery: Delivery) -> TaskEnvelope | None:
    try:
        return TaskEnvelope.FromString(delivery.data)
    except DecodeError:
        # It will not get better by being delivered again.
        _log.error("dropped a message of %s that is no envelope", delivery.subject)
        delivery.term()
        return None
