"""Many executions at once, with a real engine: what fits is changed, the rest is not, and what fails is told."""

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from mistral.v1 import state_pb2
from mistral_api_gateway.app import Ports
from mistral_api_gateway.app import running as gateway_running
from mistral_api_gateway.settings import GatewaySettings
from mistral_engine.app import running as engine_running
from mistral_engine.settings import Settings as EngineSettings
from mistral_executor.app import running as executor_running
from mistral_executor.settings import ExecutorSettings
from tests.api_gateway.public_api import Api, field_of

HELD = "version: '2.0'\n{name}: {{tasks: {{hold: {{action: std.async_noop}}}}}}"
FAILING = """version: '2.0'
{name}:
  tasks:
    first: {{action: std.fail, on-error: second}}
    second: {{action: std.fail}}
"""
PARENT = """version: '2.0'
{name}:
  tasks:
    below: {{workflow: {name}_below}}
{name}_below:
  tasks:
    hold: {{action: std.async_noop}}
"""


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
        async with gateway_running(GatewaySettings.read({**environ, **addresses})) as found:
            yield found


@pytest.fixture
def api(channel):
    return Api(channel)


async def started(api, name: str, text: str, count: int, *, wait: int = 0) -> list[str]:
    await api.CreateWorkflows(definition=text.format(name=name))
    answer = await api.StartExecutions(starts=[{"workflow": name}] * count, wait=Duration(seconds=wait))
    return [result.execution.id for result in answer.results]


async def progress(call) -> list:
    return [answer.progress async for answer in call]


async def states(api, name: str) -> list[int]:
    return [each.state for each in (await api.ListExecutions(workflow_name=name)).executions]


async def until_there(api, name: str) -> None:
    async with asyncio.timeout(20):
        while True:
            if await states(api, name):
                return
            await asyncio.sleep(0.02)


async def test_executions_are_paused_resumed_stopped_and_deleted_by_filter(api, name):
    ids = await started(api, name, HELD, 150)
    chosen = {"filter": f"workflow_name = {name}"}

    paused = await progress(api.BulkPauseExecutions(selection=chosen))
    in_pause = set(await states(api, name))
    again = await progress(api.BulkPauseExecutions(selection=chosen))
    await progress(api.BulkResumeExecutions(selection=chosen, env='{"k": 1}'))
    running = set(await states(api, name))
    stopped = await progress(api.BulkStopExecutions(selection=chosen, message="enough"))
    one = (await api.GetExecution(id=ids[0])).execution
    deleted = await progress(api.BulkDeleteExecutions(selection=chosen))

    assert (paused[0].matched, paused[0].succeeded, len(paused[0].sample_ids)) == (150, 0, 20)
    assert [each.succeeded for each in paused[1:]] == [128, 150]
    assert [each.done for each in paused] == [False, False, True]
    assert in_pause == {state_pb2.STATE_PAUSED}
    assert [(each.matched, each.done) for each in again] == [(0, True)]
    assert running == {state_pb2.STATE_RUNNING}
    assert (stopped[-1].succeeded, one.state, one.state_info) == (150, state_pb2.STATE_CANCELLED, "enough")
    assert (deleted[-1].succeeded, await states(api, name)) == (150, [])


async def test_what_would_be_touched_is_told_without_touching_it(api, name):
    ids = await started(api, name, HELD, 3)

    (told,) = await progress(
        api.BulkStopExecutions(selection={"filter": f"workflow_name = {name}", "validate_only": True, "limit": 2})
    )

    assert (told.matched, told.limited, told.done) == (2, True, True)
    assert len(set(told.sample_ids) & set(ids)) == 2
    assert set(await states(api, name)) == {state_pb2.STATE_RUNNING}


async def test_failed_executions_run_again_from_the_task_that_made_them_fail(api, name):
    (failed,) = await started(api, name, FAILING, 1, wait=10)

    told = await progress(api.BulkRerunExecutions(selection={"filter": f"id = {failed}"}))
    over = (await api.GetExecution(id=failed, wait=Duration(seconds=10))).execution
    tasks = (await api.ListTasks(execution_id=failed)).tasks
    runs = {task.name: len((await api.ListActionExecutions(task_id=task.id)).action_executions) for task in tasks}

    assert (told[-1].succeeded, told[-1].failed) == (1, 0)
    assert over.state == state_pb2.STATE_ERROR
    assert runs == {"first": 1, "second": 2}


