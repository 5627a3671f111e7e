"""Tokens of Keystone: whose they are, how long that is believed, and what happens when Keystone does not answer.

Keystone here is a small server that speaks its documented protocol; ``test_keystone_itself`` has the real one.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from mistral_api_gateway.access.identity_http import identity_client
from mistral_api_gateway.access.keystone import Keystone
from mistral_api_gateway.access.keystone_settings import KeystoneSettings
from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.settings import GatewaySettings
from mistral_core.errors import Unauthenticated, Unavailable
from mistral_runtime.settings import SettingError
from tests.api_gateway.keystone_protocol import Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as found:
        yield found


@pytest.fixture
def environment(database: str, nats: str, server: Server) -> dict[str, str]:
    return {
        "MISTRAL_DATABASE_URL": database,
        "MISTRAL_NATS_URL": nats,
        "MISTRAL_HTTP_LISTEN": "127.0.0.1:0",
        "MISTRAL_DRAIN_SECONDS": "1",
        "MISTRAL_AUTH": "keystone",
        "MISTRAL_KEYSTONE_URL": server.url,
        "MISTRAL_KEYSTONE_USERNAME": "mistral",
        "MISTRAL_KEYSTONE_PASSWORD": "hunter2",
    }


@pytest.fixture
def settings(environment: dict[str, str]) -> GatewaySettings:
    return GatewaySettings.read(environment)


@pytest.fixture
async def client() -> AsyncIterator[Any]:
    async with identity_client(None) as found:
        yield found


@pytest.fixture
def keystone(settings: GatewaySettings, client: Any) -> Keystone:
    assert settings.access.keystone is not None
    return Keystone(settings.access.keystone, client)


async def test_a_token_opens_rest_for_its_project(rest: httpx.AsyncClient, server, workflow_text, name):
    token = server.give(project="p-red")
    made = await rest.post("/v2/workflows", content=workflow_text(name), headers={"X-Auth-Token": token})
    shown = await rest.get(f"/v2/workflows/{name}", headers={"X-Auth-Token": token, "X-Project-Id": "p-red"})

    assert made.status_code == 201
    assert shown.json()["project_id"] == "p-red"


async def test_a_token_that_keystone_does_not_know_is_401(rest: httpx.AsyncClient):
    answer = await rest.get("/v2/workflows", headers={"X-Auth-Token": "nonsense"})
    assert (answer.status_code, answer.text) == (401, "Auth token is invalid")


async def test_naming_another_project_than_the_tokens_is_refused(rest: httpx.AsyncClient, server):
    headers = {"X-Auth-Token": server.give(project="p-red"), "X-Project-Id": "p-blue"}
    assert (await rest.get("/v2/workflows", headers=headers)).status_code == 403


async def test_an_administrator_acts_in_the_project_that_is_named(rest: httpx.AsyncClient, server, workflow_text, name):
    headers = {"X-Auth-Token": server.give(roles=("admin",)), "X-Project-Id": "p-blue"}
    made = await rest.post("/v2/workflows", content=workflow_text(name), headers=headers)
    assert made.json()["workflows"][0]["project_id"] == "p-blue"


async def test_project_user_and_roles_are_keystones(server, keystone):
    token = server.give(project="p-1", user="u-1", roles=("member", "reader"))
    assert await keystone.caller(token) == Caller("p-1", "u-1", frozenset({"member", "reader"}))


async def test_the_role_admin_makes_an_administrator(server, keystone):
    assert (await keystone.caller(server.give(roles=("admin", "member")))).admin


async def test_what_keystone_said_is_believed_for_a_while(server, keystone):
    token = server.give()
    for _ in range(3):
        await keystone.caller(token)
    assert server.validated == 1


async def test_a_token_that_ended_is_refused_whatever_keystone_says(server, keystone):
    with pytest.raises(Unauthenticated):
        await keystone.caller(server.give(seconds=-1))


async def test_a_token_without_a_project_is_refused_with_the_reason(server, keystone):
    with pytest.raises(Unauthenticated, match="not for a project"):
        await keystone.caller(server.give(project=None))


async def test_our_own_token_is_used_until_it_is_refused_and_then_renewed(server, keystone):
    await keystone.caller(server.give())
    await keystone.caller(server.give())
    assert server.signed_in == 1

    server.own.clear()
    await keystone.caller(server.give())
    assert server.signed_in == 2


async def test_our_own_token_is_renewed_before_it_ends(server, keystone):
    server.own_seconds = 30
    await keystone.caller(server.give())
    await keystone.caller(server.give())
    assert server.signed_in == 2


async def test_wrong_credentials_of_our_own_are_not_the_callers_fault(server, settings, client, caplog):
    assert settings.access.keystone is not None
    wrong = KeystoneSettings(url=server.url, username="mistral", password="wrong-password")
    with pytest.raises(Unavailable):
        await Keystone(wrong, client).caller(server.give())
    assert "MISTRAL_KEYSTONE_" in caplog.text
    assert "wrong-password" not in caplog.text


async def test_keystone_that_does_not_answer_is_503_and_is_asked_again(rest: httpx.AsyncClient, server):
    token = server.give()
    server.ill = True
    away = await rest.get("/v2/workflows", headers={"X-Auth-Token": token})
    server.ill = False
    back = await rest.get("/v2/workflows", headers={"X-Auth-Token": token})

    assert (away.status_code, back.status_code) == (503, 200)
    assert server.url not in away.text


async def test_what_cannot_be_a_header_is_not_asked_about(keystone):
    assert not keystone.takes("a\r\nX-Other: b")
    assert not keystone.takes("\u00e9")


@pytest.mark.parametrize("name", ["MISTRAL_KEYSTONE_URL", "MISTRAL_KEYSTONE_USERNAME", "MISTRAL_KEYSTONE_PASSWORD"])
def test_what_is_needed_must_be_set(environment, name):
    with pytest.raises(SettingError, match=f"{name} must be set"):
        GatewaySettings.read({**environment, name: ""})


@pytest.mark.parametrize("ending", ["", "/", "/v3", "/v3/"])
def test_the_address_may_name_the_version_or_not(environment, ending):
    settings = KeystoneSettings.read({**environment, "MISTRAL_KEYSTONE_URL": f"http://controller:5000{ending}"})
    assert settings.url == "http://controller:5000/v3"
    assert "hunter2" not in repr(settings)
