"""The gateway with a real engine and executor behind it: what a user does from the first upload to the last result."""

import asyncio
import json
from collections.abc import AsyncIterator

import grpc
import httpx
import pytest
from google.protobuf.duration_pb2 import Duration

from mistral.v1 import execution_service_pb2 as service
from mistral.v1 import execution_service_pb2_grpc as service_grpc
from mistral.v1 import state_pb2
from mistral_api_gateway.app import Ports
from mistral_api_gateway.app import running as gateway_running
from mistral_api_gateway.settings import GatewaySettings
from mistral_engine.app import running as engine_running
from mistral_engine.settings import Settings as EngineSettings
from mistral_executor.app import running as executor_running
from mistral_executor.settings import ExecutorSettings

FAULTY = "version: '2.0'\n{name}: {{vars: {{v: <% $.nowhere %>}}, tasks: {{t: {{action: std.noop}}}}}}"
ECHO = """version: '2.0'

{name}:
  input: [text, {{n: 2}}]
  output: {{said: <% $.said %>}}
  tasks:
    say:
      action: std.echo output=<% $.text %>
      publish: {{said: <% task().result %>}}
"""
HELD = """version: '2.0'

{name}:
  tasks:
    hold: {{action: std.async_noop, on-success: after}}
    after: {{action: std.noop}}
"""
FAILING = """version: '2.0'

{name}:
  tasks:
    bad: {{action: std.fail, on-success: after}}
    after: {{action: std.noop}}
"""


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


@pytest.fixture
def stub(channel):
    return service_grpc.ExecutionServiceStub(channel)


async def upload(rest: httpx.AsyncClient, text: str, name: str) -> str:
    answer = await rest.post("/v2/workflows", content=text.format(name=name))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["workflows"][0]["id"])


async def until(rest: httpx.AsyncClient, path: str, state: str) -> dict:
    async with asyncio.timeout(10):
        while True:
            shown = (await rest.get(path)).json()
            if shown["state"] == state:
                return shown
            await asyncio.sleep(0.02)


async def action_of(rest: httpx.AsyncClient, execution: str) -> str:
    async with asyncio.timeout(10):
        while True:
            for task in (await rest.get(f"/v2/executions/{execution}/tasks")).json()["tasks"]:
                actions = (await rest.get(f"/v2/tasks/{task['id']}/action_executions")).json()["action_executions"]
                if actions:
                    return str(actions[0]["id"])
            await asyncio.sleep(0.02)


async def test_all_is_well(rest):
    answer = await rest.get("/healthz")

    assert answer.status_code == 200, answer.text


async def test_a_start_over_rest_answers_the_whole_execution(rest, name):
    workflow_id = await upload(rest, ECHO, name)
    body = {
        "workflow_name": name,
        "input": json.dumps({"text": "hi"}),
        "params": {"env": {"k": "v"}},
        "description": "d",
    }

    answer = await rest.post("/v2/executions", json=body)

    assert answer.status_code == 201, answer.text
    shown = answer.json()
    assert (shown["workflow_id"], shown["workflow_name"], shown["description"]) == (workflow_id, name, "d")
    assert json.loads(shown["input"]) == {"text": "hi", "n": 2}
    assert json.loads(shown["params"]) == {"env": {"k": "v"}, "namespace": ""}
    final = await until(rest, f"/v2/executions/{shown['id']}", "SUCCESS")
    assert json.loads(final["output"]) == {"said": "hi"}


async def test_a_start_by_id_is_idempotent(rest, name):
    workflow_id = await upload(rest, ECHO, name)
    wanted = "6f7e2c5a-3333-4444-8555-0123456789ab"
    body = {"workflow_id": workflow_id, "input": {"text": "x"}, "id": wanted}

    first, second = [await rest.post("/v2/executions", json=body) for _ in range(2)]

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"] == wanted