async def test_what_cannot_be_changed_is_told_and_keeps_none_of_the_others_from_it(api, name):
    ids = await started(api, name, HELD, 2)
    await api.PauseExecution(id=ids[0])

    told = await progress(
        api.BulkStopExecutions(selection={"filter": f"workflow_name = {name}"}, state=state_pb2.STATE_SUCCESS)
    )

    (failure,) = told[-1].failures
    assert (told[-1].succeeded, told[-1].failed) == (1, 1)
    assert (failure.id, failure.error.code) == (ids[0], grpc.StatusCode.FAILED_PRECONDITION.value[0])


async def test_sub_workflow_executions_follow_their_roots_unless_asked_for(api, name):
    await started(api, name, PARENT, 1)
    below = {"filter": f"workflow_name = {name}_below"}
    await until_there(api, f"{name}_below")

    (of_roots,) = await progress(api.BulkPauseExecutions(selection=below))
    (told,) = await progress(
        api.BulkPauseExecutions(selection={**below, "include_sub_executions": True, "validate_only": True})
    )
    await progress(api.BulkStopExecutions(selection={"filter": f"workflow_name = {name}"}))

    assert (of_roots.matched, told.matched) == (0, 1)


@pytest.mark.parametrize(
    ("selection", "field"),
    [
        ({}, "selection.filter"),
        ({"filter": "nothing = 1"}, "selection.filter"),
        ({"filter": "created_at > soon"}, "selection.filter"),
        ({"filter": "*", "limit": 100_001}, "selection.limit"),
        ({"filter": "*", "limit": -1}, "selection.limit"),
    ],
)
async def test_a_selection_that_is_none_is_refused(api, selection, field):
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await progress(api.BulkDeleteExecutions(selection=selection))

    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field_of(raised.value) == field


async def test_trees_and_reports_show_what_is_below(api, name):
    (root,) = await started(api, name, PARENT, 1)
    await until_there(api, f"{name}_below")
    (task,) = (await api.ListTasks(execution_id=root)).tasks

    tree = (await api.GetExecutionTree(id=root)).nodes
    of_task = (await api.GetExecutionTree(id=root, task_id=task.id)).nodes
    top = (await api.GetExecutionTree(id=root, max_depth=0)).nodes
    report = await api.GetExecutionReport(id=root)
    counts = await api.GetExecutionReport(id=root, statistics_only=True)

    assert [(node.depth, node.execution.workflow_name) for node in tree] == [(0, name), (1, f"{name}_below")]
    assert [(node.depth, node.execution.id) for node in of_task] == [(0, tree[1].execution.id)]
    assert [node.execution.id for node in top] == [root]
    assert report.report.tasks[0].executions[0].execution.id == tree[1].execution.id
    assert (report.statistics.total_tasks, report.statistics.running_tasks) == (2, 2)
    assert counts.statistics.total_tasks == 2
    assert not counts.HasField("report")


async def test_a_start_under_a_request_id_that_another_start_had_is_refused(api, name):
    await api.CreateWorkflows(
        definition=f"version: '2.0'\n{name}: {{input: [a: 1], tasks: {{t: {{action: std.noop}}}}}}"
    )

    first = await api.StartExecution(workflow=name, input='{"a": 2}', request_id=name)
    again = await api.StartExecution(workflow=name, input='{"a": 2}', request_id=name)
    copied = await api.StartExecution(source_execution_id=first.execution.id)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await api.StartExecution(workflow=name, input='{"a": 3}', request_id=name)

    assert again.execution.id == first.execution.id
    assert (copied.execution.workflow_name, copied.execution.input) == (name, '{"a":2}')
    assert raised.value.code() is grpc.StatusCode.ALREADY_EXISTS


async def test_a_kept_run_of_an_action_is_run_once_under_its_request_id(api, name):
    run = {"name": "std.echo", "input": '{"output": 1}', "save_result": True, "run_sync": True, "request_id": name}

    first = (await api.RunAction(**run)).action_execution
    again = (await api.RunAction(**run)).action_execution

    assert first.id
    assert first.id == again.id


async def test_actions_that_nobody_stored_are_told_from_those_of_users(api, name):
    await api.CreateActions(definition=f"version: '2.0'\n{name}: {{base: std.echo, base-input: {{output: hi}}}}\n")

    found = (await api.ListActions(filter=f"name IN (std.echo, {name})", order_by="name desc")).actions

    assert [(one.name, one.is_system, one.etag != "") for one in found] == [
        (name, False, True),
        ("std.echo", True, False),
    ]
