"""The guard on connections that users cause: where they may go, judged on the very address that is connected to.

A name is resolved here once, every address it has is judged, and the connection goes to one of those: what the name
server says a second later changes nothing. ``egress_http`` puts HTTP on top; nothing else connects for a user.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence

from mistral_core.errors import Forbidden, Invalid
from mistral_runtime.settings import Environment, SettingError

SETTING = "MISTRAL_EGRESS_ALLOWED"

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]

# NAT64: the last four bytes are the IPv4 address that is really reached.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# The old way to write an IPv4 address as an IPv6 one.
_COMPATIBLE = ipaddress.ip_network("::/96")
# Servers of clouds for their own guests, although their addresses are public by number.
_METADATA = tuple(ipaddress.ip_network(network) for network in ("168.63.129.16/32", "192.0.0.0/24"))


class AddressDenied(Forbidden):
    """The host has an address that may not be connected to; trying again will not help."""


class Unresolved(OSError):
    """The name has no address."""


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
        """Whether a connection to ``host`` may go to ``address``, one of those that it resolves to."""
        if host.lower().rstrip(".") in self._hosts:
            return True
        ip = _reached(ipaddress.ip_address(address.partition("%")[0]))
        if any(ip in network for network in self._networks):
            return True
        return ip.is_global and not ip.is_multicast and not any(ip in network for network in _METADATA)


def allowed_entries(environment: Environment) -> tuple[str, ...]:
    """Read the setting: what may be reached although it is not public.

    Raises:
        SettingError: If an entry is neither a host nor a network.
    """
    entries = environment.listing(SETTING)
    try:
        Allowed(entries)
    except Invalid:
        expected = "hosts, addresses and networks with commas between"
        raise SettingError(SETTING, environment.text(SETTING), expected) from None
    return entries


def _reached(ip: _Address) -> _Address:
    """The address that a packet ends up at, for IPv6 forms that carry an IPv4 address."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    # 0 and 1 are IPv6's own "unspecified" and "loopback".
    if ip in _NAT64 or (ip in _COMPATIBLE and int(ip) > 1):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)


async def resolved(host: str, port: int) -> Sequence[str]:
    """Return every address of a name, in the order of preference."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Guard:
    """Resolves names and connects, to judged addresses only.

    Args:
        resolver: Returns the addresses of a name, raising OSError if it has none.
    """

    def __init__(self, allowed: Allowed, *, resolver: Resolver = resolved) -> None:
        self._allowed = allowed
        self._resolver = resolver

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Resolve a host to addresses that may all be reached.

        Raises:
            AddressDenied: If one of them may not.
            Unresolved: If there is none.
        """
        try:
            found = await self._resolver(host, port)
        except (OSError, UnicodeError) as error:
            raise Unresolved(f"the name {host!r} cannot be resolved: {error}") from error
        if not found:
            raise Unresolved(f"the name {host!r} has no address")
        for address in found:
            if not self._allowed.permits(host, address):
                raise AddressDenied(f"host '{host}' resolves to a blocked address ({address})")
        return found

    async def connected(self, host: str, port: int) -> socket.socket:
        """Return a TCP socket connected to the first address that answers; the caller limits the time.

        Raises:
            AddressDenied: If the host may not be reached.
            OSError: If none answers, or the name has no address.
        """
        *others, last = await self.addresses(host, port)
        for address in others:
            try:
                return await _connected(address, port)
            except OSError:
                continue
        return await _connected(last, port)


async def _connected(address: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    [(family, kind, protocol, _, target), *_] = await loop.getaddrinfo(
        address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
    )
    connection = socket.socket(family, kind, protocol)
    try:
        connection.setblocking(False)
        await loop.sock_connect(connection, target)
    except BaseException:  # also when the caller's time is over
        connection.close()
        raise
    return connection
