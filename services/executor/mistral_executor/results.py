"""Results on their way to the engine: gathered by partition, sent until confirmed, and only then settled.

There is no delay to gather more: what ends while a message of its partition is on its way travels in the next. What
is too large for the bus, or cannot be sent because the bus is away, goes to an engine directly.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mistral.internal.v1.envelope_pb2 import ActionResult, EngineEnvelope
from mistral_executor.attempts import Key, Lease
from mistral_executor.engine import EngineClient
from mistral_executor.sent import Sent
from mistral_runtime.bus import Bus, BusRefused, BusUnavailable
from mistral_runtime.metrics import counter

_log = logging.getLogger(__name__)

_MESSAGES = counter("executor_result_messages", "Messages with results that were confirmed", ("way",))
_ON_BUS, _DIRECT = _MESSAGES.labels("bus"), _MESSAGES.labels("grpc")

# The bus takes 1 MiB in a message.
LARGE_BYTES = 512 * 1024
_OVERHEAD_BYTES = 160
_BUS_SECONDS = 3.0
_RETRY_SECONDS = 0.5
# More than that unconfirmed, and no further work is taken.
MOST_UNCONFIRMED = 20_000

_LARGE = -1


@dataclass(slots=True)
class _Batch:
    results: list[ActionResult] = field(default_factory=list)
    settled: list[Callable[[], None]] = field(default_factory=list)
    size: int = 0
    traceparent: str = ""


class Results:
    """Sends results. ``add`` never waits; ``watch`` must run in the background."""

    def __init__(self, bus: Bus, engine: EngineClient) -> None:
        self._bus = bus
        self._engine = engine
        self._batches: dict[int, deque[_Batch]] = {}
        self._sending: dict[int, asyncio.Task[None]] = {}
        self._fresh: list[int] = []
        self._loop = asyncio.get_running_loop()
        self._crash: asyncio.Future[None] = self._loop.create_future()
        self._room = asyncio.Event()
        self._room.set()
        self._empty = asyncio.Event()
        self._empty.set()
        self.sent = Sent()
        self.unconfirmed = 0

    def add(self, partition: int, result: ActionResult, settled: Callable[[], None], traceparent: str = "") -> None:
        """Send a result; ``settled`` is called once it is safe with the bus or an engine."""
        size = len(result.value) + _OVERHEAD_BYTES
        if size > LARGE_BYTES and self._engine.known:
            partition = _LARGE
        batches = self._batches.get(partition)
        if batches is None:
            batches = self._batches[partition] = deque((_Batch(),))
            if not self._fresh:
                self._loop.call_soon(self._start)
            self._fresh.append(partition)
        batch = batches[-1]
        if batch.size + size > LARGE_BYTES and batch.results:
            batch = _Batch()
            batches.append(batch)
        batch.results.append(result)
        batch.settled.append(settled)
        batch.size += size
        if traceparent:
            batch.traceparent = traceparent
        self.unconfirmed += 1
        if self.unconfirmed == 1:
            self._empty.clear()
        if self.unconfirmed == MOST_UNCONFIRMED:
            self._room.clear()

    def pending(self, wanted: Iterable[Key]) -> set[Key]:
        """Which of these attempts have a result that is not confirmed yet; slow, for after mishaps."""
        keys = set(wanted)
        batches = (batch for queue in self._batches.values() for batch in queue)
        return {key for batch in batches for result in batch.results if (key := _key(result)) in keys}

    def send_again(self, wanted: Iterable[Key]) -> set[Key]:
        """Send the results of these attempts once more, as far as they are remembered; returns which are."""
        found = self.sent.find(wanted)
        for partition, result in found:
            self.add(partition, result, _nothing)
        return {_key(result) for _, result in found}

    def stream_reset(self, stream: str, _: datetime) -> None:
        """The store of a stream was lost: what the engine had not read yet has to be sent again."""
        if stream != "ENGINE":
            return
        messages = self.sent.messages()
        _log.warning("sending the last %d messages with results again", len(messages))
        for partition, data in messages:
            for result in EngineEnvelope.FromString(data).results:
                self.add(partition, result, _nothing)

    @property
    def full(self) -> bool:
        return self.unconfirmed >= MOST_UNCONFIRMED

    async def room(self) -> None:
        """Return when not too many results are unconfirmed."""
        await self._room.wait()

    async def confirmed(self) -> None:
        """Return when all results are."""
        await self._empty.wait()

    async def watch(self) -> None:
        """Raise what went wrong in the background."""
        try:
            await self._crash
        finally:
            for task in self._sending.values():
                task.cancel()

    def _start(self) -> None:
        fresh, self._fresh = self._fresh, []
        for partition in fresh:
            task = self._loop.create_task(self._send(partition))
            self._sending[partition] = task
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) and not self._crash.done():
            self._crash.set_exception(error)

    async def _send(self, partition: int) -> None:
        batches = self._batches[partition]
        while batches:
            batch = batches[0]
            # From now on what ends goes into the next one.
            if len(batches) == 1:
                batches.append(_Batch())
            await self._deliver(partition, batch)
            batches.popleft()
            self._settle(batch)
            if not batches[-1].results:
                batches.pop()
        del self._batches[partition], self._sending[partition]

    async def _deliver(self, partition: int, batch: _Batch) -> None:
        data = b""
        if partition != _LARGE:
            data = EngineEnvelope(results=batch.results, traceparent=batch.traceparent).SerializeToString()
        while True:
            if partition != _LARGE and await self._published(partition, data):
                self.sent.remember(partition, data)
                _ON_BUS.inc()
                return
            if await self._recorded(batch.results):
                _DIRECT.inc()
                return
            await asyncio.sleep(_RETRY_SECONDS)

    async def _published(self, partition: int, data: bytes) -> bool:
        try:
            async with asyncio.timeout(_BUS_SECONDS):
                await self._bus.publish(f"mistral.engine.{partition}", data)
        except (TimeoutError, BusUnavailable):
            _log.warning("the bus does not confirm results")
            return False
        except BusRefused as error:
            _log.error("the bus refuses results: %s", error)
            return False
        return True

    async def _recorded(self, results: Sequence[ActionResult]) -> bool:
        return await self._engine.record(results)

    def _settle(self, batch: _Batch) -> None:
        for settled in batch.settled:
            settled()
        before, self.unconfirmed = self.unconfirmed, self.unconfirmed - len(batch.results)
        if before >= MOST_UNCONFIRMED > self.unconfirmed:
            self._room.set()
        if self.unconfirmed == 0:
            self._empty.set()


def _key(result: ActionResult) -> Key:
    return result.action_id, result.attempt


def _nothing() -> None:
    return


def settling(leases: Sequence[Lease]) -> Callable[[], None]:
    """Settle one task of each lease."""
    if len(leases) == 1:
        return leases[0].settle

    def settle() -> None:
        for lease in leases:
            lease.settle()

    return settle
