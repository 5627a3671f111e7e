"""AMQP itself: a connection that the guard opened, one confirmed message, an end in good order.

The only module that knows aiormq, which is slow to load.
"""

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import aiormq
from aiormq.connection import TransportFactory
from pamqp.commands import Basic
from yarl import URL

from mistral_executor.actions.amqp_publish import Broker, Message
from mistral_runtime.egress import AddressDenied, Guard

_CLOSE_SECONDS = 2.0

# Words of ours for what a user can do something about.
_WORDS: Mapping[type[Exception], str] = {
    aiormq.AuthenticationError: "the broker refused the credentials",
    aiormq.exceptions.ProbableAuthenticationError: "the broker refused the credentials",
    aiormq.exceptions.IncompatibleProtocolError: "there is no AMQP 0-9-1 broker at that address",
    aiormq.exceptions.PublishError: "no queue takes this message",
    # The one thing that is refused after the credentials were accepted.
    aiormq.exceptions.InvalidFrameError: "the broker has no such virtual host, or not for this user",
}


class _Opened(TransportFactory):
    """Hands the library a connection to a judged address."""

    def __init__(self, broker: Broker, guard: Guard) -> None:
        self._broker = broker
        self._guard = guard

    async def create(self, url: URL, **_: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        connection = await self._guard.connected(self._broker.host, self._broker.port)
        if not self._broker.encrypted:
            return await asyncio.open_connection(sock=connection)
        context = ssl.create_default_context()
        return await asyncio.open_connection(sock=connection, ssl=context, server_hostname=self._broker.host)


async def published(message: Message, broker: Broker, guard: Guard) -> str:
    """Publish a message and return why the broker did not take it; nothing if it did.

    Raises:
        AddressDenied: If the broker may not be reached.
        OSError: If it cannot.
    """
    connection = aiormq.Connection(_url(broker), transport_factory=_Opened(broker, guard))
    try:
        await connection.connect()
        channel = await connection.channel(publisher_confirms=True)
        await channel.basic_publish(
            message.body,
            exchange=message.exchange,
            routing_key=message.routing_key,
            mandatory=message.mandatory,
            properties=_properties(message),
        )
    except (AddressDenied, aiormq.AMQPError) as error:
        if isinstance(error, AddressDenied):
            raise
        return next((words for kind, words in _WORDS.items() if isinstance(error, kind)), _said(error))
    finally:
        # Whatever became of the message, the goodbye changes nothing about it.
        with suppress(TimeoutError, aiormq.AMQPError, OSError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await connection.close()
    return ""


def _said(error: aiormq.AMQPError) -> str:
    """What the broker said, such as that there is no such exchange."""
    return ", ".join(str(part) for part in error.args) or type(error).__name__


def _url(broker: Broker) -> URL:
    # Made anew: parameters in a user's URL could name files of ours.
    return URL.build(
        scheme="amqps" if broker.encrypted else "amqp",
        user=broker.user,
        password=broker.password,
        host=broker.host,
        port=broker.port,
        path="/" + broker.vhost.replace("/", "%2F") if broker.vhost != "/" else "/",
    )


def _properties(message: Message) -> Basic.Properties:
    return Basic.Properties(
        content_type=message.content_type,
        delivery_mode=2 if message.persistent else 1,
        headers=dict(message.headers),
        message_id=message.message_id,
        correlation_id=message.correlation_id,
        app_id="mistral-mesh",
    )
