"""The public gRPC API: the same operations, pages by token, errors as statuses with details."""

import json

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from mistral.v1 import action_execution_service_pb2 as actions
from mistral.v1 import action_execution_service_pb2_grpc as actions_grpc
from mistral.v1 import execution_service_pb2 as executions
from mistral.v1 import execution_service_pb2_grpc as executions_grpc
from mistral.v1 import state_pb2, workflow_pb2
from mistral.v1 import task_service_pb2 as tasks
from mistral.v1 import task_service_pb2_grpc as tasks_grpc
from mistral.v1 import workflow_service_pb2 as workflows
from mistral.v1 import workflow_service_pb2_grpc as workflows_grpc

UNKNOWN = "11111111-2222-4333-8444-555555555555"


async def test_definitions_are_stored_replaced_and_removed(channel, name, workflow_text):
    stub = workflows_grpc.WorkflowServiceStub(channel)

    created = await stub.CreateWorkflows(workflows.CreateWorkflowsRequest(definition=workflow_text(name)))
    updated = await stub.UpdateWorkflows(
        workflows.UpdateWorkflowsRequest(definition=workflow_text(name) + "# more\n", scope=workflow_pb2.SCOPE_PUBLIC)
    )
    got = await stub.GetWorkflow(workflows.GetWorkflowRequest(identifier=name, namespace="elsewhere"))
    await stub.DeleteWorkflow(workflows.DeleteWorkflowRequest(identifier=name))

    assert created.workflows[0].version == 1
    assert not created.workflows[0].HasField("updated_at")
    assert (updated.workflows[0].version, updated.workflows[0].scope) == (2, workflow_pb2.SCOPE_PUBLIC)
    assert got.workflow.definition.endswith("# more\n")
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await stub.GetWorkflow(workflows.GetWorkflowRequest(identifier=name))
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_faulty_definition_names_its_place(channel):
    stub = workflows_grpc.WorkflowServiceStub(channel)
    text = "version: '2.0'\nw:\n  tasks:\n    t: {actoin: x}\n"

    valid = await stub.ValidateWorkflows(workflows.ValidateWorkflowsRequest(definition=text))
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await stub.CreateWorkflows(workflows.CreateWorkflowsRequest(definition=text))

    assert not valid.valid
    assert "line 4" in valid.error
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    info = error_details_pb2.ErrorInfo()
    assert rpc_status.from_call(raised.value).details[0].Unpack(info)
    assert (info.reason, info.domain, info.metadata["line"]) == ("INVALID_DEFINITION", "mistral", "4")


async def test_pages_give_everything_once_newest_first(channel, rows, name):
    stub = executions_grpc.ExecutionServiceStub(channel)
    made = [await rows.execution(name, state="SUCCESS", output={"n": n}) for n in range(5)]
    seen, token = [], ""

    while True:
        request = executions.ListExecutionsRequest(page_size=2, page_token=token, workflow_name=name)
        page = await stub.ListExecutions(request)
        seen += [each.id for each in page.executions]
        assert all(each.output == "" for each in page.executions)
        token = page.next_page_token
        if not token:
            break

    assert sorted(seen) == sorted(made)
    assert len(seen) == 5


async def test_lists_are_filtered_by_state(channel, rows, name):
    stub = executions_grpc.ExecutionServiceStub(channel)
    running = await rows.execution(name)
    await rows.execution(name, state="ERROR")
    request = executions.ListExecutionsRequest(workflow_name=name, states=[state_pb2.STATE_RUNNING])

    page = await stub.ListExecutions(request)

    assert [each.id for each in page.executions] == [running]


async def test_a_task_and_its_action_show_their_results(channel, rows, name):
    execution = await rows.execution(name)
    task = await rows.task(execution, "t", published={"p": 1})
    action = await rows.action(execution, task, output=5)

    shown = (await tasks_grpc.TaskServiceStub(channel).GetTask(tasks.GetTaskRequest(id=task))).task
    listed = await tasks_grpc.TaskServiceStub(channel).ListTasks(tasks.ListTasksRequest(execution_id=execution))
    stub = actions_grpc.ActionExecutionServiceStub(channel)
    run = (await stub.GetActionExecution(actions.GetActionExecutionRequest(id=action))).action_execution
    runs = await stub.ListActionExecutions(actions.ListActionExecutionsRequest(task_id=task, include_output=True))

    assert (shown.result, json.loads(shown.published), shown.execution_id) == ("5", {"p": 1}, execution)
    assert [each.result for each in listed.tasks] == [""]
    assert json.loads(run.output) == {"result": 5}
    assert run.task_name == "t"
    assert list(runs.action_executions) == [run]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (executions.ListExecutionsRequest(page_size=1001), grpc.StatusCode.INVALID_ARGUMENT),
        (executions.ListExecutionsRequest(page_size=-1), grpc.StatusCode.INVALID_ARGUMENT),
        (executions.ListExecutionsRequest(page_token="bm9uc2Vuc2U"), grpc.StatusCode.INVALID_ARGUMENT),
        (executions.ListExecutionsRequest(page_token="%"), grpc.StatusCode.INVALID_ARGUMENT),
        (executions.GetExecutionRequest(id=UNKNOWN), grpc.StatusCode.NOT_FOUND),
        (executions.GetExecutionRequest(id="no-uuid"), grpc.StatusCode.NOT_FOUND),
        (executions.StartExecutionRequest(), grpc.StatusCode.INVALID_ARGUMENT),
        (executions.StartExecutionRequest(workflow="w", input="[]"), grpc.StatusCode.INVALID_ARGUMENT),
        (executions.StartExecutionRequest(workflow="w", request_id="x" * 129), grpc.StatusCode.INVALID_ARGUMENT),
        (executions.StartExecutionRequest(workflow="w"), grpc.StatusCode.UNAVAILABLE),
        (executions.StopExecutionRequest(id=UNKNOWN), grpc.StatusCode.INVALID_ARGUMENT),
        (executions.PauseExecutionRequest(id=UNKNOWN), grpc.StatusCode.NOT_FOUND),
    ],
)
async def test_errors_have_their_status(channel, request_, code):
    method = type(request_).__name__.removesuffix("Request")

    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await getattr(executions_grpc.ExecutionServiceStub(channel), method)(request_)

    assert raised.value.code() is code


async def test_health_and_reflection_are_there(channel):
    answer = await health_pb2_grpc.HealthStub(channel).Check(
        health_pb2.HealthCheckRequest(service="mistral.v1.ExecutionService")
    )

    assert answer.status == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.parametrize("count", [0, 1001])
async def test_none_and_too_many_starts_in_one_call_are_refused(channel, count):
    starts = [executions.StartExecutionRequest(workflow="x")] * count

    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await executions_grpc.ExecutionServiceStub(channel).StartExecutions(
            executions.StartExecutionsRequest(starts=starts)
        )

    assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT
