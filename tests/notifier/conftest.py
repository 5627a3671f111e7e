"""A notifier in this process on real servers, rows as an engine leaves them, and a real HTTP server to be told."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import pytest

from mistral_notifier.app import running
from mistral_notifier.settings import NotifierSettings
from mistral_persistence.database import Pool, connected, migrate
from mistral_runtime.bus import Bus, connect


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with connected(database) as opened:
        await migrate(opened)
        await opened.execute("TRUNCATE notification")
        yield opened


@pytest.fixture
async def bus(nats: str) -> AsyncIterator[Bus]:
    async with connect(nats, "test") as opened:
        yield opened


@pytest.fixture
def notifier(database: str, nats: str) -> Callable[..., AbstractAsyncContextManager[int]]:
    def start(**environment: str) -> AbstractAsyncContextManager[int]:
        values = {
            "MISTRAL_DATABASE_URL": database,
            "MISTRAL_NATS_URL": nats,
            "MISTRAL_EGRESS_ALLOWED": "127.0.0.0/8",
            "MISTRAL_NOTIFIER_BACKOFF_SECONDS": "0.1",
        }
        return running(NotifierSettings.read(values | environment))

    return start


@dataclass
class Outside:
    """What an engine would leave to be told, and what is left of it."""

    pool: Pool
    bus: Bus

    async def tell(self, publisher: dict[str, Any], event: str = "WORKFLOW_SUCCEEDED", times: int = 1) -> None:
        payload = {"id": str(uuid4()), "event": event, "state": "SUCCESS"}
        await self.pool.execute(
            "INSERT INTO notification (execution_id, event, payload, publisher) "
            "SELECT CASE WHEN n = 1 THEN $1::uuid ELSE gen_random_uuid() END, $2, $3, $4 FROM generate_series(1, $5) n",
            payload["id"],
            event,
            json.dumps(payload),
            json.dumps(publisher),
            times,
        )
        self.bus.send("mistral.notifier.wake", b"")

    async def until(self, condition: str, *, within_seconds: float = 60.0) -> None:
        """Wait until an SQL condition on the counts of all rows holds."""
        async with asyncio.timeout(within_seconds):
            while not await self.pool.fetchval(f"SELECT {condition} FROM notification"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def until_all_told(self, *, within_seconds: float = 60.0) -> None:
        await self.until("count(*) = 0", within_seconds=within_seconds)


@pytest.fixture
def outside(pool: Pool, bus: Bus) -> Outside:
    return Outside(pool, bus)


@dataclass
class Receiver:
    """An HTTP server that keeps what it was sent and answers with the given status codes, the last one for ever."""

    url: str
    answers: list[int] = field(default_factory=lambda: [200])
    hang: threading.Event | None = None
    location: str = "http://127.0.0.1:9/elsewhere"
    retry_after: str = ""
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0


@pytest.fixture
def receivers() -> Iterator[Callable[[], Receiver]]:
    servers: list[tuple[ThreadingHTTPServer, Receiver]] = []

    def start() -> Receiver:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        receiver = Receiver(f"http://127.0.0.1:{server.server_port}/hook")
        server.receiver = receiver  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append((server, receiver))
        return receiver

    yield start
    for server, receiver in servers:
        if receiver.hang is not None:
            receiver.hang.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def receiver(receivers: Callable[[], Receiver]) -> Receiver:
    return receivers()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        receiver: Receiver = self.server.receiver  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["content-length"]))
        receiver.at_once += 1
        receiver.most_at_once = max(receiver.most_at_once, receiver.at_once)
        if receiver.hang is not None:
            receiver.hang.wait(30)
        receiver.at_once -= 1
        receiver.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(receiver.answers.pop(0) if len(receiver.answers) > 1 else receiver.answers[0])
        self.send_header("location", receiver.location)
        if receiver.retry_after:
            self.send_header("retry-after", receiver.retry_after)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *arguments: object) -> None:
        pass