@pytest.mark.parametrize(
    ("text", "change", "status"),
    [
        (ECHO, {"workflow_name": "no_such_workflow"}, 404),
        (ECHO, {"input": {}}, 400),
        (ECHO, {"input": {"text": 1, "zz": 2}}, 400),
        (FAULTY, {"input": {}}, 400),
    ],
)
async def test_refusals_of_the_engine_keep_their_kind(rest, name, text, change, status):
    await upload(rest, text, name)

    answer = await rest.post("/v2/executions", json={"workflow_name": name, "input": {"text": 1}, **change})

    assert answer.status_code == status, answer.text
    assert answer.json()["faultcode"] == "Client"
    assert answer.json()["faultstring"]


async def test_many_starts_at_once_all_come_true(rest, name):
    await upload(rest, ECHO, name)

    async def start(number: int) -> tuple[int, str]:
        answer = await rest.post("/v2/executions", json={"workflow_name": name, "input": {"text": number}})
        assert answer.status_code == 201
        return number, answer.json()["id"]

    for number, found in await asyncio.gather(*(start(number) for number in range(60))):
        shown = await until(rest, f"/v2/executions/{found}", "SUCCESS")
        assert json.loads(shown["output"]) == {"said": number}


async def test_a_waiting_start_answers_with_the_output(rest, stub, name):
    await upload(rest, ECHO, name)
    request = service.StartExecutionRequest(workflow=name, input='{"text": "x"}', wait=Duration(seconds=10))

    answers = await asyncio.gather(*(stub.StartExecution(request) for _ in range(20)))

    for answer in answers:
        assert answer.execution.state == state_pb2.STATE_SUCCESS
        assert json.loads(answer.execution.output) == {"said": "x"}


async def test_a_request_id_makes_a_repeat_give_the_first(rest, stub, name):
    await upload(rest, ECHO, name)
    request = service.StartExecutionRequest(
        workflow=name, input='{"text": "x"}', request_id=name, wait=Duration(seconds=10)
    )

    first, second = await stub.StartExecution(request), await stub.StartExecution(request)

    assert first.execution.id == second.execution.id


async def test_an_execution_is_paused_and_goes_on(rest, name):
    await upload(rest, HELD, name)
    found = (await rest.post("/v2/executions", json={"workflow_name": name})).json()["id"]
    action = await action_of(rest, found)

    paused = await rest.put(f"/v2/executions/{found}", json={"state": "PAUSED"})
    done = await rest.put(f"/v2/action_executions/{action}", json={"state": "SUCCESS", "output": {"k": 1}})
    resumed = await rest.put(f"/v2/executions/{found}", json={"state": "RUNNING"})

    assert (paused.status_code, paused.json()["state"]) == (200, "PAUSED")
    assert (done.status_code, done.json()["state"]) == (200, "SUCCESS"), done.text
    assert json.loads(done.json()["output"]) == {"result": {"k": 1}}
    assert resumed.status_code == 200, resumed.text
    await until(rest, f"/v2/executions/{found}", "SUCCESS")


async def test_an_action_is_completed_once(rest, name):
    await upload(rest, HELD, name)
    found = (await rest.post("/v2/executions", json={"workflow_name": name})).json()["id"]
    action = await action_of(rest, found)

    first = await rest.put(f"/v2/action_executions/{action}", json={"state": "SUCCESS"})
    second = await rest.put(f"/v2/action_executions/{action}", json={"state": "ERROR"})

    assert first.status_code == 200, first.text
    assert second.status_code == 400, second.text
    assert json.loads(first.json()["output"]) == {"result": {}}


async def test_stopping_and_describing(rest, name):
    await upload(rest, HELD, name)
    found = (await rest.post("/v2/executions", json={"workflow_name": name})).json()["id"]
    await action_of(rest, found)

    early = await rest.delete(f"/v2/executions/{found}")
    frozen = await rest.put(f"/v2/executions/{found}", json={"params": {"env": {"k": 1}}})
    named = await rest.put(f"/v2/executions/{found}", json={"description": "mine"})
    stopped = await rest.put(f"/v2/executions/{found}", json={"state": "CANCELLED", "state_info": "enough"})
    late = await rest.put(f"/v2/executions/{found}", json={"state": "SUCCESS"})
    ignored = await rest.put(f"/v2/executions/{found}", json={"state": "RUNNING"})
    gone = await rest.delete(f"/v2/executions/{found}")

    assert early.status_code == 403, early.text
    assert frozen.status_code == 403, frozen.text
    assert (named.status_code, named.json()["description"]) == (200, "mine"), named.text
    assert (stopped.json()["state"], stopped.json()["state_info"]) == ("CANCELLED", "enough")
    assert late.status_code == 400, late.text
    assert (ignored.status_code, ignored.json()["state"]) == (200, "CANCELLED"), ignored.text
    assert gone.status_code == 204, gone.text
    assert (await rest.get(f"/v2/executions/{found}")).status_code == 404


async def test_a_failed_task_is_skipped(rest, name):
    await upload(rest, FAILING, name)
    found = (await rest.post("/v2/executions", json={"workflow_name": name})).json()["id"]
    await until(rest, f"/v2/executions/{found}", "ERROR")
    (task,) = (await rest.get(f"/v2/executions/{found}/tasks")).json()["tasks"]

    again = await rest.put(f"/v2/tasks/{task['id']}", json={"state": "RUNNING", "reset": True})
    assert again.status_code == 200, again.text
    await until(rest, f"/v2/executions/{found}", "ERROR")
    skipped = await rest.put(f"/v2/tasks/{task['id']}", json={"state": "SKIPPED"})

    assert skipped.status_code == 200, skipped.text
    await until(rest, f"/v2/executions/{found}", "SUCCESS")


async def test_a_watch_tells_the_whole_story(rest, stub, name):
    await upload(rest, HELD, name)
    found = (await rest.post("/v2/executions", json={"workflow_name": name})).json()["id"]
    call = stub.WatchExecution(service.WatchExecutionRequest(id=found))
    action = await action_of(rest, found)
    await rest.put(f"/v2/action_executions/{action}", json={"state": "SUCCESS"})

    async with asyncio.timeout(10):
        seen = [response.event async for response in call]

    assert [event.position for event in seen] == list(range(1, len(seen) + 1))
    assert seen[0].type == "WORKFLOW_LAUNCHED"
    assert (seen[-1].type, seen[-1].state) == ("WORKFLOW_SUCCEEDED", state_pb2.STATE_SUCCESS)
    assert {event.task_name for event in seen} == {"", "hold", "after"}
    async with rest.stream("GET", f"/v2/executions/{found}/events") as answer:
        lines = [line async for line in answer.aiter_lines() if line.startswith("id:")]
    assert lines == [f"id: {event.position}" for event in seen]


async def test_a_copy_takes_over_what_is_not_given(rest, name):
    await upload(rest, ECHO, name)
    first = (await rest.post("/v2/executions", json={"workflow_name": name, "input": {"text": "a"}})).json()

    answer = await rest.post("/v2/executions", json={"source_execution_id": first["id"], "input": {"n": 5}})

    assert answer.status_code == 201, answer.text
    assert json.loads(answer.json()["input"]) == {"text": "a", "n": 5}
    assert f"Based on the execution '{first['id']}'" in answer.json()["description"]


async def test_an_unknown_workflow_is_not_found_over_grpc(stub):
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await stub.StartExecution(service.StartExecutionRequest(workflow="no_such_workflow"))

    assert raised.value.code() is grpc.StatusCode.NOT_FOUND


async def test_many_start_together_and_a_refused_one_touches_no_other(rest, stub, name):
    await upload(rest, ECHO, name)
    good = [service.StartExecutionRequest(workflow=name, input=json.dumps({"text": str(n)})) for n in range(20)]
    bad = service.StartExecutionRequest(workflow=name, input='{"tex": 1}')

    answer = await stub.StartExecutions(
        service.StartExecutionsRequest(starts=[*good[:10], bad, *good[10:]], wait=Duration(seconds=20))
    )

    refused = answer.results.pop(10)
    assert refused.error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert "missing=['text']" in refused.error.message
    assert [json.loads(each.execution.output)["said"] for each in answer.results] == [str(n) for n in range(20)]
