"""Workbooks, ad-hoc actions, environments and actions on their own, with an engine and executor behind."""

import asyncio
import json
from collections.abc import AsyncIterator

import grpc
import pytest

from mistral.v1 import (
    action_execution_service_pb2,
    action_execution_service_pb2_grpc,
    action_service_pb2,
    action_service_pb2_grpc,
    environment_service_pb2,
    environment_service_pb2_grpc,
    state_pb2,
    workbook_service_pb2,
    workbook_service_pb2_grpc,
)
from mistral_api_gateway.app import Ports
from mistral_api_gateway.app import running as gateway_running
from mistral_api_gateway.settings import GatewaySettings
from mistral_engine.app import running as engine_running
from mistral_engine.settings import Settings as EngineSettings
from mistral_executor.app import running as executor_running
from mistral_executor.settings import ExecutorSettings

BOOK = """version: '2.0'
name: {name}
actions:
  inner: {{input: [x], base: std.echo output="in <% $.x %>"}}
  outer: {{input: [x], base: inner x=<% $.x %>, output: {{got: <% $ %>}}}}
workflows:
  main:
    output: {{r: <% $.r %>}}
    tasks:
      t: {{workflow: part, publish: {{r: <% task().result.r %>}}}}
  part:
    output: {{r: <% $.r %>}}
    tasks:
      t: {{action: outer x=7, publish: {{r: <% task().result %>}}}}
"""
HELD = """version: '2.0'
{name}:
  output: {{r: <% $.r %>}}
  tasks:
    a: {{action: std.noop, on-success: [pause, b]}}
    b: {{action: {name}_say, publish: {{r: <% task().result %>}}}}
"""
SAY = "version: '2.0'\n{name}_say: {{base: std.echo output={word}}}\n"


@pytest.fixture
async def ports(database: str, nats: str) -> AsyncIterator[Ports]:
    """A gateway, an engine and an executor, in one process."""
    environ = {"MISTRAL_DATABASE_URL": database, "MISTRAL_NATS_URL": nats, "MISTRAL_DRAIN_SECONDS": "1"}
    async with (
        engine_running(EngineSettings.read(environ)) as engine_port,
        executor_running(ExecutorSettings.read({"MISTRAL_NATS_URL": nats})) as executor_port,
    ):
        addresses = {
            "MISTRAL_ENGINE_ADDRESSES": f"127.0.0.1:{engine_port}",
            "MISTRAL_EXECUTOR_ADDRESSES": f"127.0.0.1:{executor_port}",
            "MISTRAL_HTTP_LISTEN": "127.0.0.1:0",
        }
        addresses["MISTRAL_ALLOW_ACTION_EXECUTION_DELETION"] = "true"
        async with gateway_running(GatewaySettings.read({**environ, **addresses})) as found:
            yield found


async def until(rest, path: str, state: str) -> dict:
    async with asyncio.timeout(15):
        while True:
            shown = (await rest.get(path)).json()
            if shown["state"] == state:
                return shown
            await asyncio.sleep(0.02)


async def stored(pool) -> list[int]:
    tables = ("execution", "task_record", "action_record", "execution_history")
    return [await pool.fetchval(f"SELECT count(*) FROM {table}") for table in tables]


async def start(rest, workflow: str, **more) -> str:
    answer = await rest.post("/v2/executions", json={"workflow_name": workflow, **more})
    assert answer.status_code == 201, answer.text
    return f"/v2/executions/{answer.json()['id']}"


async def test_names_inside_a_workbook_mean_its_own_members_first(rest, name):
    assert (await rest.post("/v2/workbooks", content=BOOK.format(name=name))).status_code == 201

    done = await until(rest, await start(rest, f"{name}.main"), "SUCCESS")

    assert json.loads(done["output"]) == {"r": {"got": "in 7"}}
    runs = (await rest.get("/v2/action_executions?limit=900")).json()["action_executions"]
    assert f"{name}.outer" in {each["name"] for each in runs}


async def test_a_repaired_action_is_seen_by_whoever_resumes_afterwards(rest, name):
    await rest.post("/v2/workflows", content=HELD.format(name=name))
    await rest.post("/v2/actions", content=SAY.format(name=name, word="wrong"))
    execution = await start(rest, name)
    await until(rest, execution, "PAUSED")

    await rest.put("/v2/actions", content=SAY.format(name=name, word="right"))
    await rest.put(execution, json={"state": "RUNNING"})

    assert json.loads((await until(rest, execution, "SUCCESS"))["output"]) == {"r": "right"}


