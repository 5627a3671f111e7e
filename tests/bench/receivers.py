"""Receivers of webhooks, good and bad, for ``tests.bench.notifications``: asyncio servers that count what they take."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum

_HANG_SECONDS = 600.0
_SLOW_SECONDS = 3.0


class Manner(StrEnum):
    """How a receiver answers."""

    GOOD = "good"
    FAILING = "failing"
    HANGING = "hanging"
    SLOW = "slow"
    REDIRECTING = "redirecting"


_ANSWERS = {
    Manner.GOOD: b"204 No Content\r\n",
    Manner.SLOW: b"204 No Content\r\n",
    Manner.FAILING: b"500 Internal Server Error\r\n",
    Manner.REDIRECTING: b"307 Temporary Redirect\r\nLocation: http://10.0.0.1/inside\r\n",
}


@dataclass(slots=True)
class Receiver:
    """One server; it takes what it answers well.

    Attributes:
        healed: Once set it is good, whatever it was.
        asked: Requests so far.
        taken: Execution and type of the events it has taken, and how often each.
    """

    manner: Manner
    url: str = ""
    healed: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0
    taken: dict[tuple[str, str], int] = field(default_factory=dict)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, one request after the other."""
        try:
            while True:
                await self._one(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        body = await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))
        self.asked += 1
        manner = Manner.GOOD if self.healed.is_set() else self.manner
        if manner in (Manner.HANGING, Manner.SLOW):
            seconds = _HANG_SECONDS if manner is Manner.HANGING else _SLOW_SECONDS
            try:
                async with asyncio.timeout(seconds):
                    await self.healed.wait()
            except TimeoutError:
                pass
            manner = Manner.GOOD
        if manner is Manner.GOOD:
            data = json.loads(body)["data"]
            told = data["id"], data["event"]
            self.taken[told] = self.taken.get(told, 0) + 1
        writer.write(b"HTTP/1.1 " + _ANSWERS[manner] + b"Content-Length: 0\r\n\r\n")
        await writer.drain()


@asynccontextmanager
async def receiving(*manners: Manner) -> AsyncIterator[list[Receiver]]:
    """Have a receiver of each manner on loopback inside the block."""
    async with AsyncExitStack() as stack:
        found = []
        for manner in manners:
            receiver = Receiver(manner)
            server = await asyncio.start_server(receiver.answer, "127.0.0.1", 0)
            stack.callback(server.close)
            receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            found.append(receiver)
        try:
            yield found
        finally:
            for receiver in found:
                receiver.healed.set()
