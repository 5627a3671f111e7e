"""What the policy allows to whom, at both doors: roles, publicizing, lists of all projects, rules of operators."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import httpx
import pytest

from mistral.v1 import workflow_pb2
from mistral.v1 import workflow_service_pb2 as workflows
from mistral.v1 import workflow_service_pb2_grpc as workflows_grpc
from mistral_api_gateway.app import running
from mistral_api_gateway.settings import GatewaySettings
from tests.api_gateway.api_keys import Keys, bearer, first_key

TEXT = "version: '2.0'\n{}: {{tasks: {{t: {{action: std.noop}}}}}}"
CRON = {"name": "c", "pattern": "0 0 1 1 *"}


@asynccontextmanager
async def gateway(database: str, nats: str, **more: str) -> AsyncIterator[tuple[httpx.AsyncClient, grpc.aio.Channel]]:
    environ = {
        "MISTRAL_DATABASE_URL": database,
        "MISTRAL_NATS_URL": nats,
        "MISTRAL_HTTP_LISTEN": "127.0.0.1:0",
        "MISTRAL_DRAIN_SECONDS": "1",
        "MISTRAL_DYNAMIC_ACTIONS": "true",
        **more,
    }
    async with (
        running(GatewaySettings.read(environ)) as ports,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports.http}", timeout=20) as rest,
        grpc.aio.insecure_channel(f"127.0.0.1:{ports.grpc}") as channel,
    ):
        yield rest, channel


@pytest.fixture
async def doors(database: str, nats: str) -> AsyncIterator[tuple[httpx.AsyncClient, grpc.aio.Channel]]:
    async with gateway(database, nats, MISTRAL_AUTH="api-key") as found:
        yield found


@pytest.fixture
def root(database: str, doors: Any) -> str:
    return str(first_key(database, "--name", "root")["secret"])


@pytest.fixture
async def member(doors: tuple[httpx.AsyncClient, grpc.aio.Channel], root: str) -> str:
    return str((await Keys(doors[1], root).create("m", project_id="red", roles=["member"])).secret)


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("POST", "/v2/workflows?scope=public", {"content": TEXT.format("w")}),
        ("PUT", "/v2/workflows?scope=public", {"content": TEXT.format("w")}),
        ("POST", "/v2/actions?scope=public", {"content": "version: '2.0'\na: {base: std.noop}"}),
        ("POST", "/v2/environments", {"json": {"name": "e", "variables": {}, "scope": "public"}}),
        ("POST", "/v2/cron_triggers", {"json": {**CRON, "workflow_name": "w", "scope": "public"}}),
        ("GET", "/v2/workflows?all_projects=true", {}),
        ("GET", "/v2/executions?all_projects=True", {}),
        ("GET", "/v2/tasks?limit=1&all_projects=1", {}),
        ("GET", "/v2/event_triggers?all_projects=true", {}),
        ("GET", "/v2/code_sources", {}),
        ("POST", "/v2/code_sources?name=c", {"content": "x = 1"}),
        ("GET", "/v2/dynamic_actions", {}),
        ("DELETE", "/v2/dynamic_actions/d", {}),
        ("PUT", "/maintenance", {"json": {"status": "PAUSED"}}),
    ],
)
async def test_what_is_left_to_administrators_is_refused_to_others(doors, member, method, path, sent):
    answer = await doors[0].request(method, path, headers=bearer(member), **sent)

    assert answer.status_code == 403, answer.text
    assert "Operation not allowed by the policy [rule=" in answer.json()["faultstring"]


async def test_an_administrator_publicizes_and_lists_all_projects(doors, root, member):
    rest, red = doors[0], bearer(member)
    assert (await rest.post("/v2/workflows", content=TEXT.format("reds"), headers=red)).status_code == 201
    open_one = await rest.post("/v2/workflows?scope=public", content=TEXT.format("open"), headers=bearer(root))
    assert open_one.status_code == 201

    everything = await rest.get("/v2/workflows?all_projects=true", headers=bearer(root))
    assert {"reds", "open"} <= {one["name"] for one in everything.json()["workflows"]}
    theirs = await rest.get("/v2/workflows", headers=red)
    assert {one["name"] for one in theirs.json()["workflows"]} >= {"reds", "open"}


async def test_grpc_refuses_the_same_with_a_reason(doors, member):
    stub, metadata = workflows_grpc.WorkflowServiceStub(doors[1]), (("authorization", f"Bearer {member}"),)
    request = workflows.CreateWorkflowsRequest(definition=TEXT.format("g"), scope=workflow_pb2.SCOPE_PUBLIC)

    with pytest.raises(grpc.aio.AioRpcError) as publicized:
        await stub.CreateWorkflows(request, metadata=metadata)
    with pytest.raises(grpc.aio.AioRpcError) as listed:
        await stub.ListWorkflows(workflows.ListWorkflowsRequest(all_projects=True), metadata=metadata)

    assert {publicized.value.code(), listed.value.code()} == {grpc.StatusCode.PERMISSION_DENIED}
    assert "workflows:publicize" in str(publicized.value.details())
    assert "workflows:list:all_projects" in str(listed.value.details())


async def test_operators_give_and_take_with_a_file_of_their_own(database, nats, tmp_path: Path):
    rules = tmp_path / "policy.yaml"
    rules.write_text(
        "auditor: role:auditor\n"
        "workflows:create: role:author or is_admin:True\n"
        "workflows:list:all_projects: rule:auditor\n"
        "executions:create: '!'\n"
    )
    async with gateway(database, nats, MISTRAL_AUTH="api-key", MISTRAL_POLICY_FILE=str(rules)) as (rest, channel):
        keys = Keys(channel, first_key(database, "--name", "boss")["secret"])
        author = bearer((await keys.create("a", project_id="green", roles=["Author"])).secret)
        auditor = bearer((await keys.create("b", project_id="blue", roles=["auditor"])).secret)

        assert (await rest.post("/v2/workflows", content=TEXT.format("x"), headers=author)).status_code == 201
        assert (await rest.post("/v2/workflows", content=TEXT.format("x"), headers=auditor)).status_code == 403
        assert (await rest.post("/v2/executions", json={"workflow_name": "x"}, headers=author)).status_code == 403
        assert (await rest.get("/v2/workflows?all_projects=true", headers=author)).status_code == 403
        everything = (await rest.get("/v2/workflows?all_projects=true", headers=auditor)).json()["workflows"]
        own = (await rest.get("/v2/workflows", headers=auditor)).json()["workflows"]

    # Who may list all projects sees them in such lists, and nowhere else.
    assert "green" in {one["project_id"] for one in everything}
    assert "green" not in {one["project_id"] for one in own}


async def test_while_authentication_is_off_nothing_is_refused(database, nats):
    async with gateway(database, nats) as (rest, _):
        for path in ("/v2/workflows?all_projects=true", "/v2/code_sources", "/v2/dynamic_actions"):
            assert (await rest.get(path)).status_code == 200
        answer = await rest.post("/v2/workflows?scope=public", content=TEXT.format("off"))
        assert answer.status_code == 201
        assert answer.json()["workflows"][0]["project_id"] == "<default-project>"


async def test_a_file_counts_while_authentication_is_off_too(database, nats, tmp_path: Path):
    rules = tmp_path / "policy.json"
    rules.write_text(json.dumps({"workflows:create": "!", "code_sources:list": "@"}))
    async with gateway(database, nats, MISTRAL_POLICY_FILE=str(rules)) as (rest, _):
        assert (await rest.post("/v2/workflows", content=TEXT.format("n"))).status_code == 403
        assert (await rest.get("/v2/code_sources")).status_code == 200
        assert (await rest.get("/v2/dynamic_actions")).status_code == 403


async def test_a_gateway_does_not_start_with_rules_that_it_does_not_understand(database, nats, tmp_path: Path):
    rules = tmp_path / "policy.yaml"
    rules.write_text("workflows:creat: '@'\n")
    with pytest.raises(ValueError, match="line 1: there is no rule 'workflows:creat'"):
        async with gateway(database, nats, MISTRAL_POLICY_FILE=str(rules)):
            pytest.fail("it serves")
