"""What clients find around executions over REST, with a real engine and executor behind the gateway."""

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from mistral_api_gateway.app import Ports
from mistral_api_gateway.app import running as gateway_running
from mistral_api_gateway.settings import GatewaySettings
from mistral_engine.app import running as engine_running
from mistral_engine.settings import Settings as EngineSettings
from mistral_executor.app import running as executor_running
from mistral_executor.settings import ExecutorSettings


@pytest.fixture
async def ports(database: str, nats: str) -> AsyncIterator[Ports]:
    """A gateway, an engine and an executor, in one process."""
    environ = {"MISTRAL_DATABASE_URL": database, "MISTRAL_NATS_URL": nats, "MISTRAL_DRAIN_SECONDS": "1"}
    async with (
        engine_running(EngineSettings.read(environ)) as engine_port,
        executor_running(ExecutorSettings.read({"MISTRAL_NATS_URL": nats})),
    ):
        addresses = {"MISTRAL_ENGINE_ADDRESSES": f"127.0.0.1:{engine_port}", "MISTRAL_HTTP_LISTEN": "127.0.0.1:0"}
        async with gateway_running(GatewaySettings.read({**environ, **addresses})) as found:
            yield found


async def until(rest, path: str, state: str) -> dict:
    async with asyncio.timeout(15):
        while True:
            shown = (await rest.get(path)).json()
            if shown["state"] == state:
                return shown
            await asyncio.sleep(0.02)


async def test_services_of_every_kind_are_listed_while_they_live(rest):
    found = (await rest.get("/v2/services")).json()["services"]

    names = {"api_group": "api_gateway-0", "engine_group": "engine-0", "executor_group": "executor-0"}
    assert {each["type"]: each["name"] for each in found} == names


async def test_a_workflow_is_started_in_the_namespace_that_is_said_and_no_other(rest, name):
    top = f"version: '2.0'\n{name}: {{tasks: {{t: {{workflow: {name}_sub}}}}}}"
    sub = f"version: '2.0'\n{name}_sub: {{tasks: {{t: {{action: std.noop}}}}}}"
    stored = await rest.post("/v2/workflows?namespace=n1", content=top)
    assert (await rest.post("/v2/workflows", content=sub)).status_code == 201

    for wanted in ({"workflow_name": name}, {"workflow_name": f"{name}_sub", "workflow_namespace": "n1"}):
        answer = await rest.post("/v2/executions", json=wanted)
        assert answer.status_code == 404, answer.text
    for wanted in (
        {"workflow_name": name, "workflow_namespace": "n1"},
        {"workflow_id": stored.json()["workflows"][0]["id"]},
        {"workflow_name": name, "params": {"namespace": "n1"}},
    ):
        begun = (await rest.post("/v2/executions", json=wanted)).json()
        ended = await until(rest, f"/v2/executions/{begun['id']}", "SUCCESS")
        assert (ended["workflow_namespace"], json.loads(ended["params"])["namespace"]) == ("n1", "n1")


async def test_an_id_that_is_known_gives_its_execution_whatever_else_is_sent(rest, name):
    held = f"version: '2.0'\n{name}: {{input: [{{a: {{b: 1, c: 2}}}}], tasks: {{t: {{action: std.async_noop}}}}}}"
    assert (await rest.post("/v2/workflows", content=held)).status_code == 201
    wanted = str(uuid4())
    first = await rest.post("/v2/executions", json={"workflow_name": name, "id": wanted, "description": "one"})
    assert first.status_code == 201

    for sent in ({}, {"workflow_name": f"{name}_gone"}, {"workflow_name": name, "input": {"x": 1}}):
        again = await rest.post("/v2/executions", json={**sent, "id": wanted})
        assert (again.status_code, again.json()["id"], again.json()["description"]) == (201, wanted, "one"), again.text
    assert (await rest.post("/v2/executions", json={"id": str(uuid4())})).status_code == 400

    based = {"source_execution_id": wanted, "input": {"a": {"c": 3}}}
    shown = (await rest.post("/v2/executions", json=based)).json()
    assert json.loads(shown["input"]) == {"a": {"b": 1, "c": 3}}


async def test_every_execution_has_a_namespace_and_an_environment_among_its_params(rest, name):
    text = (
        f"version: '2.0'\n{name}: {{tasks: {{t: {{workflow: {name}_sub}}}}}}\n"
        f"{name}_sub: {{tasks: {{t: {{action: std.noop}}}}, output: {{k: <% env().k %>}}}}"
    )
    assert (await rest.post("/v2/workflows", content=text)).status_code == 201
    begun = (await rest.post("/v2/executions", json={"workflow_name": name, "params": {"env": {"k": 1}}})).json()
    await until(rest, f"/v2/executions/{begun['id']}", "SUCCESS")

    (child,) = (await rest.get(f"/v2/executions?root_execution_id={begun['id']}&include_output=true")).json()[
        "executions"
    ]

    assert json.loads(child["params"]) == {"env": {}, "namespace": ""}
    assert child["output"] == '{"k": 1}'


async def test_flags_and_numbers_may_come_as_text(rest, name):
    text = f"version: '2.0'\n{name}: {{tasks: {{t: {{action: std.fail}}}}}}"
    assert (await rest.post("/v2/workflows", content=text)).status_code == 201
    begun = (await rest.post("/v2/executions", json={"workflow_name": name})).json()
    await until(rest, f"/v2/executions/{begun['id']}", "ERROR")
    (task,) = (await rest.get(f"/v2/executions/{begun['id']}/tasks")).json()["tasks"]

    again = await rest.put(f"/v2/tasks/{task['id']}", json={"state": "RUNNING", "reset": "true"})
    assert again.status_code == 200, again.text
    assert (await rest.put(f"/v2/tasks/{task['id']}", json={"state": "RUNNING", "reset": "maybe"})).status_code == 400