async def test_an_environment_is_taken_by_its_name_and_evaluated(rest, name):
    text = f"version: '2.0'\n{name}: {{output: {{u: <% $.u %>}}, vars: {{u: <% env().url %>}}, tasks: {{t: {{}}}}}}"
    await rest.post("/v2/workflows", content=text.replace("{t: {}}", "{t: {action: std.noop}}"))
    variables = {"host": "h1", "url": "http://<% env().host %>/"}
    await rest.post("/v2/environments", json={"name": name, "variables": variables})

    done = await until(rest, await start(rest, name, params={"env": name}), "SUCCESS")

    assert json.loads(done["output"]) == {"u": "http://h1/"}
    assert json.loads(done["params"])["env"]["url"] == "http://h1/"
    unknown = await rest.post("/v2/executions", json={"workflow_name": name, "params": {"env": "nowhere"}})
    assert unknown.status_code == 400
    assert unknown.json()["faultstring"] == "Environment is not found: nowhere"


async def test_an_action_on_its_own_is_run_at_once_and_not_kept(rest, pool):
    before = await stored(pool)

    answer = await rest.post("/v2/action_executions", json={"name": "std.echo", "input": {"output": {"a": [1]}}})

    shown = answer.json()
    assert answer.status_code == 201
    assert (shown["id"], shown["state"], shown["name"]) == (None, "SUCCESS", "std.echo")
    assert json.loads(shown["output"]) == {"result": {"a": [1]}}
    assert await stored(pool) == before


async def test_a_failing_action_on_its_own_is_an_answer(rest):
    shown = (await rest.post("/v2/action_executions", json={"name": "std.fail", "input": {"error_data": "no"}})).json()

    assert (shown["state"], json.loads(shown["output"])) == ("ERROR", {"result": "no"})


async def test_a_kept_run_is_seen_among_the_action_executions_alone(rest):
    sent = {"name": "std.echo", "input": '{"output": 1}', "description": "mine", "params": {"save_result": True}}

    begun = (await rest.post("/v2/action_executions", json=sent)).json()
    done = await until(rest, f"/v2/action_executions/{begun['id']}", "SUCCESS")

    assert (done["task_execution_id"], done["workflow_name"], done["description"]) == (None, None, "mine")
    assert json.loads(done["output"]) == {"result": 1}
    listed = (await rest.get("/v2/action_executions?description=mine")).json()["action_executions"]
    assert [each["id"] for each in listed] == [begun["id"]]
    assert (await rest.get("/v2/executions?workflow_name=standalone_action")).json()["executions"] == []
    assert (await rest.get("/v2/tasks?workflow_name=standalone_action")).json()["tasks"] == []


async def test_a_kept_run_may_be_waited_for(rest):
    params = {"run_sync": True, "save_result": True}

    shown = (await rest.post("/v2/action_executions", json={"name": "std.noop", "params": params})).json()

    assert (shown["state"], json.loads(shown["output"])) == ("SUCCESS", {"result": None})
    assert (await rest.get(f"/v2/action_executions/{shown['id']}")).status_code == 200


async def test_an_asynchronous_action_on_its_own_is_completed_from_outside(rest, name):
    text = f"version: '2.0'\n{name}: {{base: std.async_noop, output: {{wrapped: <% $ %>}}}}"
    await rest.post("/v2/actions", content=text)
    begun = (await rest.post("/v2/action_executions", json={"name": name})).json()
    assert begun["state"] == "RUNNING"
    action = f"/v2/action_executions/{begun['id']}"

    ended = await rest.put(action, json={"state": "SUCCESS", "output": {"v": 1}})

    assert json.loads(ended.json()["output"]) == {"result": {"wrapped": {"v": 1}}}
    assert (await rest.put(action, json={"state": "ERROR"})).status_code == 400


async def test_a_run_that_takes_too_long_fails(rest):
    params = {"run_sync": True, "save_result": True, "timeout": 1}
    sent = {"name": "std.sleep", "input": {"seconds": 60}, "params": params}

    shown = (await rest.post("/v2/action_executions", json=sent)).json()

    assert shown["state"] == "ERROR"
    assert "time" in json.loads(shown["output"])["result"].lower()
    again = (await rest.get(f"/v2/action_executions/{shown['id']}")).json()
    assert (again["state"], again["output"]) == ("ERROR", shown["output"])


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({}, "name"),
        ({"name": "nope"}, "Failed to find action [action_name=nope]"),
        ({"name": "std.echo", "input": {"wrong": 1}}, "missing=['output'], unexpected=['wrong']"),
        ({"name": "std.echo", "input": "[1]"}, "dictionary"),
        ({"name": "std.async_noop", "params": {"run_sync": True}}, "synchronous"),
        ({"name": "std.noop", "params": {"run_sync": "perhaps"}}, "run_sync"),
        ({"name": "std.noop", "params": {"timeout": -1}}, "timeout"),
        ({"name": "std.noop", "bogus": 1}, "bogus"),
    ],
)
async def test_what_cannot_be_run_is_refused_and_leaves_nothing(rest, pool, sent, told):
    before = await stored(pool)

    answer = await rest.post("/v2/action_executions", json=sent)

    assert answer.status_code == 400
    assert told in answer.json()["faultstring"]
    assert await stored(pool) == before


async def test_an_adhoc_action_that_cannot_be_made_sense_of_is_refused(rest, pool, name):
    actions = {
        "in": "input: [x], base: std.echo output=<% $.x.y.z %>",
        "out": "input: [x], base: std.echo output=<% $.x %>, output: <% $.a.b %>",
        "lost": "input: [x], base: nowhere",
        "round": f"input: [x], base: {name}_round",
    }
    before = await stored(pool)

    for kind, body in actions.items():
        await rest.post("/v2/actions", content=f"version: '2.0'\n{name}_{kind}: {{{body}}}")
        answer = await rest.post("/v2/action_executions", json={"name": f"{name}_{kind}", "input": {"x": 1}})
        assert answer.status_code == 400, kind
    missing = await rest.post("/v2/action_executions", json={"name": f"{name}_in"})
    assert "missing=['x']" in missing.json()["faultstring"]
    assert await stored(pool) == before


async def test_built_in_actions_are_listed_and_cannot_be_removed(rest):
    listed = (await rest.get("/v2/actions?name=in:std.echo,std.noop")).json()["actions"]

    assert [(each["id"], each["name"]) for each in listed] == [("std.echo", "std.echo"), ("std.noop", "std.noop")]
    assert (listed[0]["input"], listed[0]["definition"], listed[0]["created_at"]) == ("output, delay=0", "", "")
    assert (await rest.get("/v2/actions/std.echo")).json() == listed[0]
    assert (await rest.delete("/v2/actions/std.echo")).status_code == 404


async def test_grpc_keeps_the_same_things(rest, channel, name):
    workbooks = workbook_service_pb2_grpc.WorkbookServiceStub(channel)
    actions = action_service_pb2_grpc.ActionServiceStub(channel)
    environments = environment_service_pb2_grpc.EnvironmentServiceStub(channel)
    text = BOOK.format(name=name)

    await workbooks.CreateWorkbook(workbook_service_pb2.CreateWorkbookRequest(definition=text))
    shown = await workbooks.GetWorkbook(workbook_service_pb2.GetWorkbookRequest(name=name))
    assert (shown.workbook.name, shown.workbook.definition) == (name, text)
    await environments.CreateEnvironment(
        environment_service_pb2.CreateEnvironmentRequest(name=name, variables='{"a": 1}')
    )
    kept = await environments.GetEnvironment(environment_service_pb2.GetEnvironmentRequest(name=name))
    assert kept.environment.variables == '{"a": 1}'
    found, token = [], ""
    while True:
        page = await actions.ListActions(action_service_pb2.ListActionsRequest(page_size=3, page_token=token))
        found += [action.name for action in page.actions]
        if not (token := page.next_page_token):
            break
    assert found == sorted(set(found))
    assert {f"{name}.inner", f"{name}.outer", "std.echo"} <= set(found)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await actions.DeleteAction(action_service_pb2.DeleteActionRequest(identifier="std.echo"))
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


async def test_grpc_runs_an_action_on_its_own(channel):
    runs = action_execution_service_pb2_grpc.ActionExecutionServiceStub(channel)

    ran = await runs.RunAction(action_execution_service_pb2.RunActionRequest(name="std.echo", input='{"output": 3}'))

    assert (ran.action_execution.id, ran.action_execution.state) == ("", state_pb2.STATE_SUCCESS)
    assert json.loads(ran.action_execution.output) == {"result": 3}


async def test_what_ran_on_its_own_may_be_deleted_when_it_is_over(rest, pool, name):
    workflow = f"version: '2.0'\n{name}: {{tasks: {{t: {{action: std.noop}}}}}}"
    assert (await rest.post("/v2/workflows", content=workflow)).status_code == 201
    execution = (await rest.post("/v2/executions", json={"workflow_name": name})).json()["id"]
    await until(rest, f"/v2/executions/{execution}", "SUCCESS")
    found = (await rest.get(f"/v2/action_executions?workflow_name={name}")).json()["action_executions"]
    begun = (await rest.post("/v2/action_executions", json={"name": "std.async_noop"})).json()["id"]
    before = await stored(pool)

    assert (await rest.delete(f"/v2/action_executions/{found[0]['id']}")).status_code == 403
    assert (await rest.delete(f"/v2/action_executions/{begun}")).status_code == 403
    assert (await rest.delete("/v2/action_executions/11111111-2222-4333-8444-555555555555")).status_code == 404
    assert await stored(pool) == before
    assert (await rest.put(f"/v2/action_executions/{begun}", json={"state": "SUCCESS"})).status_code == 200
    assert (await rest.delete(f"/v2/action_executions/{begun}")).status_code == 204

    assert (await rest.get(f"/v2/action_executions/{begun}")).status_code == 404
    assert (await rest.get(f"/v2/executions/{execution}")).status_code == 200
