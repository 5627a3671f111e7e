"""The publisher that sends each notice to a NATS subject.

Options of an entry: ``subject``; ``url`` of a server, with ``user`` and ``password``, or ``token``; ``jetstream``
waits until a stream has stored it; ``format`` as of webhooks. Without a url it goes over the bus of the mesh, under
``mistral.told.<project>.``, where nothing of the mesh listens.
"""

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Any, Final
from urllib.parse import unquote

import msgspec
import nats
import nats.errors
import nats.js.errors
from nats.aio.client import Client

from mistral_notifier.cloud_events import written
from mistral_notifier.kept import Kept
from mistral_notifier.options import flag, server, text
from mistral_notifier.publisher import DeliveryFailed, Notice
from mistral_runtime.egress import SETTING, AddressDenied, Allowed, Guard, allowed_entries
from mistral_runtime.settings import Environment

TOTAL_SECONDS: Final = 10.0
PREFIX: Final = "mistral.told"
"""What the subjects on the bus of the mesh begin with."""

_PORT: Final = 4222
_SUBJECT: Final = re.compile(r"[^\s.*>]+(\.[^\s.*>]+)*")
_ODD: Final = re.compile(r"[^A-Za-z0-9_-]")


class Nats:
    """Delivered is what the server has seen; with ``jetstream`` what a stream has stored."""

    def __init__(self, environment: Environment) -> None:
        self._mesh = environment.text("MISTRAL_NATS_URL", "")
        self._guard = Guard(Allowed(allowed_entries(environment)))
        self._kept: Kept[Client] = Kept(_closed)

    async def publish(self, notice: Notice, options: Mapping[str, Any]) -> None:
        subject = _subject(notice, options)
        body, content_type, more = written(notice, options)
        headers = {"Content-Type": content_type, "Nats-Msg-Id": notice.id, **more}
        key, make = self._way(options)
        try:
            async with asyncio.timeout(TOTAL_SECONDS), self._kept.use(key, make) as client:
                await _sent(client, subject, body, headers, stored=flag(options, "jetstream", False))
        except AddressDenied as error:
            raise DeliveryFailed(f"{error} that is not in {SETTING}", permanent=True) from None
        except TimeoutError:
            raise DeliveryFailed(f"no answer within {TOTAL_SECONDS:g} s", unreachable=True) from None
        except nats.js.errors.NoStreamResponseError:
            raise DeliveryFailed("no stream takes this subject") from None
        except (nats.errors.Error, OSError) as error:
            raise DeliveryFailed(_words(error), unreachable=True) from None

    async def close(self) -> None:
        await self._kept.close()

    def _way(self, options: Mapping[str, Any]) -> tuple[Hashable, Callable[[], Awaitable[Client]]]:
        if options.get("url") is None:
            if not self._mesh:
                raise DeliveryFailed("the entry has no url", permanent=True)
            return "", lambda: _connected(self._mesh)
        parts = server(text(options, "url"), ("nats", "tls"))
        credentials = _credentials(options, unquote(parts.username or ""), unquote(parts.password or ""))
        host, port, encrypted = parts.hostname or "", parts.port or _PORT, parts.scheme == "tls"

        async def make() -> Client:
            # The library opens its own connections: learn which judged address answers.
            with await self._guard.connected(host, port) as connection:
                address = connection.getpeername()[0]
            where = f"[{address}]" if ":" in address else address
            context = {"tls": ssl.create_default_context(), "tls_hostname": host} if encrypted else {}
            return await _connected(f"{parts.scheme}://{where}:{port}", **context, **credentials)

        return (host, port, encrypted, tuple(credentials.items())), make


async def _connected(url: str, **more: Any) -> Client:
    async def unheard(error: Exception) -> None:
        # What matters is raised as well; the library would log it with all it knows.
        return

    # It does not follow the server's word to other, unjudged addresses.
    return await nats.connect(
        url, name="mistral-notifier", allow_reconnect=False, max_reconnect_attempts=0, error_cb=unheard, **more
    )


async def _sent(client: Client, subject: str, body: bytes, headers: dict[str, str], *, stored: bool) -> None:
    if stored:
        await client.jetstream().publish(subject, body, headers=headers)
        return
    await client.publish(subject, body, headers=headers)
    # Its answer comes after it has seen the message.
    await client.flush()
    if client.last_error is not None:
        raise client.last_error


async def _closed(client: Client) -> None:
    try:
        await client.close()
    except (nats.errors.Error, OSError):
        # It was of no use any more.
        return


def _subject(notice: Notice, options: Mapping[str, Any]) -> str:
    subject = text(options, "subject")
    if not _SUBJECT.fullmatch(subject):
        raise DeliveryFailed("the subject is words with dots between, without wildcards", permanent=True)
    if options.get("url") is not None:
        return subject
    project = str(msgspec.json.decode(notice.payload).get("project_id") or "none")
    return f"{PREFIX}.{_ODD.sub('_', project)}.{subject}"


def _credentials(options: Mapping[str, Any], user: str, password: str) -> dict[str, str]:
    if options.get("token") is not None:
        return {"token": text(options, "token")}
    user = text(options, "user", user)
    password = text(options, "password", password)
    if user and not password:
        return {"token": user}
    return {"user": user, "password": password} if user else {}


def _words(error: Exception) -> str:
    if isinstance(error, nats.errors.AuthorizationError) or "uthorization" in str(error):
        return "the server refused the credentials"
    return str(error) or type(error).__name__
