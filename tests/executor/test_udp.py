"""``std.udp_send`` to a socket on loopback."""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def receiver() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as it:
        it.bind(("127.0.0.1", 0))
        it.setblocking(False)
        yield it


@pytest.fixture
async def executor(start: Any) -> Any:
    return await start(egress_allowed=("127.0.0.0/8",))


@pytest.mark.usefixtures("executor")
@pytest.mark.parametrize(
    ("body", "sent"),
    [("hällo", "hällo".encode()), ({"a": [1, None]}, b'{"a": [1, null]}'), (None, b""), (5, b"5")],
)
async def test_a_datagram_arrives(engine: Any, receiver: socket.socket, body: Any, sent: bytes):
    given = {"host": "127.0.0.1", "port": receiver.getsockname()[1], "body": body}

    assert await engine.run("std.udp_send", given) == ("SUCCESS", None)

    async with asyncio.timeout(5):
        assert await asyncio.get_running_loop().sock_recv(receiver, 65536) == sent


@pytest.mark.usefixtures("executor")
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"port": 0}, "'port' must have a port from 1 to 65535"),
        ({"port": True}, "'port' must have a port from 1 to 65535"),
        ({"host": ""}, "'host' must be a text"),
        ({"host": "no-such-host.invalid"}, "cannot be resolved"),
        ({"host": "255.255.255.255"}, "resolves to a blocked address"),
        ({"body": "x" * 65508}, "'body' has 65508 bytes; a datagram has at most 65507"),
    ],
)
async def test_a_datagram_that_cannot_be_sent(engine: Any, wrong: dict[str, Any], says: str):
    outcome, error = await engine.run("std.udp_send", {"host": "127.0.0.1", "port": 9, "body": "x", **wrong})

    assert outcome == "ERROR"
    assert "Failed to send a datagram: " in error
    assert says in error


async def test_loopback_is_blocked_by_default(engine: Any, start: Any, receiver: socket.socket):
    await start()

    outcome, error = await engine.run("std.udp_send", {"host": "127.0.0.1", "port": receiver.getsockname()[1]})

    assert outcome == "ERROR"
    assert "host '127.0.0.1' resolves to a blocked address (127.0.0.1)" in error
    with pytest.raises(BlockingIOError):
        receiver.recv(10)
