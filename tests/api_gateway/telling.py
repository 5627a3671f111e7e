"""A notifier and a receiver of webhooks for tests of the gateway, and subscriptions that tell one."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from mistral_notifier.app import running as notifier_running
from mistral_notifier.settings import NotifierSettings

PATH = "/v2/subscriptions"
UNKNOWN = "11111111-2222-4333-8444-555555555555"


@dataclass
class Hook:
    """What a receiver was told, and how it answers."""

    url: str = ""
    status: int = 200
    requests: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
async def notifier(database: str, nats: str) -> AsyncIterator[int]:
    environ = {
        "MISTRAL_DATABASE_URL": database,
        "MISTRAL_NATS_URL": nats,
        "MISTRAL_EGRESS_ALLOWED": "127.0.0.0/8",
        "MISTRAL_NOTIFIER_ATTEMPTS": "1",
    }
    async with notifier_running(NotifierSettings.read(environ)) as port:
        yield port


@pytest.fixture
async def hook() -> AsyncIterator[Any]:
    """A receiver of this loop: ``hook.url``, ``hook.requests``, ``hook.status``."""
    found = Hook()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = next(
            int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
        )
        found.requests.append(json.loads(await reader.readexactly(size)))
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % found.status)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    async with server:
        yield found


def body(name: str, **given: Any) -> dict[str, Any]:
    return {"name": name, "publisher": {"type": "webhook", "url": "https://hooks.example/a"}, **given}


@pytest.fixture
def made(rest: httpx.AsyncClient, name: str) -> Callable[..., Awaitable[dict[str, Any]]]:
    async def make(**given: Any) -> dict[str, Any]:
        answer = await rest.post(PATH, json=body(name, **given))
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    return make
