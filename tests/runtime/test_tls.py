"""Services that know each other by certificates: who has none of the authority's is refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from mistral_runtime.channel import channel
from mistral_runtime.server import grpc_server
from mistral_runtime.settings import ServiceSettings, SettingError
from mistral_runtime.tls import Tls
from tests.runtime.authority import Authority

SERVICE = "test.Echo"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def shown(authority: Authority, name: str, **more: Any) -> Tls:
    tls = Tls.between_services(authority.environment(authority.pair(name, **more)))
    assert tls is not None
    return tls


async def asked(opened: grpc.aio.Channel) -> bytes:
    answer: bytes = await opened.unary_unary(f"/{SERVICE}/Unary")(b"x", timeout=5)
    return answer


async def refused(opened: grpc.aio.Channel) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await asked(opened)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_two_services_with_certificates_of_one_authority_talk(authority, echo):
    async with (
        grpc_server("127.0.0.1:0", echo.register, tls=shown(authority, "engine")) as port,
        channel(f"127.0.0.1:{port}", shown(authority, "gateway")) as opened,
    ):
        assert await asked(opened) == b"x"


async def test_a_client_without_a_certificate_is_refused(authority, echo):
    roots = grpc.ssl_channel_credentials(authority.certificate.read_bytes())
    async with (
        grpc_server("127.0.0.1:0", echo.register, tls=shown(authority, "engine")) as port,
        grpc.aio.secure_channel(f"127.0.0.1:{port}", roots) as without,
        channel(f"127.0.0.1:{port}") as clear,
    ):
        await refused(without)
        await refused(clear)


async def test_a_client_with_a_certificate_of_another_authority_is_refused(authority, echo, tmp_path):
    stranger = shown(Authority(tmp_path, "stranger"), "gateway")
    ours = shown(authority, "gateway")
    async with (
        grpc_server("127.0.0.1:0", echo.register, tls=shown(authority, "engine")) as port,
        channel(f"127.0.0.1:{port}", replace(stranger, ca=ours.ca)) as opened,
    ):
        await refused(opened)


async def test_a_server_of_another_authority_is_not_believed(authority, echo, tmp_path):
    stranger = shown(Authority(tmp_path, "stranger"), "engine")
    async with (
        grpc_server("127.0.0.1:0", echo.register, tls=replace(stranger, ca=None)) as port,
        channel(f"127.0.0.1:{port}", shown(authority, "gateway")) as opened,
    ):
        await refused(opened)


async def test_a_server_must_bear_the_name_it_is_called_by_or_the_one_that_is_set(authority, echo):
    server = shown(authority, "mistral-mesh", address=None)
    client = shown(authority, "gateway")
    async with grpc_server("127.0.0.1:0", echo.register, tls=server) as port:
        async with channel(f"127.0.0.1:{port}", client) as opened:
            await refused(opened)
        async with channel(f"127.0.0.1:{port}", replace(client, name="mistral-mesh")) as opened:
            assert await asked(opened) == b"x"


async def test_several_replicas_are_reached_past_a_dead_one(authority, echo):
    async with (
        grpc_server("127.0.0.1:0", echo.register, tls=shown(authority, "engine")) as port,
        channel(f"127.0.0.1:1,127.0.0.1:{port}", shown(authority, "gateway")) as opened,
    ):
        assert await asked(opened) == b"x"


def test_without_settings_services_speak_in_clear_text():
    assert ServiceSettings.read({}, "engine").tls is None


def test_settings_are_read_and_keys_are_not_shown(authority):
    pair = authority.pair("engine")
    settings = ServiceSettings.read({**authority.environment(pair), "MISTRAL_TLS_NAME": "mesh"}, "engine")
    assert settings.tls is not None
    assert settings.tls.name == "mesh"
    assert "PRIVATE" not in repr(settings)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda other: {"MISTRAL_TLS_CA": ""}, "MISTRAL_TLS_CA must be set when"),
        (lambda other: {"MISTRAL_TLS_KEY": ""}, "MISTRAL_TLS_KEY must be set when"),
        (lambda other: {"MISTRAL_TLS_KEY": str(other.key)}, "MISTRAL_TLS_CERT must be a certificate .* fits the key"),
        (lambda other: {"MISTRAL_TLS_CERT": "/nowhere.pem"}, "MISTRAL_TLS_CERT .*No such file"),
        (lambda other: {"MISTRAL_TLS_CA": str(other.key)}, "MISTRAL_TLS_CA must be a file of certificates"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(authority, change: Callable[..., dict[str, str]], says):
    environment = authority.environment(authority.pair("engine"))
    with pytest.raises(SettingError, match=says):
        ServiceSettings.read({**environment, **change(authority.pair("other"))}, "engine")


@pytest.mark.parametrize("name", ["MISTRAL_PUBLIC_TLS_CERT", "MISTRAL_PUBLIC_TLS_KEY"])
def test_a_public_certificate_needs_its_key(authority, name):
    with pytest.raises(SettingError, match="must be set when the other is"):
        Tls.public({name: str(authority.certificate)})
