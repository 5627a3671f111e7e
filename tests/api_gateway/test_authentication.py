"""Who asks: off by default and then only on loopback; API keys at both doors, and what they may do."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import httpx
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc

from mistral.v1 import api_key_pb2, api_key_service_pb2, api_key_service_pb2_grpc
from mistral.v1 import workflow_service_pb2 as workflows
from mistral.v1 import workflow_service_pb2_grpc as workflows_grpc
from mistral_api_gateway.app import Ports, running
from mistral_api_gateway.settings import GatewaySettings
from mistral_persistence.database import Pool
from mistral_runtime.settings import SettingError

READ, WRITE, ADMIN = (
    api_key_pb2.API_KEY_SCOPE_READ,
    api_key_pb2.API_KEY_SCOPE_WRITE,
    api_key_pb2.API_KEY_SCOPE_ADMIN,
)


@pytest.fixture
def environment(database: str, nats: str) -> dict[str, str]:
    return {
        "MISTRAL_DATABASE_URL": database,
        "MISTRAL_NATS_URL": nats,
        "MISTRAL_HTTP_LISTEN": "127.0.0.1:0",
        "MISTRAL_DRAIN_SECONDS": "1",
        "MISTRAL_AUTH": "api-key",
        "MISTRAL_API_KEY_CACHE_SECONDS": "0.2",
    }


@pytest.fixture
def settings(environment: dict[str, str]) -> GatewaySettings:
    return GatewaySettings.read(environment)


@pytest.fixture
def root(database: str) -> str:
    """The secret of an administrator, made as on the machine of the mesh."""
    return first_key(database, "--name", "root")["secret"]


def first_key(database: str, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "mistral_api_gateway.access.first_key", *arguments]
    done = subprocess.run(command, env={"MISTRAL_DATABASE_URL": database}, capture_output=True, text=True, check=True)
    made: dict[str, Any] = json.loads(done.stdout)
    return made


class Keys:
    """The service as an administrator calls it."""

    def __init__(self, channel: grpc.aio.Channel, secret: str) -> None:
        self._stub = api_key_service_pb2_grpc.ApiKeyServiceStub(channel)
        self._metadata = (("authorization", f"Bearer {secret}"),)

    async def create(self, name: str = "ci", **given: Any) -> api_key_service_pb2.CreateApiKeyResponse:
        given.setdefault("scopes", [WRITE])
        request = api_key_service_pb2.CreateApiKeyRequest(name=name, **given)
        return await self._stub.CreateApiKey(request, metadata=self._metadata)

    async def revoke(self, key_id: str) -> api_key_pb2.ApiKey:
        request = api_key_service_pb2.RevokeApiKeyRequest(id=key_id)
        return (await self._stub.RevokeApiKey(request, metadata=self._metadata)).api_key

    async def get(self, key_id: str) -> api_key_pb2.ApiKey:
        request = api_key_service_pb2.GetApiKeyRequest(id=key_id)
        return (await self._stub.GetApiKey(request, metadata=self._metadata)).api_key

    async def list(self, **given: Any) -> api_key_service_pb2.ListApiKeysResponse:
        request = api_key_service_pb2.ListApiKeysRequest(**given)
        return await self._stub.ListApiKeys(request, metadata=self._metadata)


@pytest.fixture
def keys(channel: grpc.aio.Channel, root: str) -> Keys:
    return Keys(channel, root)


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


# --- the doors


async def test_without_a_credential_rest_answers_401_in_plain_text_with_the_message_in_a_header(rest):
    answer = await rest.get("/v2/workflows")

    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["server-error-message"] == answer.text == "Authentication required"
    assert answer.headers["www-authenticate"] == 'Bearer realm="mistral"'


@pytest.mark.parametrize("secret", ["nonsense", "mistral_", "mistral_x", "mistral_0123456789ab_" + "x" * 43])
async def test_a_credential_that_proves_nothing_is_refused(rest, secret):
    answer = await rest.get("/v2/workflows", headers=bearer(secret))

    assert (answer.status_code, answer.text) == (401, "Auth token is invalid")
    assert secret not in str(answer.headers)


async def test_a_credential_past_all_measure_is_refused(rest):
    answer = await rest.get("/v2/workflows", headers={"X-Auth-Token": "x" * 20_000})
    assert (answer.status_code, answer.text) == (401, "Auth token is invalid")


@pytest.mark.parametrize("path", ["/", "/v2/", "/healthz", "/openapi.json"])
async def test_what_says_nothing_of_anybodys_is_open(rest, path):
    assert (await rest.get(path)).status_code in (200, 503)


async def test_info_is_open(rest):
    assert (await rest.get("/info")).text != "Authentication required"


@pytest.mark.parametrize(
    ("header", "form"),
    [("Authorization", "Bearer {}"), ("authorization", "bearer {}"), ("X-API-Key", "{}"), ("X-Auth-Token", "{}")],
)
async def test_a_key_is_taken_in_each_header_that_clients_use(rest, root, header, form):
    answer = await rest.get("/v2/workflows", headers={header: form.format(root)})
    assert answer.status_code == 200


async def test_grpc_without_a_credential_is_unauthenticated_with_details(channel):
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await workflows_grpc.WorkflowServiceStub(channel).ListWorkflows(workflows.ListWorkflowsRequest())

    error = raised.value
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert error.details() == "Authentication required"
    status = status_pb2.Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (info.reason, info.domain) == ("UNAUTHENTICATED", "mistral")


@pytest.mark.parametrize("name", ["authorization", "x-api-key", "x-auth-token"])
async def test_grpc_takes_a_key_in_the_metadata(channel, root, name):
    metadata = ((name, f"Bearer {root}" if name == "authorization" else root),)
    stub = workflows_grpc.WorkflowServiceStub(channel)
    assert await stub.ListWorkflows(workflows.ListWorkflowsRequest(), metadata=metadata) is not None


async def test_health_stays_open(channel):
    answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_a_stream_is_refused_too(channel):
    watch = channel.unary_stream("/mistral.v1.ExecutionService/WatchExecution")
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        _ = [answer async for answer in watch(b"")]
    assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_actions_on_another_cloud_are_refused_clearly(rest, root):
    answer = await rest.get("/v2/workflows", headers={**bearer(root), "X-Target-Auth-Uri": "http://elsewhere"})

    assert answer.status_code == 400
    assert answer.json()["faultstring"] == "x-target-auth-uri: actions on another cloud are not supported"


# --- keys


async def test_what_one_project_makes_with_its_key_another_does_not_see(rest, keys, workflow_text, name):
    mine = (await keys.create(project_id="red")).secret
    theirs = (await keys.create(project_id="blue")).secret
    made = await rest.post("/v2/workflows", content=workflow_text(name), headers=bearer(mine))
    assert made.status_code == 201

    shown = (await rest.get(f"/v2/workflows/{name}", headers=bearer(mine))).json()
    hidden = await rest.get(f"/v2/workflows/{name}", headers=bearer(theirs))

    assert shown["project_id"] == "red"
    assert hidden.status_code == 404


async def test_a_secret_is_told_once_and_only_its_digest_is_kept(keys, pool: Pool):
    made = await keys.create(name="deploy", project_id="red", roles=["member", "auditor"])

    beginning, prefix, _ = made.secret.split("_", 2)
    assert (beginning, prefix) == ("mistral", made.api_key.prefix)
    assert made.api_key.created_by == "root"
    row = await pool.fetchrow("SELECT * FROM api_key WHERE id = $1::uuid", made.api_key.id)
    assert made.secret not in str(dict(row))
    assert len(row["digest"]) == 32
    assert (await keys.get(made.api_key.id)).roles == ["auditor", "member"]


async def test_a_key_for_reading_changes_nothing(rest, channel, keys, workflow_text, name):
    secret = (await keys.create(scopes=[READ])).secret

    refused = await rest.post("/v2/workflows", content=workflow_text(name), headers=bearer(secret))
    assert refused.status_code == 403
    assert "may only read" in refused.json()["faultstring"]
    assert (await rest.get("/v2/workflows", headers=bearer(secret))).status_code == 200
    checked = await rest.post("/v2/workflows/validate", content=workflow_text(name), headers=bearer(secret))
    assert checked.json()["valid"] is True
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await workflows_grpc.WorkflowServiceStub(channel).CreateWorkflows(
            workflows.CreateWorkflowsRequest(definition=workflow_text(name)), metadata=(("x-api-key", secret),)
        )
    assert raised.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_a_revoked_key_is_refused_at_once_where_it_was_revoked(rest, keys):
    made = await keys.create()
    assert (await rest.get("/v2/workflows", headers=bearer(made.secret))).status_code == 200

    first = await keys.revoke(made.api_key.id)
    again = await keys.revoke(made.api_key.id)

    assert (await rest.get("/v2/workflows", headers=bearer(made.secret))).status_code == 401
    assert first.HasField("revoked_at")
    assert first.revoked_at == again.revoked_at


async def test_another_gateway_notices_a_revocation_when_what_it_knows_is_stale(settings, rest, keys):
    made = await keys.create()
    async with other_gateway(settings) as other:
        assert (await other.get("/v2/workflows", headers=bearer(made.secret))).status_code == 200
        await keys.revoke(made.api_key.id)
        await refused(other, made.secret)


async def refused(client: httpx.AsyncClient, secret: str) -> None:
    """Return once a key is refused."""
    for _ in range(500):
        if (await client.get("/v2/workflows", headers=bearer(secret))).status_code == 401:
            return
        await asyncio.sleep(0.02)
    pytest.fail("is not refused in time")


@asynccontextmanager
async def other_gateway(settings: GatewaySettings) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        running(settings) as ports,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports.http}", timeout=10) as client,
    ):
        yield client


async def test_an_expired_key_is_refused(rest, keys, pool: Pool):
    made = await keys.create(expires_at=Timestamp(seconds=4_000_000_000))
    assert (await rest.get("/v2/workflows", headers=bearer(made.secret))).status_code == 200
    await pool.execute("UPDATE api_key SET expires_at = now() WHERE id = $1::uuid", made.api_key.id)

    await refused(rest, made.secret)


async def test_when_a_key_was_used_last_is_known(rest, keys):
    made = await keys.create()
    assert not made.api_key.HasField("used_at")

    await rest.get("/v2/workflows", headers=bearer(made.secret))

    assert (await keys.get(made.api_key.id)).HasField("used_at")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"name": ""}, "name of the API key must be given"),
        ({"name": "x" * 256}, "at most 255"),
        ({"scopes": []}, "at least one scope"),
        ({"scopes": [99]}, "no scope of the number 99"),
        ({"roles": ["admin"]}, "by the scope 'admin' alone"),
        ({"roles": [" "]}, "role of the API key must be given"),
        ({"expires_at": Timestamp(seconds=1)}, "is past"),
    ],
)
async def test_a_key_that_cannot_be_is_refused(keys, given, says):
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await keys.create(**given)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert says in raised.value.details()


async def test_only_administrators_have_to_do_with_keys(channel, keys):
    made = await keys.create()
    plain = Keys(channel, made.secret)
    for call in (plain.create(), plain.list(), plain.get(made.api_key.id), plain.revoke(made.api_key.id)):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call
        assert raised.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_keys_are_listed_page_after_page_and_by_project(keys, name):
    made = [(await keys.create(project_id=name)).api_key.id for _ in range(3)]

    first = await keys.list(project_id=name, page_size=2)
    second = await keys.list(project_id=name, page_size=2, page_token=first.next_page_token)

    assert [key.id for key in (*first.api_keys, *second.api_keys)] == made
    assert second.next_page_token == ""


async def test_a_key_that_is_not_there_is_not_found(keys):
    for unknown in ("6f2c2d4e-0000-4000-8000-000000000000", "nonsense"):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await keys.revoke(unknown)
        assert raised.value.code() is grpc.StatusCode.NOT_FOUND


# --- settings


@pytest.mark.parametrize("variable", ["MISTRAL_HTTP_LISTEN", "MISTRAL_GRPC_LISTEN"])
@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "10.1.2.3:0", "gateway.example:0"])
async def test_without_authentication_only_loopback_is_served(environment, variable, address):
    settings = GatewaySettings.read({**environment, "MISTRAL_AUTH": "none", variable: address})
    with pytest.raises(
        SettingError, match=r"MISTRAL_AUTH must be api-key, oidc or keystone, .* listen on 127\.0\.0\.1"
    ):
        async with running(settings):
            pytest.fail("it serves")


async def test_with_authentication_every_address_is_served(environment):
    settings = GatewaySettings.read({**environment, "MISTRAL_HTTP_LISTEN": "0.0.0.0:0"})
    async with running(settings) as ports:
        assert ports.http


async def test_by_default_nobody_is_asked(environment):
    del environment["MISTRAL_AUTH"]
    async with other_gateway(GatewaySettings.read(environment)) as client:
        assert (await client.get("/v2/workflows")).status_code == 200
        assert (await client.get("/v2/workflows", headers={"X-Auth-Token": "whatever"})).status_code == 200


@pytest.mark.parametrize("value", ["maybe", "none,api-key", "api_key", ","])
def test_a_way_that_is_not_known_is_refused(environment, value):
    with pytest.raises(SettingError, match="MISTRAL_AUTH must be none, or of api-key, oidc, keystone"):
        GatewaySettings.read({**environment, "MISTRAL_AUTH": value})


def test_the_first_key_is_an_administrators_unless_said_otherwise(database, ports: Ports):
    assert first_key(database, "--name", "root")["scopes"] == ["admin"]
    plain = first_key(database, "--name", "ci", "--project", "red", "--role", "member", "--scope", "read")
    assert (plain["project_id"], plain["roles"], plain["scopes"]) == ("red", ["member"], ["read"])
