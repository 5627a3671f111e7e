"""Who asks: off by default and then only on loopback; what the doors take and what they say."""

import grpc
import grpc.aio
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from mistral.v1 import workflow_service_pb2 as workflows
from mistral.v1 import workflow_service_pb2_grpc as workflows_grpc
from mistral_api_gateway.app import Ports, running
from mistral_api_gateway.settings import GatewaySettings
from mistral_runtime.settings import SettingError
from tests.api_gateway.api_keys import Keys, bearer, first_key, other_gateway


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


async def test_reflection_stays_open(channel):
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    names = [
        one.name
        async for answer in stub.ServerReflectionInfo(iter([asked]))
        for one in answer.list_services_response.service
    ]
    assert "mistral.v1.ApiKeyService" in names


async def test_a_stream_is_refused_too(channel):
    watch = channel.unary_stream("/mistral.v1.ExecutionService/WatchExecution")
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        _ = [answer async for answer in watch(b"")]
    assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_actions_on_another_cloud_are_refused_clearly(rest, root):
    answer = await rest.get("/v2/workflows", headers={**bearer(root), "X-Target-Auth-Uri": "http://elsewhere"})

    assert answer.status_code == 400
    assert answer.json()["faultstring"] == "x-target-auth-uri: actions on another cloud are not supported"


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
