"""Taking messages of a stream: a pull loop of our own, because ``fetch`` costs several times as much.

Some pulls are always outstanding; what arrives waits in a small buffer until ``take()``. When the consumer, the
stream or the whole server goes away, the consumer is made again and pulled from again; what had not been acked by
then is delivered again, to us or to someone else.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime

import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from mistral_runtime.bus.connection import Bus
from mistral_runtime.bus.consumer import ConsumerDefinition, Declared, declare, remove
from mistral_runtime.bus.delivery import Delivery, Origin
from mistral_runtime.bus.errors import BusClosed, BusError, BusUnavailable
from mistral_runtime.bus.inlet import end_interest, receive
from mistral_runtime.bus.pulls import Pulls, Word
from mistral_runtime.bus.streams import is_work_queue

_log = logging.getLogger(__name__)

_FIRST_RETRY_SECONDS, _LAST_RETRY_SECONDS = 0.05, 1.0


class PullConsumer:
    """A JetStream consumer and the buffer of what it has delivered."""

    def __init__(
        self,
        bus: Bus,
        stream: str,
        name: str,
        subjects: Sequence[str],
        *,
        ack_wait_seconds: float,
        max_ack_pending: int,
        max_deliver: int = -1,
        durable: bool = True,
        new_only: bool = False,
        window: int = 256,
    ) -> None:
        """Describe the consumer; ``start()`` makes it.

        Args:
            durable: Survives without pulls; otherwise the server drops it after a minute without any.
            new_only: Begin with what is published after the first ``start()``; not for work queues.
            window: How many messages may be on their way or in the buffer, not yet taken.
        """
        self._bus = bus
        self._definition = ConsumerDefinition(
            stream=stream,
            name=name,
            subjects=tuple(subjects),
            ack_wait_seconds=ack_wait_seconds,
            max_ack_pending=max_ack_pending,
            max_deliver=max_deliver,
            durable=durable,
            new_only=new_only,
        )
        self._ready: deque[Delivery] = deque()
        self._takers: set[asyncio.Future[None]] = set()
        self._pulls = Pulls(bus.client, stream, name, max(1, min(window, max_ack_pending)))
        self._origin = Origin(bus.outbox)
        self._made = ""
        self._lost = False
        self._failures = 0
        self._stopped = False
        self._paused = False
        self._wake = asyncio.Event()
        self._subscription: Subscription | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._endings: list[Callable[[], None]] = []

    async def start(self, *, fresh: bool = False) -> None:
        """Make the consumer and begin to pull; the streams must be there.

        Args:
            fresh: Remove a consumer of this name first, so that what it had handed to a dead predecessor comes at
                once instead of after its ack wait.

        Raises:
            BusError: If the server refuses it or does not answer.
        """
        if fresh:
            await remove(self._bus.api, self._definition.stream, self._definition.name)
        self._origin = self._originating(await declare(self._bus.api, self._definition))
        self._subscription = await receive(self._bus.client, self._pulls.interest, self._arrived)
        self._endings = [self._bus.on_reconnect(self._resync), self._bus.streams.on_reset(self._reset)]
        await self._pulls.renew(0)
        self._keeper = self._bus.tasks.start(self._keep(), name=f"pull {self._definition.name}")

    async def stop(self, delete: bool = False) -> None:
        """Stop pulling and give back what was not taken; ``delete`` also removes the consumer from the server."""
        for delivery in await self.leave():
            delivery.nak()
        if delete:
            try:
                # Without a connection this would take until its deadline; the server drops it by itself in time.
                if not self._bus.connected:
                    raise BusUnavailable("there is no connection")
                await self._bus.outbox.drain()
                await remove(self._bus.api, self._definition.stream, self._definition.name)
            except BusError as error:
                _log.warning("consumer %s was not removed: %s", self._definition.name, error)

    async def leave(self) -> list[Delivery]:
        """Stop pulling for good and return what has arrived but was not taken; the caller answers for it."""
        self._stopped = True
        for end in self._endings:
            end()
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        if self._subscription is not None:
            await end_interest(self._bus.client, self._subscription)
        left = list(self._ready)
        self._ready.clear()
        self._rouse()
        return left

    def pause(self, paused: bool = True) -> None:
        """Ask for no further messages, or for more again; what was asked for before may still come."""
        self._paused = paused
        if not paused:
            self._wake.set()

    def narrow(self, window: int) -> None:
        """Have at most so many messages on their way or in the buffer from now on, up to the window it began with."""
        self._pulls.narrow(window)

    async def take(self, max_messages: int) -> list[Delivery]:
        """Wait for at least one message and return at once all that have arrived, up to ``max_messages``.

        Raises:
            BusClosed: After ``stop()``.
        """
        ready = self._ready
        while not ready:
            if self._stopped:
                raise BusClosed(f"consumer {self._definition.name} has been stopped")
            await self._something()
        if len(ready) <= max_messages:
            taken = list(ready)
            ready.clear()
        else:
            taken = [ready.popleft() for _ in range(max_messages)]
        if not self._paused and self._pulls.wanting(len(ready)):
            self._wake.set()
        return taken

    async def _something(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._takers.add(waiter)
        try:
            await waiter
        finally:
            self._takers.discard(waiter)

    def _arrived(self, message: Msg) -> None:
        if not message.reply:
            # A status of the server, not a message: it must never be acked.
            self._heard(message)
            return
        self._pulls.arrived()
        self._failures = 0
        delivery = Delivery(self._origin, message.subject, message.data, message.headers, message.reply)
        self._origin.arrived(delivery)
        self._ready.append(delivery)
        if self._takers:
            self._rouse()

    def _heard(self, message: Msg) -> None:
        match self._pulls.status(message.subject, message.headers or {}):
            case Word.WELL:
                self._failures = 0
            case Word.LOST:
                self._lost = True
            case Word.STALE:
                return
        self._wake.set()

    def _rouse(self) -> None:
        for waiter in self._takers:
            if not waiter.done():
                waiter.set_result(None)

    def _resync(self) -> None:
        self._lost = True
        self._failures = 0
        self._wake.set()

    def _reset(self, stream: str, created: datetime) -> None:
        if stream != self._definition.stream:
            return
        # Answers to what was taken before would hit other messages that bear the same numbers now.
        self._origin.gone = True
        self._origin = Origin(self._bus.outbox, None if is_work_queue(stream) else 1)
        self._ready.clear()
        self._resync()

    async def _keep(self) -> None:
        while True:
            await self._rest()
            if not self._bus.connected:
                continue
            try:
                if self._lost or self._pulls.silent():
                    await self._remake()
                if not self._paused:
                    await self._pulls.renew(len(self._ready))
            except (BusError, nats.errors.Error) as error:
                self._lost = True
                _log.log(
                    logging.WARNING if self._failures == 1 else logging.DEBUG,
                    "consumer %s is away: %s",
                    self._definition.name,
                    error or type(error).__name__,
                )

    async def _rest(self) -> None:
        """Wait until there is something to do, or long enough that heartbeats should have come."""
        if self._lost and self._failures:
            self._wake.clear()
            await asyncio.sleep(min(_FIRST_RETRY_SECONDS * 2**self._failures, _LAST_RETRY_SECONDS))
            return
        try:
            async with asyncio.timeout(self._pulls.patience):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    async def _remake(self) -> None:
        self._failures += 1
        self._pulls.forget()
        try:
            # First the streams: if ours is a new one, nothing may be acked from here on that came from the old one.
            await self._bus.streams.mend()
            declared = await declare(self._bus.api, self._definition, start_sequence=self._origin.position)
        except BusError:
            self._bus.streams.check_soon()
            raise
        if declared.created != self._made:
            _log.info("consumer %s was made anew", self._definition.name)
            # The new one delivers all of it again. Answers to what was taken still count: the stream is the same.
            self._ready.clear()
            self._made = declared.created
        self._lost = False

    def _originating(self, declared: Declared) -> Origin:
        self._made = declared.created
        kept = not is_work_queue(self._definition.stream)
        return Origin(self._bus.outbox, declared.position if kept else None)
