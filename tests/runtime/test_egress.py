"""Where requests that users cause may go."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from mistral_core.errors import Invalid
from mistral_runtime.egress import AddressDenied, Allowed, allowed_entries
from mistral_runtime.egress_http import GuardedTransport
from mistral_runtime.settings import Environment, SettingError


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::10.0.0.1",
        "2002:7f00:1::",
        "::127.0.0.1",
        "168.63.129.16",
        "192.0.0.192",
    ],
)
def test_what_is_not_public_is_denied(address):
    assert not Allowed().permits("example.org", address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::8.8.8.8"])
def test_what_is_public_is_permitted(address):
    assert Allowed().permits("example.org", address)


def test_networks_and_addresses_are_allowed_by_address():
    allowed = Allowed(["10.0.0.0/8", "127.0.0.1"])

    assert allowed.permits("anything", "10.9.9.9")
    assert allowed.permits("anything", "127.0.0.1")
    assert allowed.permits("anything", "::ffff:10.9.9.9")
    assert not allowed.permits("anything", "127.0.0.2")


def test_a_host_is_allowed_by_its_very_name():
    allowed = Allowed(["Intranet.example"])

    assert allowed.permits("intranet.example.", "10.0.0.1")
    assert not allowed.permits("other.intranet.example", "10.0.0.1")


def test_a_network_with_a_fault_is_refused():
    with pytest.raises(Invalid, match=r"10\.0\.0\.0/99"):
        Allowed(["10.0.0.0/99"])


def test_a_setting_with_a_fault_is_named():
    assert allowed_entries(Environment({"MISTRAL_EGRESS_ALLOWED": "a.test, 10.0.0.0/8"})) == ("a.test", "10.0.0.0/8")

    with pytest.raises(SettingError, match=r"MISTRAL_EGRESS_ALLOWED must be hosts, .*; it is '10\.0\.0\.0/99'"):
        allowed_entries(Environment({"MISTRAL_EGRESS_ALLOWED": "10.0.0.0/99"}))


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"])
async def test_the_transport_asks_before_it_connects_however_the_address_is_written(host, port):
    async with httpx.AsyncClient(transport=GuardedTransport(Allowed()), trust_env=False) as client:
        with pytest.raises(AddressDenied):
            await client.get(f"http://{host}:{port}/")


async def test_the_transport_connects_to_what_is_allowed(port):
    transport = GuardedTransport(Allowed(["127.0.0.0/8", "::1"]))
    async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
        answer = await client.get(f"http://localhost:{port}/")

    assert answer.status_code == 204


async def test_a_name_that_does_not_resolve_is_a_failed_connection():
    async with httpx.AsyncClient(transport=GuardedTransport(Allowed()), trust_env=False) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("http://no-such-host.invalid/")
