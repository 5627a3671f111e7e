"""``std.amqp_publish`` and ``std.mistral_amqp_publish``: a message handed to an AMQP broker, which confirms it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from urllib.parse import unquote

from mistral_executor.actions.callback import callback_headers
from mistral_executor.actions.context import ActionContext
from mistral_executor.actions.declaration import action
from mistral_executor.actions.endpoint import text_of
from mistral_executor.actions.errors import Unusable
from mistral_executor.actions.outgoing import headers_of, payload, seconds_of
from mistral_executor.actions.server_url import server_url
from mistral_runtime.egress import AddressDenied, Guard

DEFAULT_SECONDS = 30.0

_PORTS = {"amqp": 5672, "amqps": 5671}
_MOST_NAME_BYTES = 255


class PublishingFailed(Exception):
    """The broker did not take the message, or nobody knows; the message is the action's error."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Failed to publish to AMQP: {reason}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where to publish, and as whom."""

    host: str
    port: int
    encrypted: bool
    vhost: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What to publish.

    Attributes:
        mandatory: Somebody must get it: a message that no queue takes is an error.
        persistent: It outlives a restart of the broker, in a queue that does.
    """

    exchange: str
    routing_key: str
    body: bytes = field(repr=False)
    content_type: str
    headers: Mapping[str, str] = field(repr=False)
    correlation_id: str | None
    message_id: str
    mandatory: bool
    persistent: bool


@action()
async def amqp_publish(
    context: ActionContext,
    url: str,
    exchange: str = "",
    routing_key: str = "",
    body: Any = None,
    headers: Any = None,
    content_type: Any = None,
    correlation_id: Any = None,
    password: Any = None,
    mandatory: Any = True,
    persistent: Any = True,
    timeout: Any = DEFAULT_SECONDS,  # noqa: ASYNC109 (an input of the action, in seconds)
) -> None:
    """Publishes a message to an exchange of an AMQP broker, or to the queue named by `routing_key`."""
    given = dict(locals())
    del given["context"]
    await _performed(given, context, {})


@action(synchronous=False)
async def mistral_amqp_publish(
    context: ActionContext,
    url: str,
    exchange: str = "",
    routing_key: str = "",
    body: Any = None,
    headers: Any = None,
    content_type: Any = None,
    correlation_id: Any = None,
    password: Any = None,
    mandatory: Any = True,
    persistent: Any = True,
    timeout: Any = DEFAULT_SECONDS,  # noqa: ASYNC109 (an input of the action, in seconds)
) -> None:
    """Publishes a message to an AMQP broker, whose receiver completes the action as the headers say."""
    given = dict(locals())
    del given["context"]
    await _performed(given, context, callback_headers(context))


async def _performed(given: Mapping[str, Any], context: ActionContext, more: Mapping[str, str]) -> None:
    try:
        broker = broker_of(given["url"], given["password"])
        message = _message(given, context.action_id, more)
        async with asyncio.timeout(seconds_of(given["timeout"])):
            # Loading the library takes a quarter of a second, and most executors never need it.
            await asyncio.to_thread(import_module, "mistral_executor.actions.amqp_session")
            from mistral_executor.actions.amqp_session import published

            refusal = await published(message, broker, Guard(context.egress))
    except TimeoutError:
        raise PublishingFailed("the broker did not answer in time") from None
    except (AddressDenied, OSError, Unusable) as error:
        raise PublishingFailed(str(error) or type(error).__name__) from None
    if refusal:
        raise PublishingFailed(refusal)


def broker_of(url: Any, password: Any) -> Broker:
    """Make sense of the URL: its path is the virtual host, the default one without a path.

    Raises:
        Unusable: If there is none in it; never with the URL, which may hold a password.
    """
    parts, port = server_url(text_of(url, "url"), frozenset(_PORTS))
    return Broker(
        host=parts.hostname or "",
        port=port or _PORTS[parts.scheme],
        encrypted=parts.scheme == "amqps",
        vhost=unquote(parts.path[1:]) or "/",
        user=unquote(parts.username or "guest"),
        password=text_of(password, "password") if password else unquote(parts.password or "guest"),
    )


def _message(given: Mapping[str, Any], message_id: str, more: Mapping[str, str]) -> Message:
    exchange, routing_key = _name(given["exchange"], "exchange"), _name(given["routing_key"], "routing_key")
    if not (exchange or routing_key):
        raise Unusable("an 'exchange' or a 'routing_key' (the name of a queue) is needed")
    body, content_type = payload(given["body"])
    correlation = given["correlation_id"]
    return Message(
        exchange=exchange,
        routing_key=routing_key,
        body=body,
        content_type=_name(given["content_type"] or content_type, "content_type"),
        headers={**headers_of(given["headers"]), **more},
        correlation_id=None if correlation is None else _name(correlation, "correlation_id"),
        message_id=message_id,
        mandatory=given["mandatory"] is not False,
        persistent=given["persistent"] is not False,
    )


def _name(value: Any, name: str) -> str:
    if not isinstance(value, str) or len(value.encode("utf-8", "replace")) > _MOST_NAME_BYTES:
        raise Unusable(f"'{name}' must be a text of at most {_MOST_NAME_BYTES} bytes")
    return value
