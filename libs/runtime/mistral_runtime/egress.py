"""The guard on HTTP requests that users cause: where they may go, checked on the very address that is connected to.

A name is resolved here, each address is judged, and the connection goes to a judged address, so a second answer of
the name server cannot lead elsewhere. Users of this module depend on httpx themselves.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from typing import Any

import httpcore
import httpx

from mistral_core.errors import Forbidden, Invalid

SETTING = "MISTRAL_EXECUTOR_HTTP_ALLOWED"

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# NAT64: the last four bytes are the IPv4 address that is really reached.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_RESOLVE_SECONDS = 10.0


class AddressDenied(Forbidden):
    """The host resolves to no address that may be connected to; trying again will not help."""


class Allowed:
    """What may be reached although it is loopback, link-local, private or otherwise not public.

    Args:
        entries: Host names (any address of that very name), addresses and CIDRs.

    Raises:
        Invalid: If an entry with a slash is not a network.
    """

    def __init__(self, entries: Iterable[str] = ()) -> None:
        self._hosts: set[str] = set()
        self._networks: list[_Network] = []
        for entry in entries:
            try:
                self._networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                if "/" in entry:
                    raise Invalid(f"{SETTING}: {entry!r} is neither a host nor a network") from None
                self._hosts.add(entry.lower().rstrip("."))

    def permits(self, host: str, address: str) -> bool:
        """Whether a request to ``host`` may connect to ``address``, one of those that it resolves to."""
        if host.lower().rstrip(".") in self._hosts:
            return True
        ip = _reached(ipaddress.ip_address(address.partition("%")[0]))
        if any(ip in network for network in self._networks):
            return True
        return ip.is_global and not ip.is_multicast


def _reached(ip: _Address) -> _Address:
    """The address that a packet ends up at, for IPv6 forms that carry an IPv4 address."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)


class _Guarded(httpcore.AsyncNetworkBackend):
    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (the name is httpcore's)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        permitted = [address for address in await _resolve(host, port, timeout) if self._allowed.permits(host, address)]
        if not permitted:
            raise AddressDenied(f"{host} is not a public address and not in {SETTING}")
        for address in permitted[:-1]:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(permitted[-1], port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def _resolve(host: str, port: int, timeout_seconds: float | None) -> Sequence[str]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_seconds or _RESOLVE_SECONDS):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError:
        raise httpcore.ConnectTimeout(f"the name {host} was not resolved in time") from None
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"the name {host} cannot be resolved: {error}") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


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
            network_backend=_Guarded(allowed),
        )
