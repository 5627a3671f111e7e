"""Taking the runs of a pool off the bus, while workers here can take them.

All executors that have workers for a pool share its consumers, one for each priority; a pool with a limit has one for
all, because the limit is the number of messages that it hands out at a time.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from google.protobuf.message import DecodeError

from mistral.internal.v1.envelope_pb2 import ActionTask, TaskEnvelope
from mistral_core.priority import Priority, consumer_of
from mistral_core.worker_pools import Pool
from mistral_executor.attempts import Lease, Leases
from mistral_executor.line import ACK_WAIT_SECONDS, STREAM
from mistral_runtime import telemetry
from mistral_runtime.bus import Bus, BusClosed, BusError, Delivery, PullConsumer

_log = logging.getLogger(__name__)

_MOST_UNACKED: Final = 16_384
MOST_WANTED: Final = 16
_TAKE: Final = 16
_RETRY_SECONDS: Final = 0.5
# After the store of the queue was lost everything open is published anew, also what still runs somewhere.
_SUSPICION_SECONDS: Final = 30.0
_RANKS: Final = {str(priority): priority.rank for priority in Priority}

Receive = Callable[[Sequence[ActionTask], Lease, bool, bool], None]
"""Called with tasks, the lease that holds them, whether nobody had them before, whether they may have begun."""


class Line:
    """One consumer of a pool.

    Attributes:
        rank: The priority of what comes; None if all priorities do.
        flowing: Whether more is asked for.
    """

    def __init__(self, bus: Bus, pool: Pool, priorities: Sequence[Priority], leases: Leases, receive: Receive) -> None:
        self._bus = bus
        self._leases = leases
        self._receive = receive
        self._suspicious_until = 0.0
        self.rank = priorities[0].rank if len(priorities) == 1 else None
        self.flowing = True
        usual = Priority.NORMAL if self.rank is None else priorities[0]
        self._consumer = PullConsumer(
            bus,
            STREAM,
            consumer_of(f"{pool.token}.{usual}"),
            tuple(f"mistral.tasks.{pool.token}.{priority}" for priority in priorities),
            ack_wait_seconds=ACK_WAIT_SECONDS,
            max_ack_pending=pool.concurrency or _MOST_UNACKED,
            window=MOST_WANTED,
        )
        self._end_reset: Callable[[], None] | None = None

    async def run(self) -> None:
        """Take envelopes until ``leave()``."""
        self._end_reset = self._bus.streams.on_reset(self._stream_reset)
        try:
            await self._consumer.start()
            while True:
                for delivery in await self._consumer.take(_TAKE):
                    self._arrived(delivery)
                # Others have a turn, also when there is always more to take.
                await asyncio.sleep(0)
        except BusClosed:
            return
        finally:
            self._end_reset()

    def flow(self, wanted: int) -> None:
        """Ask for more, at most so many envelopes at a time; for nothing further if it is 0."""
        if wanted:
            self._consumer.narrow(wanted)
        if self.flowing != bool(wanted):
            self.flowing = bool(wanted)
            self._consumer.pause(not wanted)

    async def leave(self) -> None:
        """Take nothing further; what has arrived but was not taken is put back into the queue."""
        for delivery in await self._consumer.leave():
            envelope = _parsed(delivery)
            if envelope is not None:
                lease = self._leases.open(delivery, len(envelope.tasks), envelope.traceparent, _rank_of(delivery))
                await put_back(self._bus, envelope.tasks, lease)

    def _arrived(self, delivery: Delivery) -> None:
        envelope = _parsed(delivery)
        if envelope is None:
            return
        traceparent = telemetry.recorded(envelope.traceparent)
        lease = self._leases.open(delivery, len(envelope.tasks), traceparent or "", _rank_of(delivery))
        doubtful = delivery.num_delivered > 1 or envelope.doubtful
        fresh = not doubtful and time.monotonic() >= self._suspicious_until
        self._receive(envelope.tasks, lease, fresh, doubtful)

    def _stream_reset(self, stream: str, _: datetime) -> None:
        if stream == STREAM:
            self._suspicious_until = time.monotonic() + _SUSPICION_SECONDS


class Lines:
    """The lines of one pool, from its first worker to its last."""

    def __init__(self, bus: Bus, pool: Pool, leases: Leases, receive: Receive) -> None:
        self._pool = pool
        groups = [tuple(Priority)] if pool.concurrency else [(priority,) for priority in Priority]
        self.lines = [Line(bus, pool, group, leases, receive) for group in groups]
        self._left = False

    async def run(self) -> None:
        """Take what comes until ``leave()``."""
        async with asyncio.TaskGroup() as group:
            for line in self.lines:
                group.create_task(self._kept(line))

    async def leave(self) -> None:
        """Take nothing further."""
        self._left = True
        for line in self.lines:
            await line.leave()

    async def _kept(self, line: Line) -> None:
        while not self._left:
            try:
                await line.run()
                return
            except BusError as error:
                _log.warning("runs for workers of %s cannot be taken: %s", self._pool.action, error)
                await asyncio.sleep(_RETRY_SECONDS)


async def put_back(bus: Bus, tasks: Sequence[ActionTask], lease: Lease) -> None:
    """Publish runs that were not given out once more, for another executor; then they count as never delivered."""
    envelope = TaskEnvelope(tasks=tasks, traceparent=lease.traceparent)
    await bus.publish(lease.delivery.subject, envelope.SerializeToString())
    lease.settle(len(tasks))


def _rank_of(delivery: Delivery) -> int:
    return _RANKS.get(delivery.subject.rpartition(".")[2], Priority.NORMAL.rank)


def _parsed(delivery: Delivery) -> TaskEnvelope | None:
    try:
        return TaskEnvelope.FromString(delivery.data)
    except DecodeError:
        # It will not get better by being delivered again.
        _log.error("dropped a message of %s that is no envelope", delivery.subject)
        delivery.term()
        return None
