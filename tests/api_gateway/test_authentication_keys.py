"""API keys: what they prove and to what end, how they are made and how they end."""

import asyncio

import grpc
import grpc.aio
import httpx
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from mistral.v1 import workflow_service_pb2 as workflows
from mistral.v1 import workflow_service_pb2_grpc as workflows_grpc
from mistral_api_gateway.settings import GatewaySettings
from mistral_persistence.database import Pool
from tests.api_gateway.api_keys import READ, Keys, bearer, first_key, other_gateway


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


@pytest.fixture
def keys(channel: grpc.aio.Channel, root: str) -> Keys:
    return Keys(channel, root)


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


async def test_streams_end_soon_after_their_key_was_revoked(rest, keys):
    made = await keys.create(project_id="red")

    async with asyncio.timeout(30), rest.stream("GET", "/v2/events/stream", headers=bearer(made.secret)) as response:
        assert response.status_code == 200
        await keys.revoke(made.api_key.id)
        told = [line async for line in response.aiter_lines()]

    assert "event: unauthenticated" in told
