"""Signed tokens of an issuer: which are believed, what they say, and how its keys are kept."""

import base64
import hmac
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from mistral_api_gateway.access.authenticator import Authenticator
from mistral_api_gateway.access.identity_http import identity_client
from mistral_api_gateway.access.oidc import Oidc
from mistral_api_gateway.access.oidc_settings import OidcSettings
from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.settings import GatewaySettings
from mistral_core.errors import Unauthenticated
from mistral_runtime.settings import SettingError
from tests.api_gateway.issuer import Issuer, issuer

# Fixed, for it may take a while from here to the test.
_PAST, _FUTURE = 1_000_000_000, 9_999_999_999


@pytest.fixture
def idp() -> Iterator[Issuer]:
    with issuer() as found:
        found.new_key("k1")
        yield found


@pytest.fixture
def environment(database: str, nats: str, idp: Issuer) -> dict[str, str]:
    return {
        "MISTRAL_DATABASE_URL": database,
        "MISTRAL_NATS_URL": nats,
        "MISTRAL_HTTP_LISTEN": "127.0.0.1:0",
        "MISTRAL_DRAIN_SECONDS": "1",
        "MISTRAL_AUTH": "oidc,api-key",
        "MISTRAL_OIDC_ISSUER": idp.url,
        "MISTRAL_OIDC_AUDIENCE": "mistral",
    }


@pytest.fixture
def settings(environment: dict[str, str]) -> GatewaySettings:
    return GatewaySettings.read(environment)


@pytest.fixture
async def client() -> AsyncIterator[Any]:
    async with identity_client(None) as found:
        yield found


@pytest.fixture
def oidc(idp: Issuer, client: Any) -> Oidc:
    return Oidc(OidcSettings(issuer=idp.url, audiences=("mistral",)), client)


async def who(authenticator: Authenticator, token: str) -> Caller:
    if not authenticator.takes(token):
        raise Unauthenticated("is not taken")
    return await authenticator.caller(token)


async def test_a_token_of_the_issuer_opens_rest_in_either_header(rest: httpx.AsyncClient, idp, workflow_text, name):
    token = idp.token("k1")
    made = await rest.post("/v2/workflows", content=workflow_text(name), headers={"Authorization": f"Bearer {token}"})
    shown = await rest.get(f"/v2/workflows/{name}", headers={"X-Auth-Token": token})

    assert made.status_code == 201
    assert shown.json()["project_id"] == "red"


async def test_a_token_that_is_not_believed_is_refused_with_401(rest: httpx.AsyncClient, idp):
    answer = await rest.get("/v2/workflows", headers={"X-Auth-Token": idp.token("k1", aud="other")})
    assert (answer.status_code, answer.text) == (401, "Auth token is invalid")


async def test_an_issuer_that_does_not_answer_is_503_not_401(rest: httpx.AsyncClient, idp):
    idp.ill = True
    answer = await rest.get("/v2/workflows", headers={"X-Auth-Token": idp.token("k1")})
    assert answer.status_code == 503
    assert idp.server not in answer.text


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
async def test_each_algorithm_that_is_sound_is_taken(idp, oidc, algorithm):
    idp.new_key("k2", algorithm)
    found = await who(oidc, idp.token("k2"))
    assert found == Caller(project="red", user="u-1", roles=frozenset({"member", "offline_access"}))


async def test_an_administrator_is_who_has_the_role(idp, oidc, client):
    token = idp.token("k1", realm_access={"roles": ["boss"]}, roles=["member"])
    boss = Oidc(OidcSettings(issuer=idp.url, audiences=("mistral",), admin_role="boss"), client)

    assert not (await who(oidc, token)).admin
    assert await who(boss, token) == Caller("red", "u-1", frozenset({"boss", "member", "admin"}), admin=True)
    # The name alone makes nobody an administrator when it is another role that does.
    pretender = await who(boss, idp.token("k1", realm_access={"roles": ["admin"]}))
    assert (pretender.admin, pretender.roles) == (False, frozenset())


@pytest.mark.parametrize(
    "change",
    [
        {"exp": _PAST},
        {"nbf": _FUTURE},
        {"iat": _FUTURE},
        {"aud": "other"},
        {"aud": None},
        {"iss": "https://elsewhere.example/realms/red"},
        {"without": ("exp",)},
        {"without": ("aud",)},
        {"without": ("iss",)},
        {"header": {"kid": "unknown"}},
        {"header": {"crit": ["made-up"]}},
    ],
    ids=str,
)
async def test_a_token_that_does_not_fit_is_refused(idp, oidc, change):
    with pytest.raises(Unauthenticated):
        await who(oidc, idp.token("k1", **change))


async def test_clocks_may_differ_a_little(idp, client):
    patient = Oidc(OidcSettings(issuer=idp.url, audiences=("mistral",), skew=300.0), client)
    assert (await who(patient, idp.token("k1", exp=int(time.time()) - 5))).project == "red"


async def test_a_signature_of_another_key_is_refused(idp, oidc):
    published = idp.keys["k1"]
    idp.new_key("k1")
    forged = idp.token("k1")
    idp.keys["k1"] = published
    with pytest.raises(Unauthenticated):
        await who(oidc, forged)


async def test_a_token_without_a_signature_is_refused(idp, oidc):
    with pytest.raises(Unauthenticated):
        await who(oidc, jwt.encode({"iss": idp.url, "aud": "mistral", "exp": time.time() + 60}, None, "none"))


