"""The audit log: a line for everything that changes something, and nothing of what was sent."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from mistral.v1 import environment_service_pb2 as environments
from mistral.v1 import environment_service_pb2_grpc as environments_grpc
from mistral_api_gateway.app import running
from mistral_api_gateway.settings import GatewaySettings
from tests.api_gateway.isolation import HELD, World, world


@pytest.fixture
async def two(database: str, nats: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database, nats, tmp_path) as found:
        found.audit.write_text("")
        yield found


def lines(two: World) -> list[dict[str, Any]]:
    return [json.loads(line) for line in two.audit.read_text().splitlines()]


async def test_a_change_over_rest_is_written_down_with_who_what_and_how_it_ended(two: World) -> None:
    made = await two.call("b", "POST", "/v2/workflows", content=HELD.format(name="w", token="s3cret-text"))
    workflow = made.json()["workflows"][0]["id"]
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    headers = {"X-OpenStack-Request-Id": "req-of-mine", "traceparent": trace}
    gone = await two.call("b", "DELETE", f"/v2/workflows/{workflow}", headers=headers)
    refused = await two.call("b", "POST", "/v2/environments", json={"name": "e", "variables": {}, "scope": "public"})

    first, second, third = lines(two)
    assert (first["door"], first["call"], first["rule"], first["resource"]) == (
        "rest",
        "POST /v2/workflows",
        "workflows:create",
        "workflows",
    )
    assert (first["project"], first["ids"], first["code"], first["admin"]) == (two.b, [workflow], "201", False)
    assert first["user"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", first["time"])
    assert made.headers["x-openstack-request-id"] == first["request_id"]
    assert (second["ids"], second["code"], second["request_id"]) == ([workflow], "204", "req-of-mine")
    assert second["trace_id"] == "a" * 32
    assert gone.headers["x-openstack-request-id"] == "req-of-mine"
    assert (third["code"], refused.status_code) == ("403", 403)


async def test_reads_and_checks_are_not_written_down(two: World) -> None:
    await two.call("b", "GET", "/v2/workflows")
    await two.call("b", "GET", f"/v2/workflows/{two.things['private workflow']}")
    await two.call("b", "POST", "/v2/workflows/validate", content="x")
    assert lines(two) == []


async def test_nothing_of_what_was_sent_is_written_down(two: World) -> None:
    sent = "s3cret-value"
    start = {"workflow_id": two.things["public workflow"], "input": {"v": sent}, "description": sent}
    begun = await two.made("b", "POST", "/v2/executions", json=start)
    await two.call("b", "POST", "/v2/environments", json={"name": "e", "variables": {"password": sent}})
    await two.call("b", "PUT", f"/v2/executions/{begun['id']}", json={"state": "CANCELLED", "state_info": sent})
    await two.call("b", "POST", "/v2/workflows", content=f"not a workflow {sent}")

    written = two.audit.read_text()
    assert len(written.splitlines()) == 4
    assert sent not in written
    assert two.secrets["b"] not in written
    assert [one["code"] for one in lines(two)] == ["201", "201", "200", "400"]


async def test_a_request_id_that_is_not_fit_for_a_log_is_replaced(two: World) -> None:
    headers = {"X-OpenStack-Request-Id": "two words"}
    await two.call("b", "POST", "/v2/environments", json={"name": "e2", "variables": {}}, headers=headers)
    assert re.fullmatch(r"req-[0-9a-f]{32}", lines(two)[0]["request_id"])


async def test_changes_over_grpc_are_written_down_too(two: World) -> None:
    stub, metadata = environments_grpc.EnvironmentServiceStub(two.channel), two.metadata("b")
    made = await stub.CreateEnvironment(
        environments.CreateEnvironmentRequest(name="g", variables="{}"), metadata=(*metadata, ("x-request-id", "r-1"))
    )
    await stub.GetEnvironment(environments.GetEnvironmentRequest(name="g"), metadata=metadata)
    with pytest.raises(grpc.aio.AioRpcError):
        await stub.DeleteEnvironment(environments.DeleteEnvironmentRequest(name="nothing"), metadata=metadata)

    assert made.environment.id
    first, second = lines(two)
    assert (first["door"], first["call"]) == ("grpc", "mistral.v1.EnvironmentService/CreateEnvironment")
    assert (first["rule"], first["ids"], first["code"]) == ("environments:create", ["g"], "OK")
    assert (first["request_id"], first["project"]) == ("r-1", two.b)
    assert (second["ids"], second["code"]) == (["nothing"], "NOT_FOUND")


async def test_a_file_that_cannot_be_written_is_told_at_the_start(database: str, nats: str, tmp_path: Path) -> None:
    environ = {"MISTRAL_DATABASE_URL": database, "MISTRAL_NATS_URL": nats, "MISTRAL_HTTP_LISTEN": "127.0.0.1:0"}
    settings = GatewaySettings.read({**environ, "MISTRAL_AUDIT_FILE": str(tmp_path)})
    with pytest.raises(ValueError, match=r"MISTRAL_AUDIT_FILE must be a file that can be written \(Is a directory\)"):
        async with running(settings):
            pytest.fail("it serves")


def test_the_file_is_its_owners_alone(two: World) -> None:
    assert two.audit.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("auth", "audit", "on"), [("none", "", False), ("none", "on", True), ("api-key", "", True)])
def test_it_is_on_while_callers_are_known_unless_said_otherwise(auth: str, audit: str, on: bool) -> None:
    settings = GatewaySettings.read({"MISTRAL_AUTH": auth, "MISTRAL_AUDIT": audit})
    assert settings.gate.audit is on
    assert not GatewaySettings.read({"MISTRAL_AUTH": auth, "MISTRAL_AUDIT": "off"}).gate.audit
