"""``std.udp_send``: one datagram, and nobody says whether it came."""

import asyncio
import socket
from typing import Any

from mistral_executor.actions.context import ActionContext
from mistral_executor.actions.declaration import action
from mistral_executor.actions.endpoint import port_of, text_of
from mistral_executor.actions.errors import Unusable
from mistral_executor.actions.outgoing import payload
from mistral_runtime.egress import AddressDenied, Guard

RESOLVE_SECONDS = 10.0
# What an IPv4 packet has room for.
MOST_BYTES = 65_507


class SendingFailed(Exception):
    """The datagram was not sent; the message is the action's error."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Failed to send a datagram: {reason}")


@action()
async def udp_send(context: ActionContext, host: str, port: int, body: Any = None) -> None:
    """Sends a UDP datagram; a text as it is, anything else as JSON. Whether it arrives is unknown."""
    try:
        name, number = text_of(host, "host"), port_of(port, "port")
        data, _ = payload(body)
        if len(data) > MOST_BYTES:
            raise Unusable(f"'body' has {len(data)} bytes; a datagram has at most {MOST_BYTES}")
        async with asyncio.timeout(RESOLVE_SECONDS):
            [address, *_] = await Guard(context.egress).addresses(name, number)
        await _sent(address, number, data)
    except TimeoutError:
        raise SendingFailed("the name was not resolved in time") from None
    except (AddressDenied, OSError, Unusable) as error:
        raise SendingFailed(str(error)) from None


async def _sent(address: str, port: int, data: bytes) -> None:
    loop = asyncio.get_running_loop()
    [(family, kind, protocol, _, target), *_] = await loop.getaddrinfo(
        address, port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST
    )
    with socket.socket(family, kind, protocol) as sender:
        # At once: a datagram is copied or refused, there is nothing to wait for.
        sender.setblocking(False)
        sender.sendto(data, target)
