"""HTTP behind the guard on egress: a network backend for httpcore and a transport for httpx.

Redirects and proxies are connections like any other and are judged again. Users of this module depend on httpx
themselves.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from mistral_runtime.egress import Allowed, Guard, Unresolved

_CONNECT_SECONDS = 10.0


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens the connections of an httpcore pool, raising ``AddressDenied`` where the guard says no."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (the name is httpcore's)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers, all within ``timeout`` seconds."""
        try:
            async with asyncio.timeout(timeout or _CONNECT_SECONDS):
                *others, last = await self._guard.addresses(host, port)
                for address in others:
                    try:
                        return await self._inner.connect_tcp(address, port, None, local_address, socket_options)
                    except httpcore.ConnectError:
                        continue
                return await self._inner.connect_tcp(last, port, None, local_address, socket_options)
        except TimeoutError:
            raise httpcore.ConnectTimeout(f"no connection to {host!r} in time") from None
        except Unresolved as error:
            raise httpcore.ConnectError(str(error)) from error

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class GuardedTransport(httpx.AsyncHTTPTransport):
    """For ``httpx.AsyncClient(transport=GuardedTransport(allowed), trust_env=False)``.

    Requests raise ``AddressDenied`` when the guard says no, else what httpx raises.

    Args:
        verify: Whether certificates are checked.
        connections: Most connections at once; further requests wait (httpx's ``pool`` timeout).
    """

    def __init__(self, allowed: Allowed, *, verify: bool = True, connections: int = 256) -> None:
        super().__init__(verify=verify, trust_env=False)
        # httpx has no parameter for the network backend; the pool it made has no connections yet.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(verify=verify, trust_env=False),
            max_connections=connections,
            max_keepalive_connections=connections // 4,
            keepalive_expiry=5.0,
            network_backend=GuardedBackend(Guard(allowed)),
        )
