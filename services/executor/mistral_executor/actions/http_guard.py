"""Where HTTP actions may connect to, judged on the very address that is connected to.

A name is resolved here once, every address it has is judged, and the connection goes to one of those: what the name
server says a second later changes nothing. Each redirect and each proxy is a new connection and judged again.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import httpcore

from mistral_runtime.egress import Allowed

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]

# Servers of clouds for their own guests, although their addresses are public by number.
_METADATA = tuple(ipaddress.ip_network(network) for network in ("168.63.129.16/32", "192.0.0.0/24"))
# The old way to write an IPv4 address as an IPv6 one.
_COMPATIBLE = ipaddress.ip_network("::/96")


class AddressBlocked(Exception):
    """The host has an address that actions may not reach; trying again will not help."""


async def resolved(host: str, port: int) -> Sequence[str]:
    """Return every address of a name, in the order of preference."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Guard(httpcore.AsyncNetworkBackend):
    """Opens connections for HTTP, to judged addresses only.

    Args:
        resolver: Returns the addresses of a name, raising OSError if it has none.
    """

    def __init__(self, allowed: Allowed, *, resolver: Resolver = resolved) -> None:
        self._allowed = allowed
        self._resolver = resolver
        self._inner = httpcore.AnyIOBackend()

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Resolve a host to addresses that may all be reached.

        Raises:
            AddressBlocked: If one of them may not.
            httpcore.ConnectError: If there is none.
        """
        try:
            found = await self._resolver(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"the name {host!r} cannot be resolved: {error}") from error
        if not found:
            raise httpcore.ConnectError(f"the name {host!r} has no address")
        for address in found:
            if not self._permits(host, address):
                raise AddressBlocked(f"URL host '{host}' resolves to a blocked address ({address})")
        return found

    def _permits(self, host: str, address: str) -> bool:
        ip = ipaddress.ip_address(address.partition("%")[0])
        if isinstance(ip, ipaddress.IPv6Address):
            # 0 and 1 are IPv6's own "unspecified" and "loopback".
            compatible = ipaddress.IPv4Address(int(ip)) if ip in _COMPATIBLE and int(ip) > 1 else None
            ip = ip.ipv4_mapped or compatible or ip
        return self._allowed.permits(host, str(ip)) and not any(ip in network for network in _METADATA)

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
            async with asyncio.timeout(timeout):
                *others, last = await self.addresses(host, port)
                for address in others:
                    try:
                        return await self._inner.connect_tcp(address, port, None, local_address, socket_options)
                    except httpcore.ConnectError:
                        continue
                return await self._inner.connect_tcp(last, port, None, local_address, socket_options)
        except TimeoutError:
            raise httpcore.ConnectTimeout(f"no connection to {host!r} in time") from None

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
