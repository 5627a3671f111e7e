"""Ways to the executors that have workers: which live, where each is reached, and which has the fewest streams."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import grpc.aio

from mistral_api_gateway.live.presence import Presence
from mistral_core.errors import Unavailable
from mistral_runtime.channel import direct
from mistral_runtime.tls import Tls

_SHUNNED_SECONDS: Final = 2.0
_CONFIGURED: Final = ""


class Route:
    """One executor.

    Attributes:
        name: Its stable name; empty for whichever is at the configured address.
        streams: Streams that are passed on to it now.
    """

    def __init__(self, name: str, address: str, channel: grpc.aio.Channel) -> None:
        self.name = name
        self.address = address
        self.channel = channel
        self.streams = 0
        self.shunned_until = 0.0

    def shun(self) -> None:
        """It did not answer: others are asked first for a while."""
        self.shunned_until = time.monotonic() + _SHUNNED_SECONDS


class WorkerRoutes:
    """Finds executors by the signs of life that they send; before any was heard, by the configured address."""

    def __init__(self, presence: Presence, configured: str, tls: Tls | None) -> None:
        self._presence = presence
        self._configured = configured
        self._tls = tls
        self._routes: dict[str, Route] = {}

    async def all(self) -> list[Route]:
        """Return all executors that live.

        Raises:
            Unavailable: If none is known.
        """
        living = {one.address: one.name for one in await self._presence.services() if one.kind == "executor"}
        if not living and self._configured:
            living = {self._configured: _CONFIGURED}
        for address in self._routes.keys() - living.keys():
            if not self._routes[address].streams:
                await self._routes.pop(address).channel.close()
        for address, name in living.items():
            known = self._routes.get(address)
            if known is None:
                self._routes[address] = Route(name, address, direct(address, self._tls))
            else:
                known.name = name
        if not living:
            raise Unavailable("no executor can be reached; try again later")
        return [self._routes[address] for address in living]

    async def least(self) -> Route:
        """Return the executor with the fewest streams; raises as ``all``."""
        now = time.monotonic()
        return min(await self.all(), key=lambda route: (route.shunned_until > now, route.streams))

    async def named(self, name: str) -> Route:
        """Return the executor of a name if it lives, any other if not; raises as ``all``."""
        found = next((route for route in await self.all() if route.name == name and name), None)
        return found or await self.least()

    async def close(self) -> None:
        """Close all channels."""
        await asyncio.gather(*(route.channel.close() for route in self._routes.values()))


@asynccontextmanager
async def worker_routes(presence: Presence, configured: str, tls: Tls | None) -> AsyncIterator[WorkerRoutes]:
    """Keep the ways open inside the block.

    Args:
        configured: ``host:port`` of the executors, with commas between; the first counts.
    """
    routes = WorkerRoutes(presence, configured.partition(",")[0].strip(), tls)
    try:
        yield routes
    finally:
        await routes.close()