async def test_a_token_signed_with_the_public_key_as_a_password_is_refused(idp, oidc):
    idp.new_key("rsa", "RS256")
    body = idp.token("rsa").split(".")[1]
    form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    password = idp.keys["rsa"][1].public_key().public_bytes(*form)
    head = encoded(json.dumps({"alg": "HS256", "kid": "rsa"}).encode())
    signed = f"{head}.{body}"
    with pytest.raises(Unauthenticated):
        await who(oidc, f"{signed}.{encoded(hmac.digest(password, signed.encode(), 'sha256'))}")


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


async def test_a_token_that_was_changed_is_refused(idp, oidc):
    head, body, signature = idp.token("k1").split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    changed = encoded(json.dumps({**claims, "sub": "u-2"}).encode())
    with pytest.raises(Unauthenticated):
        await who(oidc, f"{head}.{changed}.{signature}")


@pytest.mark.parametrize(
    "head", ["{}", '{"alg": 1}', '{"alg": null}', "[]", "1", "no", '{"alg": "ES256", "kid": 1}', "[" * 5000]
)
async def test_a_head_that_cannot_be_is_refused(idp, oidc, head):
    _, body, signature = idp.token("k1").split(".")
    with pytest.raises(Unauthenticated):
        await who(oidc, f"{encoded(head.encode())}.{body}.{signature}")


async def test_a_body_of_endless_depth_is_refused(oidc):
    assert not oidc.takes(f"e30.{encoded(b'[' * 9000)}.x")


@pytest.mark.parametrize("end", ["soon", "9999999999", 9999999999.5, 10**30, -1, None, [], True])
async def test_an_end_that_cannot_be_is_refused_or_read(idp, oidc, end):
    try:
        assert (await who(oidc, idp.token("k1", exp=end))).project == "red"
    except Unauthenticated:
        assert end not in (9999999999.5,)


@pytest.mark.parametrize(
    "token", ["a.b.c", "a.b", "..", "eyJhbGciOiJub25lIn0.W10.", "\u00e9.\u00e9.\u00e9", "a.bnVsbA.c"]
)
async def test_what_is_no_token_is_not_taken(oidc, token):
    assert not oidc.takes(token)


async def test_claims_are_found_by_name_or_by_the_way_to_them(idp, client):
    settings = OidcSettings(
        issuer=idp.url,
        audiences=("mistral",),
        project_claim="https://example.com/project",
        user_claim="who.mail",
        role_claims=("resource_access.mistral.roles", "scope"),
    )
    claims = {
        "https://example.com/project": "blue",
        "who": {"mail": "ada@example.com"},
        "resource_access": {"mistral": {"roles": ["member"]}},
        "scope": "openid email",
    }
    found = await who(Oidc(settings, client), idp.token("k1", **claims))
    assert found == Caller("blue", "ada@example.com", frozenset({"member", "openid", "email"}))


async def test_a_token_that_names_no_project_says_which_claim_is_missing(idp, client):
    settings = OidcSettings(issuer=idp.url, audiences=("mistral",), project_claim="tenant")
    with pytest.raises(Unauthenticated, match="it has no text as 'tenant'"):
        await who(Oidc(settings, client), idp.token("k1"))


async def test_every_realm_of_a_server_is_a_project(idp, client):
    oidc = Oidc(OidcSettings(issuer=f"{idp.server}/realms/*", audiences=("mistral",)), client)

    for realm in ("red", "blue"):
        assert (await who(oidc, idp.token("k1", iss=f"{idp.server}/realms/{realm}"))).project == realm
    for trick in ("red/../blue", "..", "red?x=1", "red#x", "@evil.example", "a/b", ""):
        assert not oidc.takes(idp.token("k1", iss=f"{idp.server}/realms/{trick}"))


async def test_any_audience_is_taken_only_when_that_is_said(idp, client):
    oidc = Oidc(OidcSettings(issuer=idp.url), client)
    assert (await who(oidc, idp.token("k1", aud="other"))).project == "red"


async def test_keys_may_be_named_without_discovery(idp, client):
    url = f"{idp.url}/certs"
    oidc = Oidc(OidcSettings(issuer=idp.url, audiences=("mistral",), jwks_url=url), client)
    await who(oidc, idp.token("k1"))
    assert list(idp.asked) == ["/realms/red/certs"]


async def test_a_token_without_the_name_of_a_key_is_believed_when_there_is_no_choice(idp, oidc):
    token = idp.token("k1", header={"kid": None})
    assert (await who(oidc, token)).project == "red"


async def test_tokens_are_verified_once_and_keys_are_fetched_once(idp, oidc):
    for _ in range(3):
        await who(oidc, idp.token("k1"))
        await who(oidc, idp.token("k1", sub="u-2"))
    assert set(idp.asked.values()) == {1}


# --- settings


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"MISTRAL_OIDC_ISSUER": ""}, "MISTRAL_OIDC_ISSUER must be set"),
        ({"MISTRAL_OIDC_ISSUER": "keycloak"}, "MISTRAL_OIDC_ISSUER must be an address"),
        ({"MISTRAL_OIDC_AUDIENCE": ""}, "MISTRAL_OIDC_AUDIENCE must be what tokens for this mesh have as aud"),
        ({"MISTRAL_OIDC_CA": "/nowhere.pem"}, "MISTRAL_OIDC_CA must be a file"),
        ({"MISTRAL_OIDC_SKEW_SECONDS": "1000"}, "MISTRAL_OIDC_SKEW_SECONDS must be a number of at least 0.0 and"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(environment, change, says):
    with pytest.raises(SettingError, match=says):
        GatewaySettings.read({**environment, **change})
