"""Notifications out of AMQP queues, as OpenStack's services send them; acknowledged once they are stored."""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import aiormq
import aiormq.abc
import msgspec
from aiormq.connection import TransportFactory
from yarl import URL

from mistral_core.errors import InvalidInput
from mistral_core.event_triggers.checking import AmqpSettings
from mistral_core.event_triggers.incoming import Incoming
from mistral_core.event_triggers.oslo import PRIORITIES, notification
from mistral_runtime.egress import AddressDenied, Guard
from mistral_scheduler.events.intake import Intake
from mistral_scheduler.events.sources import SourceBroken

_CONNECT_SECONDS: Final = 15.0
_CLOSE_SECONDS: Final = 2.0
# How soon the end of a connection is noticed.
_CHECK_SECONDS: Final = 1.0
_PORTS: Final = {"amqp": 5672, "amqps": 5671}

_Message = aiormq.abc.DeliveredMessage


class _Opened(TransportFactory):
    """Hands the library a connection to a judged address."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def create(self, url: URL, **_: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        connection = await self._guard.connected(url.host or "", url.port or _PORTS[url.scheme])
        if url.scheme != "amqps":
            return await asyncio.open_connection(sock=connection)
        return await asyncio.open_connection(
            sock=connection, ssl=ssl.create_default_context(), server_hostname=url.host
        )


class FromAmqp:
    """Listens to brokers."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def __call__(self, source: Any, intake: Intake) -> None:
        rule = msgspec.json.decode(source["settings"], type=AmqpSettings)
        arrived: asyncio.Queue[_Message] = asyncio.Queue()
        try:
            async with self._connected(rule, source["secret"]) as connection:
                channel = await self._consuming(connection, source, rule, arrived, intake)
                await intake.wrong("")
                await self._take(channel, connection, arrived, intake, source)
        except AddressDenied as error:
            raise SourceBroken(str(error)) from None
        except aiormq.AMQPError as error:
            raise SourceBroken(_said(error)) from None

    @asynccontextmanager
    async def _connected(self, rule: AmqpSettings, password: str) -> AsyncIterator[aiormq.Connection]:
        # Parameters in a URL could name files of ours.
        parts = URL(rule.url).with_query(None).with_fragment(None)
        url = parts.with_user(parts.user or "guest").with_password(password or "guest")
        connection = aiormq.Connection(url, transport_factory=_Opened(self._guard))
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await connection.connect()
            yield connection
        finally:
            with suppress(TimeoutError, aiormq.AMQPError, OSError):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await connection.close()

    async def _consuming(
        self,
        connection: aiormq.Connection,
        source: Any,
        rule: AmqpSettings,
        arrived: "asyncio.Queue[_Message]",
        intake: Intake,
    ) -> aiormq.abc.AbstractChannel:
        queue = rule.queue or await self._queue(connection, source, rule)
        channel = await connection.channel()
        # So many are ours at once; the rest stays with the broker.
        await channel.basic_qos(prefetch_count=intake.batch)

        async def took(message: _Message) -> None:
            arrived.put_nowait(message)

        await channel.basic_consume(queue, took)
        return channel

    async def _queue(self, connection: aiormq.Connection, source: Any, rule: AmqpSettings) -> str:
        """Make a queue of our own, so that nobody else who listens loses anything."""
        exchange, topic = source["exchange"], source["topic"]
        try:
            channel = await connection.channel()
            await channel.exchange_declare(exchange, passive=True)
        except aiormq.exceptions.ChannelNotFoundEntity:
            channel = await connection.channel()
            await channel.exchange_declare(exchange, exchange_type="topic", durable=rule.durable)
        name = f"mistral-mesh.{source['name']}"
        await channel.queue_declare(name, durable=True)
        for priority in PRIORITIES:
            await channel.queue_bind(name, exchange, routing_key=f"{topic}.{priority}")
        await channel.close()
        return name

    async def _take(
        self,
        channel: aiormq.abc.AbstractChannel,
        connection: aiormq.Connection,
        arrived: "asyncio.Queue[_Message]",
        intake: Intake,
        source: Any,
    ) -> None:
        while True:
            messages = [await _next(arrived, channel, connection)]
            while len(messages) < intake.batch and not arrived.empty():
                messages.append(arrived.get_nowait())
            events: list[tuple[Incoming, str, str]] = []
            for message in messages:
                try:
                    events.append((_event(message, intake), source["exchange"], source["topic"]))
                except InvalidInput as error:
                    await intake.refuse(str(error))
            await intake.take(events)
            # What can never be taken is done with, too: it was counted.
            for message in messages:
                await channel.basic_ack(message.delivery_tag or 0)


async def _next(
    arrived: "asyncio.Queue[_Message]", channel: aiormq.abc.AbstractChannel, connection: aiormq.Connection
) -> _Message:
    """Wait for a message, or for the end of the connection.

    Raises:
        SourceBroken: If the broker went away.
    """
    while not (channel.is_closed or connection.is_closed):
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                return await arrived.get()
        except TimeoutError:
            continue
    raise SourceBroken("the broker closed the connection")


def _event(message: _Message, intake: Intake) -> Incoming:
    if len(message.body) > intake.max_bytes * 2:
        raise InvalidInput(f"The message has {len(message.body)} bytes, which is too much")
    own_id = message.header.properties.message_id
    usual_id = own_id or f"{message.routing_key}/{_hash_of(message.body)}"
    return notification(message.body, usual_id)


def _hash_of(body: bytes) -> str:
    """Return what tells two messages without ids apart: the same contents are the same event."""
    return hashlib.sha256(body).hexdigest()


def _said(error: aiormq.AMQPError) -> str:
    """What the broker said; never the URL, which bears the password."""
    words = {
        aiormq.AuthenticationError: "the broker refused the credentials",
        aiormq.exceptions.ProbableAuthenticationError: "the broker refused the credentials",
    }
    found = next((text for kind, text in words.items() if isinstance(error, kind)), "")
    return found or f"the broker said: {type(error).__name__}"
