"""The publisher that hands each notice to an AMQP broker, which confirms it.

Options of an entry: ``url`` such as ``amqp://user@host/vhost``, ``password``, ``exchange`` and ``routing_key``;
``mandatory`` (true unless said) fails when no queue takes it; ``format`` as of webhooks.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Any, Final

import aiormq
import aiormq.abc
from aiormq.connection import TransportFactory
from pamqp.commands import Basic
from yarl import URL

from mistral_notifier.cloud_events import written
from mistral_notifier.kept import Kept
from mistral_notifier.options import flag, server, text
from mistral_notifier.publisher import DeliveryFailed, Notice
from mistral_runtime.egress import SETTING, AddressDenied, Allowed, Guard, allowed_entries
from mistral_runtime.settings import Environment

TOTAL_SECONDS: Final = 10.0
_CLOSE_SECONDS: Final = 2.0
_PORTS: Final = {"amqp": 5672, "amqps": 5671}
_PERSISTENT: Final = 2
# What the CloudEvents binding of AMQP calls attributes.
_PREFIX: Final = "cloudEvents:"

_Channel = tuple[aiormq.abc.AbstractConnection, aiormq.abc.AbstractChannel]


class Amqp:
    """Delivered is what the broker has confirmed."""

    def __init__(self, environment: Environment) -> None:
        self._guard = Guard(Allowed(allowed_entries(environment)))
        self._kept: Kept[_Channel] = Kept(_closed)

    async def publish(self, notice: Notice, options: Mapping[str, Any]) -> None:
        exchange, routing_key = text(options, "exchange", ""), text(options, "routing_key", "")
        if not exchange and not routing_key:
            raise DeliveryFailed("the entry has neither exchange nor routing_key", permanent=True)
        body, content_type, more = written(notice, options, _PREFIX)
        properties = Basic.Properties(
            content_type=content_type,
            delivery_mode=_PERSISTENT,
            headers=dict(more),
            message_id=notice.id,
            message_type=notice.event,
        )
        mandatory = flag(options, "mandatory", True)
        key, make = self._way(options)
        try:
            async with asyncio.timeout(TOTAL_SECONDS), self._kept.use(key, make) as (_, channel):
                await channel.basic_publish(
                    body,
                    exchange=exchange,
                    routing_key=routing_key,
                    properties=properties,
                    mandatory=mandatory,
                )
        except AddressDenied as error:
            raise DeliveryFailed(f"{error} that is not in {SETTING}", permanent=True) from None
        except TimeoutError:
            raise DeliveryFailed(f"no answer within {TOTAL_SECONDS:g} s", unreachable=True) from None
        except aiormq.exceptions.PublishError:
            raise DeliveryFailed("no queue takes it") from None
        except aiormq.exceptions.ChannelNotFoundEntity:
            raise DeliveryFailed("there is no such exchange") from None
        except aiormq.exceptions.ProbableAuthenticationError:
            raise DeliveryFailed("the broker refused the credentials") from None
        except (aiormq.AMQPError, OSError) as error:
            raise DeliveryFailed(f"the broker cannot be used: {type(error).__name__}", unreachable=True) from None

    async def close(self) -> None:
        await self._kept.close()

    def _way(self, options: Mapping[str, Any]) -> tuple[Hashable, Callable[[], Awaitable[_Channel]]]:
        given = text(options, "url")
        server(given, _PORTS)
        # Parameters in a URL could name files of ours.
        parts = URL(given).with_query(None).with_fragment(None)
        url = parts.with_user(parts.user or "guest").with_password(text(options, "password", parts.password or "guest"))

        async def make() -> _Channel:
            connection = aiormq.Connection(url, transport_factory=_Opened(self._guard))
            try:
                await connection.connect()
                return connection, await connection.channel(publisher_confirms=True)
            except BaseException:
                await _closed((connection, None))
                raise

        return str(url), make


class _Opened(TransportFactory):
    """Hands the library a connection to a judged address."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def create(self, url: URL, **_: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        connection = await self._guard.connected(url.host or "", url.port or _PORTS[url.scheme])
        if url.scheme != "amqps":
            return await asyncio.open_connection(sock=connection)
        context = ssl.create_default_context()
        return await asyncio.open_connection(sock=connection, ssl=context, server_hostname=url.host)


async def _closed(kept: tuple[aiormq.abc.AbstractConnection, Any]) -> None:
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await kept[0].close()
    except (TimeoutError, aiormq.AMQPError, OSError):
        # It was of no use any more.
        return
