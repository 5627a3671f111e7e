"""One connection to the bus: it never gives up reconnecting, and mends what a lost server took along."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as NatsSubscription

from mistral_runtime.bus.api import Api
from mistral_runtime.bus.errors import BusClosed, BusError, BusUnavailable
from mistral_runtime.bus.inlet import end_interest
from mistral_runtime.bus.message import Message
from mistral_runtime.bus.outbox import Outbox
from mistral_runtime.bus.publish import Publisher, headed
from mistral_runtime.bus.replies import Replies
from mistral_runtime.bus.streams import Streams
from mistral_runtime.lifecycle import Tasks, supervised
from mistral_runtime.metrics import counter

_log = logging.getLogger(__name__)
_reconnects = counter("bus_reconnects", "Times the connection to the bus came back")

RECONNECT_SECONDS = 0.25
# Half-open connections are noticed after three silent pings.
_PING_SECONDS = 5
_MENDING_SECONDS = 0.1

Handler = Callable[[Message], Awaitable[None]]
Listener = Callable[[], None]


class Subscription:
    """Interest in a subject; ends with ``unsubscribe()`` or with the connection."""

    def __init__(self, client: Client, subscription: NatsSubscription) -> None:
        self._client = client
        self._subscription = subscription

    async def unsubscribe(self) -> None:
        """Take no further messages; those that have arrived are handled first."""
        await end_interest(self._client, self._subscription)


class Bus:
    """A live connection; get one from ``connect``.

    Attributes:
        client: The client of nats-py, for what has no method here.
        api: JetStream's own requests.
        streams: The streams of the mesh.
        tasks: Background tasks that end with the connection; one that crashes ends the connection's block.
    """

    def __init__(self, client: Client, tasks: Tasks) -> None:
        self.client = client
        self.tasks = tasks
        self._replies = Replies(client)
        self.api = Api(self._replies)
        self.streams = Streams(self.api, lambda: self.connected)
        self._publisher = Publisher(self._replies, self.streams)
        self.outbox = Outbox(client)
        self._reconnected = asyncio.Event()
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._closing = False
        self._complained = False
        self._listeners: list[Listener] = []
        self.streams.on_reset(lambda stream, _: self.outbox.drop_acks(stream))

    async def publish(
        self, subject: str, data: bytes, *, message_id: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        """Store a message in the stream that takes the subject and return when it has been confirmed.

        Tried again over reconnects for up to 30 seconds; a repeat with the same ``message_id`` within two minutes is
        stored once. The trace context goes along in the headers if the current trace is recorded.

        Raises:
            BusUnavailable: If there was no confirmation in time.
            MessageTooLarge: If the server takes no message of this size.
        """
        await self._publisher.publish(subject, data, headed(headers, message_id))

    def send(self, subject: str, data: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Send without confirmation; while the connection is down a bounded number of messages is kept."""
        self.outbox.send(subject, data, headers)

    async def subscribe(self, subject: str, handler: Handler, queue: str = "") -> Subscription:
        """Hand every message to ``handler``, one after the other; an error of the handler is logged.

        With a ``queue`` each message goes to one of the subscribers of that name.
        """

        async def handle(message: Msg) -> None:
            wrapped = Message(self.outbox, message.subject, message.data, message.headers, message.reply)
            try:
                await handler(wrapped)
            except Exception:
                _log.exception("the handler of %s failed", subject)

        return Subscription(self.client, await self.client.subscribe(subject, queue=queue, cb=handle))

    async def request_all(self, subject: str, data: bytes, wait_seconds: float) -> list[bytes]:
        """Ask everyone who listens and return the answers that come in time; at once if nobody listens."""
        answers: list[bytes] = []
        silence = asyncio.Event()

        async def collect(message: Msg) -> None:
            if message.headers and message.headers.get("Status") == "503":
                silence.set()
            else:
                answers.append(message.data)

        inbox = self.client.new_inbox()
        subscription = await self.client.subscribe(inbox, cb=collect)
        try:
            await self.client.publish(subject, data, reply=inbox)
            async with asyncio.timeout(wait_seconds):
                await silence.wait()
        except TimeoutError:
            pass
        except nats.errors.Error as error:
            raise BusUnavailable(f"cannot ask {subject}: {type(error).__name__}") from error
        finally:
            if not self.client.is_closed:
                await subscription.unsubscribe()
        return answers

    @property
    def connected(self) -> bool:
        return bool(self.client.is_connected)

    def on_reconnect(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` after each reconnect, once the streams are there; returns a function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    # What connect() wires to the client and runs in the background.

    async def _begin(self) -> None:
        await self._replies.start()
        self.tasks.start(self.outbox.run(), name="bus outbox")
        self.tasks.start(self._mend(), name="bus mending")
        self.tasks.start(self.streams.watch(), name="bus streams")
        self.tasks.start(self._until_ended(), name="bus connection")

    async def _lost(self) -> None:
        if not self._closing:
            _log.warning("lost the connection to the bus")
        self.outbox.hold()
        self._publisher.interrupted()
        self._replies.interrupted()

    async def _back(self) -> None:
        _log.info("connected to the bus again")
        _reconnects.inc()
        self._complained = False
        self._reconnected.set()

    async def _over(self) -> None:
        if not self._closing and not self._ended.done():
            self._ended.set_result(None)

    async def _complaint(self, error: Exception) -> None:
        # While there is no connection every attempt complains: the first one is enough.
        level = logging.DEBUG if self._complained else logging.WARNING
        self._complained = not self.client.is_connected
        _log.log(level, "bus: %s", str(error) or type(error).__name__)

    async def _until_ended(self) -> None:
        await self._ended
        raise BusClosed("the server ended the connection for good")

    async def _mend(self) -> None:
        while True:
            await self._reconnected.wait()
            self._reconnected.clear()
            while self.client.is_connected:
                try:
                    await self.streams.mend()
                except BusError as error:
                    _log.info("the bus is not ready yet: %s", error)
                    await asyncio.sleep(_MENDING_SECONDS)
                    continue
                self._publisher.resumed()
                self.outbox.release()
                for listener in tuple(self._listeners):
                    listener()
                break

    async def _close(self) -> None:
        self._closing = True
        try:
            await self.outbox.drain()
        finally:
            await self.client.close()


@asynccontextmanager
async def connect(url: str, name: str, *, wait_seconds: float = 30.0) -> AsyncIterator[Bus]:
    """Connect to NATS for the length of the block.

    Args:
        url: One or several (comma) ``nats://[user:password@|token@]host:port``.
        name: Shown in the server's monitoring.
        wait_seconds: How long the first connection may take; later ones are tried for ever.

    Raises:
        BusUnavailable: If the first connection does not come about in time.
        BusClosed: Out of the block, if the server ends the connection for good (such as revoked rights).
    """
    client = Client()
    async with supervised() as tasks:
        bus = Bus(client, tasks)
        await _open(bus, url, name, wait_seconds)
        await bus._begin()
        try:
            yield bus
        finally:
            await bus._close()


async def _open(bus: Bus, url: str, name: str, wait_seconds: float) -> None:
    try:
        async with asyncio.timeout(wait_seconds):
            await bus.client.connect(
                [part.strip() for part in url.split(",")],
                name=name,
                error_cb=bus._complaint,
                disconnected_cb=bus._lost,
                reconnected_cb=bus._back,
                closed_cb=bus._over,
                max_reconnect_attempts=-1,
                reconnect_time_wait=RECONNECT_SECONDS,  # type: ignore[arg-type]  # seconds, fractions are fine
                ping_interval=_PING_SECONDS,
            )
    except TimeoutError:
        reason = bus.client.last_error
        await bus.client.close()
        raise BusUnavailable(f"no connection to the bus within {wait_seconds:g} s: {reason}") from None
