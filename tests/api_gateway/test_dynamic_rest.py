"""Code sources and dynamic actions over REST and gRPC, as far as nothing runs."""

from typing import Any

import grpc
import httpx
import pytest

from mistral.v1 import (
    code_source_service_pb2,
    code_source_service_pb2_grpc,
    dynamic_action_service_pb2,
    dynamic_action_service_pb2_grpc,
    workflow_pb2,
)
from mistral_api_gateway.app import Ports
from mistral_api_gateway.app import running as gateway_running
from mistral_api_gateway.settings import GatewaySettings

CODE = '''
from mistral_lib import actions

class Greet(actions.Action):
    """Greets somebody.

    At length.
    """
    def __init__(self, name, mark="!"):
        self.name = name
    def run(self, context):
        return self.name

class Shout(Greet):
    pass

class Odd(Unknown):
    pass
'''


@pytest.fixture
def settings(database: str, nats: str) -> GatewaySettings:
    return GatewaySettings.read(
        {
            "MISTRAL_DATABASE_URL": database,
            "MISTRAL_NATS_URL": nats,
            "MISTRAL_HTTP_LISTEN": "127.0.0.1:0",
            "MISTRAL_DRAIN_SECONDS": "1",
            "MISTRAL_DYNAMIC_ACTIONS": "true",
        }
    )


