"""``std.nats_publish`` and ``std.mistral_nats_publish``: a message to a NATS subject, or into a stream."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import nats
import nats.errors
import nats.js.errors
from nats.aio.client import Client

from mistral_executor.actions.callback import callback_headers
from mistral_executor.actions.context import ActionContext
from mistral_executor.actions.declaration import action
from mistral_executor.actions.endpoint import text_of
from mistral_executor.actions.errors import Unusable
from mistral_executor.actions.outgoing import headers_of, payload, seconds_of
from mistral_executor.actions.server_url import server_url
from mistral_runtime.egress import AddressDenied, Guard

DEFAULT_SECONDS = 10.0

_PORT = 4222
_SCHEMES = frozenset({"nats", "tls"})


class PublishingFailed(Exception):
    """The server did not take the message, or nobody knows; the message is the action's error."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Failed to publish to NATS: {reason}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where to publish, and as whom."""

    host: str
    port: int
    encrypted: bool
    credentials: Mapping[str, str] = field(repr=False)


@action()
async def nats_publish(
    context: ActionContext,
    url: str,
    subject: str,
    body: Any = None,
    headers: Any = None,
    jetstream: Any = False,
    user: Any = None,
    password: Any = None,
    token: Any = None,
    timeout: Any = DEFAULT_SECONDS,  # noqa: ASYNC109 (an input of the action, in seconds)
) -> dict[str, Any] | None:
    """Publishes a message to a NATS subject; with `jetstream` it is done when a stream has stored it."""
    given = dict(locals())
    del given["context"]
    return await _performed(given, context, {})


@action(synchronous=False)
async def mistral_nats_publish(
    context: ActionContext,
    url: str,
    subject: str,
    body: Any = None,
    headers: Any = None,
    jetstream: Any = False,
    user: Any = None,
    password: Any = None,
    token: Any = None,
    timeout: Any = DEFAULT_SECONDS,  # noqa: ASYNC109 (an input of the action, in seconds)
) -> dict[str, Any] | None:
    """Publishes a message to a NATS subject, whose receiver completes the action as the headers say."""
    given = dict(locals())
    del given["context"]
    return await _performed(given, context, callback_headers(context))


async def _performed(
    given: Mapping[str, Any], context: ActionContext, more: Mapping[str, str]
) -> dict[str, Any] | None:
    try:
        server = server_of(given["url"], given["user"], given["password"], given["token"])
        subject, data = _subject(given["subject"]), payload(given["body"])[0]
        headers = {**headers_of(given["headers"]), **more}
        stored = given["jetstream"] is True
        if stored:
            # A stream takes a message of the same id once: a repeated attempt does not store it twice.
            headers = {"Nats-Msg-Id": context.action_id, **headers}
        async with asyncio.timeout(seconds_of(given["timeout"])):
            client = await _connected(server, Guard(context.egress))
            try:
                return await _published(client, subject, data, headers or None, stored)
            finally:
                await client.close()
    except TimeoutError:
        raise PublishingFailed("the server did not answer in time") from None
    except nats.js.errors.NoStreamResponseError:
        raise PublishingFailed("no stream takes this subject") from None
    except nats.errors.Error as error:
        raise PublishingFailed(_words(error)) from None
    except (AddressDenied, OSError, Unusable) as error:
        raise PublishingFailed(str(error) or type(error).__name__) from None


def server_of(url: Any, user: Any, password: Any, token: Any) -> Server:
    """Make sense of the URL and what opens it.

    Raises:
        Unusable: If there is none in it; never with the URL, which may hold a password.
    """
    parts, port = server_url(text_of(url, "url"), _SCHEMES)
    name, secret = unquote(parts.username or ""), unquote(parts.password or "")
    if user:
        name, secret = text_of(user, "user"), text_of(password, "password") if password else ""
    credentials = {"user": name, "password": secret} if secret or user else {"token": name} if name else {}
    if token:
        credentials = {"token": text_of(token, "token")}
    return Server(
        host=parts.hostname or "", port=port or _PORT, encrypted=parts.scheme == "tls", credentials=credentials
    )


def _subject(value: Any) -> str:
    subject = text_of(value, "subject")
    tokens = subject.split(".")
    if any(not token or token in ("*", ">") or any(sign.isspace() for sign in token) for token in tokens):
        raise Unusable("'subject' must be words with dots between, without wildcards")
    return subject


async def _connected(server: Server, guard: Guard) -> Client:
    async def unheard(error: Exception) -> None:
        # What matters is raised as well; the library would log it with all it knows.
        return

    # The library opens its own connections: learn which judged address answers.
    with await guard.connected(server.host, server.port) as connection:
        address = connection.getpeername()[0]
    bracketed = f"[{address}]" if ":" in address else address
    return await nats.connect(
        f"{'tls' if server.encrypted else 'nats'}://{bracketed}:{server.port}",
        name="mistral-mesh-action",
        # Neither does it follow the server's word to other, unjudged addresses.
        allow_reconnect=False,
        max_reconnect_attempts=0,
        error_cb=unheard,
        tls=ssl.create_default_context() if server.encrypted else None,
        tls_hostname=server.host,
        **server.credentials,
    )


async def _published(
    client: Client, subject: str, data: bytes, headers: dict[str, str] | None, stored: bool
) -> dict[str, Any] | None:
    if not stored:
        await client.publish(subject, data, headers=headers)
        # Its answer comes after it has seen the message.
        await client.flush()
        if client.last_error is not None:
            raise client.last_error
        return None
    known = await client.jetstream().publish(subject, data, headers=headers)
    return {"stream": known.stream, "seq": known.seq, "duplicate": bool(known.duplicate)}


def _words(error: nats.errors.Error) -> str:
    if isinstance(error, nats.errors.AuthorizationError) or "uthorization" in str(error):
        return "the server refused the credentials"
    return str(error)
