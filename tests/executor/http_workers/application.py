"""An application over HTTP for tests: answers as it is told, and remembers every call."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web


@dataclass
class Called:
    """One call."""

    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        return dict(msgspec.json.decode(self.raw))


Answer = Callable[[Called], Awaitable[web.Response]]


@dataclass
class Application:
    """What the application does, and what came."""

    answer: Answer
    url: str = ""
    calls: list[Called] = field(default_factory=list)
    most_at_once: int = 0
    _at_once: int = 0

    async def handle(self, request: web.Request) -> web.Response:
        called = Called({name.lower(): value for name, value in request.headers.items()}, await request.read())
        self.calls.append(called)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            return await self.answer(called)
        finally:
            self._at_once -= 1

    async def until(self, count: int, event: str = "run") -> list[Called]:
        """Wait until so many calls of a kind came, and return them."""
        async with asyncio.timeout(60):
            while True:
                found = [each for each in self.calls if each.body["event"] == event]
                if len(found) >= count:
                    return found
                await asyncio.sleep(0.02)


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[Application]:
    """Run an application inside the block."""
    made = Application(answer)
    app = web.Application(client_max_size=4 * 1024 * 1024)
    app.router.add_post("/actions", made.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/actions"
    try:
        yield made
    finally:
        await runner.cleanup()


def says(value: Any, status: int = 200) -> Answer:
    """Answer with a JSON value."""

    async def answer(called: Called) -> web.Response:
        return web.Response(body=json.dumps(value).encode(), status=status, content_type="application/json")

    return answer


def in_turn(*answers: Answer) -> Answer:
    """Answer each call in another way; the last one for all that follow."""
    left = list(answers)

    async def answer(called: Called) -> web.Response:
        return await (left.pop(0) if len(left) > 1 else left[0])(called)

    return answer