async def source(rest: httpx.AsyncClient, name: str, content: str = CODE, **query: str) -> dict[str, Any]:
    answer = await rest.post("/v2/code_sources", params={"name": name, **query}, content=content)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def action(rest: httpx.AsyncClient, **body: str) -> dict[str, Any]:
    answer = await rest.post("/v2/dynamic_actions", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_code_is_stored_and_replaced_by_versions(rest: httpx.AsyncClient, name: str):
    stored = await source(rest, name, "anything at all")
    assert set(stored) == {
        *("id", "name", "namespace", "content", "version", "project_id", "scope", "actions"),
        *("created_at", "updated_at"),
    }
    assert (stored["name"], stored["content"], stored["version"]) == (name, "anything at all", 1)
    assert (stored["namespace"], stored["scope"], stored["actions"]) == ("", "private", [])

    changed = await rest.put("/v2/code_sources", params={"identifier": name, "scope": "public"}, content=CODE)
    assert changed.status_code == 200
    assert (changed.json()["version"], changed.json()["content"], changed.json()["scope"]) == (2, CODE, "public")
    assert changed.json()["id"] == stored["id"]
    again = await rest.put("/v2/code_sources", params={"identifier": stored["id"]}, content="x = 1")
    assert (again.json()["version"], again.json()["scope"]) == (3, "public")

    assert (await rest.get(f"/v2/code_sources/{name}")).json() == again.json()
    assert (await rest.get(f"/v2/code_sources/{stored['id']}")).json() == again.json()
    assert (await rest.delete(f"/v2/code_sources/{name}")).status_code == 204
    missing = await rest.get(f"/v2/code_sources/{name}")
    assert missing.status_code == 404
    assert missing.json()["faultstring"] == f"CodeSource not found [name={name}, namespace=]"


async def test_names_of_code_are_unique_in_their_namespace(rest: httpx.AsyncClient, name: str):
    await source(rest, name)
    await source(rest, name, namespace="other")
    taken = await rest.post("/v2/code_sources", params={"name": name}, content=CODE)

    assert taken.status_code == 409
    assert "Duplicate entry for CodeSource" in taken.json()["faultstring"]
    assert (await rest.get(f"/v2/code_sources/{name}?namespace=third")).status_code == 404
    listed = (await rest.get("/v2/code_sources", params={"name": name})).json()["code_sources"]
    assert [each["namespace"] for each in listed] == ["", "other"]
    filtered = (await rest.get("/v2/code_sources", params={"name": name, "namespace": "other"})).json()
    assert [each["version"] for each in filtered["code_sources"]] == [1]


@pytest.mark.parametrize(
    ("query", "content", "said"),
    [
        ({}, CODE, "The name of the code source must be given"),
        ({"name": "x" * 256}, CODE, "at most 255 characters"),
        ({"name": "n"}, " ", "The code is empty"),
        ({"name": "n", "scope": "all"}, CODE, "Scope must be one of the following"),
        ({"name": "n", "colour": "red"}, CODE, 'Unknown argument: "colour"'),
    ],
)
async def test_code_that_cannot_be_stored(rest: httpx.AsyncClient, query: dict[str, str], content: str, said: str):
    answer = await rest.post("/v2/code_sources", params=query, content=content)

    assert answer.status_code == 400
    assert said in answer.json()["faultstring"]


async def test_a_code_source_has_a_greatest_length(rest: httpx.AsyncClient, name: str):
    answer = await rest.post("/v2/code_sources", params={"name": name}, content="#" * (1024 * 1024 + 1))

    assert answer.status_code == 400
    assert "at most" in answer.json()["faultstring"]


async def test_dynamic_actions_are_kept_by_name_and_id(rest: httpx.AsyncClient, name: str):
    kept = await source(rest, name)
    by_id = await action(rest, name=f"{name}.a", class_name="Greet", code_source_id=kept["id"])
    by_name = await action(rest, name=f"{name}.b", class_name="Nobody", code_source_name=name, scope="public")
    assert set(by_id) == {
        *("id", "name", "namespace", "class_name", "code_source_id", "code_source_name"),
        *("project_id", "scope", "created_at", "updated_at"),
    }
    assert (by_id["class_name"], by_id["code_source_name"], by_id["scope"]) == ("Greet", name, "private")
    assert (by_name["code_source_id"], by_name["scope"]) == (kept["id"], "public")

    changed = await rest.put("/v2/dynamic_actions", json={"name": f"{name}.b", "class_name": "Shout"})
    assert (changed.status_code, changed.json()["class_name"]) == (200, "Shout")
    assert changed.json()["code_source_id"] == kept["id"]
    other = await source(rest, f"{name}2")
    renamed = await rest.put(
        "/v2/dynamic_actions", json={"id": by_id["id"], "name": f"{name}.c", "code_source_name": other["name"]}
    )
    assert (renamed.json()["name"], renamed.json()["code_source_id"]) == (f"{name}.c", other["id"])

    assert (await rest.get(f"/v2/dynamic_actions/{name}.c")).json() == renamed.json()
    listed = (await rest.get("/v2/dynamic_actions", params={"name": f"has:{name}"})).json()["dynamic_actions"]
    assert [each["name"] for each in listed] == [f"{name}.c", f"{name}.b"]
    assert (await rest.get(f"/v2/code_sources/{name}")).json()["actions"] == [f"{name}.b"]
    assert (await rest.delete(f"/v2/dynamic_actions/{name}.b")).status_code == 204
    assert (await rest.get(f"/v2/dynamic_actions/{name}.b")).status_code == 404


async def test_with_its_code_an_action_goes(rest: httpx.AsyncClient, name: str):
    await source(rest, name)
    await action(rest, name=name, class_name="Greet", code_source_name=name)
    await rest.delete(f"/v2/code_sources/{name}")

    assert (await rest.get(f"/v2/dynamic_actions/{name}")).status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"class_name": "A", "code_source_name": "c"}, 400, "The name of the dynamic action must be given"),
        ({"name": "a", "code_source_name": "c"}, 400, "'class_name'"),
        ({"name": "a", "class_name": "A"}, 400, "Either 'code_source_id' or 'code_source_name' must be given"),
        ({"name": "a", "class_name": "A", "code_source_name": "none"}, 404, "CodeSource not found [name=none"),
        ({"name": "std.echo", "class_name": "A", "code_source_name": "c"}, 400, "those of built-in actions: std.echo"),
        ({"name": "a", "colour": "red"}, 400, "Unknown attribute for argument dyn_action: colour"),
        ({"name": 1}, 400, "name"),
    ],
)
async def test_a_dynamic_action_that_cannot_be_stored(
    rest: httpx.AsyncClient, body: dict[str, Any], status: int, said: str
):
    answer = await rest.post("/v2/dynamic_actions", json=body)

    assert answer.status_code == status
    assert said in answer.json()["faultstring"]


async def test_a_change_names_what_it_changes(rest: httpx.AsyncClient, name: str):
    nothing = await rest.put("/v2/dynamic_actions", json={"class_name": "A"})
    missing = await rest.put("/v2/dynamic_actions", json={"name": name, "class_name": "A"})

    assert (nothing.status_code, missing.status_code) == (400, 404)
    assert (await rest.put("/v2/code_sources", content=CODE)).status_code == 400
    assert (await rest.put("/v2/code_sources", params={"identifier": name}, content=CODE)).status_code == 404


