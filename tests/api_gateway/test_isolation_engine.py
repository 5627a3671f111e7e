"""Walls between projects where workflows run: what names mean there, who is shared with, and what triggers start."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from mistral.v1 import execution_service_pb2 as service
from mistral.v1 import execution_service_pb2_grpc as service_grpc
from mistral_scheduler.app import running as scheduler_running
from mistral_scheduler.settings import SchedulerSettings
from tests.api_gateway.isolation import CODE, HELD, World, world

CALLING = "version: '2.0'\n{name}:\n  input: [v]\n  tasks:\n    call: {{workflow: {child} v=<% $.v %>}}\n"
ACTING = "version: '2.0'\n{name}:\n  tasks:\n    act: {{action: {child}}}\n"
ASKING = """version: '2.0'
{name}:
  input: [theirs]
  output:
    all: <% executions().len() %>
    one: <% executions(id => $.theirs).len() %>
    below: <% executions(root_execution_id => $.theirs).len() %>
    tasks: <% tasks($.theirs).len() %>
  tasks:
    t: {{action: std.noop}}
"""
FINAL = ("SUCCESS", "ERROR", "CANCELLED")


@pytest.fixture
async def two(database: str, nats: str, tmp_path: Path) -> AsyncIterator[World]:
    async with world(database, nats, tmp_path) as found:
        yield found


async def ended(two: World, who: str, **start: Any) -> dict[str, Any]:
    """Start a workflow and return its execution once it is over."""
    begun = await two.made(who, "POST", "/v2/executions", json=start)
    async with asyncio.timeout(30):
        while True:
            shown = await two.made(who, "GET", f"/v2/executions/{begun['id']}")
            if shown["state"] in FINAL:
                return shown
            await asyncio.sleep(0.05)


async def upload(two: World, who: str, text: str, *, scope: str = "private", **names: str) -> str:
    name = f"w_{uuid4().hex[:8]}"
    answer = await two.made(
        who, "POST", "/v2/workflows", content=text.format(name=name, **names), params={"scope": scope}
    )
    return str(answer["workflows"][0]["name"])


async def status(two: World, who: str, method: str, path: str, **given: Any) -> int:
    return (await two.call(who, method, path, **given)).status_code


async def test_a_workflow_is_shared_from_acceptance_to_revocation(two: World) -> None:
    workflow, name = two.things["private workflow"], two.things["private name"]
    members, start = f"/v2/workflows/{workflow}/members", {"input": {"v": 1}}

    offered = await two.made("a", "POST", members, json={"member_id": two.b})
    assert (offered["status"], offered["project_id"], offered["member_id"]) == ("pending", two.a, two.b)
    assert (offered["resource_id"], offered["resource_type"]) == (workflow, "workflow")
    assert await status(two, "a", "POST", members, json={"member_id": two.b}) == 409
    assert await status(two, "a", "PUT", f"{members}/{two.b}", json={"status": "accepted"}) == 404
    # Offered is not shared yet; of other offers B learns nothing.
    assert await status(two, "b", "GET", f"/v2/workflows/{workflow}") == 404
    assert [one["member_id"] for one in (await two.made("b", "GET", members))["members"]] == [two.b]
    assert len((await two.made("a", "GET", members))["members"]) == 2
    assert await status(two, "b", "PUT", f"{members}/{two.b}", json={"status": "perhaps"}) == 400

    taken = await two.made("b", "PUT", f"{members}/{two.b}", json={"status": "accepted"})
    assert taken["status"] == "accepted"
    assert (await two.made("b", "GET", f"/v2/workflows/{workflow}"))["name"] == name
    assert workflow in [one["id"] for one in (await two.made("b", "GET", "/v2/workflows"))["workflows"]]
    for named in ({"workflow_id": workflow}, {"workflow_name": name}):
        assert (await two.made("b", "POST", "/v2/executions", json={**named, **start}))["project_id"] == two.b
    parent = await upload(two, "b", CALLING, child=name)
    begun = await two.made("b", "POST", "/v2/executions", json={"workflow_name": parent, **start})
    await _has_child(two, begun["id"], name)
    # It can be read and run, not more.
    assert await status(two, "b", "DELETE", f"/v2/workflows/{workflow}") == 403
    text = HELD.format(name=name, token="changed")
    assert await status(two, "b", "PUT", f"/v2/workflows/{workflow}", content=text) == 403
    assert await status(two, "b", "POST", members, json={"member_id": "d"}) == 403
    assert await status(two, "b", "DELETE", f"{members}/{two.b}") == 404

    assert await status(two, "a", "DELETE", f"{members}/{two.b}") == 204
    assert await status(two, "b", "GET", f"/v2/workflows/{workflow}") == 404
    for named in ({"workflow_id": workflow}, {"workflow_name": name}):
        assert await status(two, "b", "POST", "/v2/executions", json={**named, **start}) == 404
    failed = await ended(two, "b", workflow_name=parent, input={"v": 1})
    assert failed["state"] == "ERROR"


async def _has_child(two: World, execution: str, name: str) -> None:
    async with asyncio.timeout(30):
        while True:
            below = (await two.made("b", "GET", f"/v2/executions/{execution}/executions"))["executions"]
            if len(below) == 2:
                assert (below[1]["workflow_name"], below[1]["project_id"]) == (name, two.b)
                return
            await asyncio.sleep(0.05)


async def test_only_private_workflows_are_shared_and_only_with_others(two: World) -> None:
    public, private = two.things["public workflow"], two.things["private workflow"]
    assert await status(two, "a", "POST", f"/v2/workflows/{public}/members", json={"member_id": two.b}) == 400
    assert await status(two, "a", "POST", f"/v2/workflows/{private}/members", json={"member_id": two.a}) == 400
    assert await status(two, "a", "POST", f"/v2/workflows/{private}/members", json={}) == 400
    by_name = f"/v2/workflows/{two.things['private name']}/members"
    assert await status(two, "a", "POST", by_name, json={"member_id": two.b}) == 404


async def test_names_in_a_public_workflow_mean_what_they_mean_to_who_runs_it(two: World) -> None:
    child = await upload(two, "a", ASKING)
    calling = CALLING.replace("input: [v]", "input: [v]").replace("v=<% $.v %>", "theirs=<% $.v %>")
    parent = await upload(two, "root", calling, scope="public", child=child)
    acting = await upload(two, "root", ACTING, scope="public", child=two.things["private name"])

    assert (await ended(two, "a", workflow_name=parent, input={"v": two.things["held"]}))["state"] == "SUCCESS"
    theirs = await ended(two, "b", workflow_name=parent, input={"v": two.things["held"]})
    assert theirs["state"] == "ERROR"
    assert "Failed to find workflow" in theirs["state_info"]
    assert (await ended(two, "a", workflow_name=acting))["state"] == "SUCCESS"
    acted = await ended(two, "b", workflow_name=acting)
    assert acted["state"] == "ERROR"
    assert two.token not in json.dumps(acted)


async def test_expressions_see_the_executions_of_their_project_alone(two: World) -> None:
    asking = await upload(two, "b", ASKING)
    seen = json.loads((await ended(two, "b", workflow_name=asking, input={"theirs": two.things["held"]}))["output"])
    assert {name: seen[name] for name in ("one", "below", "tasks")} == {"one": 0, "below": 0, "tasks": 0}

    asking = await upload(two, "a", ASKING)
    seen = json.loads((await ended(two, "a", workflow_name=asking, input={"theirs": two.things["held"]}))["output"])
    assert (seen["one"], seen["tasks"]) == (1, 1)


async def test_the_same_request_id_is_another_one_in_another_project(two: World) -> None:
    stub, key = service_grpc.ExecutionServiceStub(two.channel), uuid4().hex
    request = service.StartExecutionRequest(workflow=two.things["public workflow"], input='{"v": 1}', request_id=key)

    first, again, other = [
        (await stub.StartExecution(request, metadata=two.metadata(who))).execution for who in ("a", "a", "b")
    ]

    assert first.id == again.id != other.id
    assert (first.project_id, other.project_id) == (two.a, two.b)


async def test_a_trigger_starts_what_its_own_project_sees_in_its_own_project(two: World, database, nats) -> None:
    workflow = two.things["public workflow"]
    cron = {"name": "often", "pattern": "* * * * * *", "workflow_id": workflow, "workflow_input": {"v": 1}}
    await two.made("b", "POST", "/v2/cron_triggers", json=cron)
    environ = {
        "MISTRAL_DATABASE_URL": database,
        "MISTRAL_NATS_URL": nats,
        "MISTRAL_ENGINE_ADDRESSES": two.engine,
        "MISTRAL_DRAIN_SECONDS": "1",
    }
    async with scheduler_running(SchedulerSettings.read(environ)), asyncio.timeout(40):
        while True:
            started = (await two.made("b", "GET", "/v2/executions"))["executions"]
            if started:
                break
            await asyncio.sleep(0.1)
    assert {one["project_id"] for one in started} == {two.b}
    theirs = (await two.made("a", "GET", f"/v2/executions?workflow_id={workflow}"))["executions"]
    assert not theirs


async def test_what_others_start_by_triggers_cannot_be_made_private(two: World) -> None:
    workflow, name = two.things["public workflow"], two.things["public name"]
    cron = {"name": "theirs", "pattern": "0 0 1 1 *", "workflow_id": workflow, "workflow_input": {"v": 1}}
    await two.made("b", "POST", "/v2/cron_triggers", json=cron)
    change = {"content": HELD.format(name=name, token="open"), "params": {"scope": "private"}}

    assert await status(two, "a", "PUT", f"/v2/workflows/{workflow}", **change) == 403
    assert await status(two, "b", "DELETE", "/v2/cron_triggers/theirs") == 204
    assert await status(two, "a", "PUT", f"/v2/workflows/{workflow}", **change) == 200
    assert await status(two, "b", "POST", "/v2/executions", json={"workflow_name": name, "input": {"v": 1}}) == 404


async def test_code_that_is_public_no_more_is_not_run_by_others_any_more(two: World) -> None:
    source, name = two.things["public source"], f"mine_{two.b}"
    dynamic = {"name": name, "class_name": "One", "code_source_id": source}
    await two.made("b", "POST", "/v2/dynamic_actions", json=dynamic)
    assert await status(two, "b", "GET", f"/v2/actions/{name}") == 200

    change = {"content": CODE.format(token=two.token), "params": {"identifier": source, "scope": "private"}}
    assert await status(two, "root", "PUT", "/v2/code_sources", **change) == 200

    assert await status(two, "b", "GET", f"/v2/actions/{name}") == 404
    run = {"name": name, "params": {"run_sync": True}}
    assert await status(two, "b", "POST", "/v2/action_executions", json=run) == 400