async def test_they_are_among_the_actions_with_what_their_code_says(rest: httpx.AsyncClient, name: str):
    await source(rest, name)
    kept = {class_name: f"{name}.{class_name}" for class_name in ("Greet", "Shout", "Odd", "Missing")}
    for class_name, full in kept.items():
        await action(rest, name=full, class_name=class_name, code_source_name=name)

    listed = (await rest.get("/v2/actions", params={"name": f"has:{name}"})).json()["actions"]
    inputs = {each["name"].rpartition(".")[2]: each["input"] for each in listed}
    assert inputs == {"Greet": 'name, mark="!"', "Shout": 'name, mark="!"', "Odd": "**", "Missing": "**"}
    shown = (await rest.get(f"/v2/actions/{kept['Greet']}")).json()
    assert (shown["description"], shown["is_system"], shown["definition"]) == ("Greets somebody.", False, "")


async def test_over_grpc_it_is_the_same(channel: grpc.aio.Channel, name: str):
    sources = code_source_service_pb2_grpc.CodeSourceServiceStub(channel)
    actions = dynamic_action_service_pb2_grpc.DynamicActionServiceStub(channel)
    stored = await sources.CreateCodeSource(
        code_source_service_pb2.CreateCodeSourceRequest(name=name, content=CODE, scope=workflow_pb2.SCOPE_PUBLIC)
    )
    assert (stored.code_source.version, stored.code_source.scope) == (1, workflow_pb2.SCOPE_PUBLIC)
    changed = await sources.UpdateCodeSource(
        code_source_service_pb2.UpdateCodeSourceRequest(identifier=name, content="x = 1")
    )
    assert (changed.code_source.version, changed.code_source.content) == (2, "x = 1")
    made = await actions.CreateDynamicAction(
        dynamic_action_service_pb2.CreateDynamicActionRequest(name=name, class_name="A", code_source=name)
    )
    moved = await actions.UpdateDynamicAction(
        dynamic_action_service_pb2.UpdateDynamicActionRequest(identifier=name, class_name="B")
    )
    assert (made.dynamic_action.id, made.dynamic_action.code_source_name) == (moved.dynamic_action.id, name)
    assert moved.dynamic_action.class_name == "B"

    listed = await sources.ListCodeSources(code_source_service_pb2.ListCodeSourcesRequest(page_size=1000))
    assert [each.content for each in listed.code_sources if each.name == name] == [""]
    page = await actions.ListDynamicActions(dynamic_action_service_pb2.ListDynamicActionsRequest(page_size=1000))
    assert moved.dynamic_action in page.dynamic_actions
    found = await sources.GetCodeSource(code_source_service_pb2.GetCodeSourceRequest(identifier=name))
    assert found.code_source == changed.code_source
    await actions.DeleteDynamicAction(dynamic_action_service_pb2.DeleteDynamicActionRequest(identifier=name))
    await sources.DeleteCodeSource(code_source_service_pb2.DeleteCodeSourceRequest(identifier=name))
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await actions.GetDynamicAction(dynamic_action_service_pb2.GetDynamicActionRequest(identifier=name))
    assert error.value.code() is grpc.StatusCode.NOT_FOUND


async def test_while_they_are_off_nothing_of_it_is_answered(database: str, nats: str, name: str):
    off = {"MISTRAL_DATABASE_URL": database, "MISTRAL_NATS_URL": nats, "MISTRAL_HTTP_LISTEN": "127.0.0.1:0"}
    ports: Ports
    async with (
        gateway_running(GatewaySettings.read(off)) as ports,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports.http}", timeout=10) as rest,
    ):
        answers = [
            await rest.post("/v2/code_sources", params={"name": name}, content=CODE),
            await rest.get("/v2/code_sources"),
            await rest.get("/v2/dynamic_actions/any"),
            await rest.put("/v2/dynamic_actions", json={"name": "any"}),
            await rest.delete("/v2/code_sources/any"),
        ]

    assert [answer.status_code for answer in answers] == [403] * 5
    assert all("MISTRAL_DYNAMIC_ACTIONS" in answer.json()["faultstring"] for answer in answers)
