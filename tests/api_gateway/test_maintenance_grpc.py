"""Maintenance and services over gRPC."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from mistral.v1 import action_execution_service_pb2 as actions
from mistral.v1 import action_execution_service_pb2_grpc as actions_grpc
from mistral.v1 import execution_service_pb2 as executions
from mistral.v1 import execution_service_pb2_grpc as executions_grpc
from mistral.v1 import maintenance_pb2, service_pb2, state_pb2
from mistral.v1 import maintenance_service_pb2 as service
from mistral.v1 import maintenance_service_pb2_grpc as service_grpc
from mistral.v1 import service_service_pb2 as services
from mistral.v1 import service_service_pb2_grpc as services_grpc
from mistral.v1 import workflow_service_pb2 as workflows
from mistral.v1 import workflow_service_pb2_grpc as workflows_grpc


@pytest.fixture
async def stub(channel, pool) -> AsyncIterator[Any]:
    yield service_grpc.MaintenanceServiceStub(channel)
    await pool.execute("UPDATE maintenance SET status = 'RUNNING'")


@pytest.fixture
async def in_maintenance(stub) -> None:
    await stub.EnterMaintenance(service.EnterMaintenanceRequest())


async def refused(call: Any) -> tuple[grpc.StatusCode, str, float]:
    """Return the status of a call, its reason, and after how many seconds it may be repeated."""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    details = rpc_status.from_call(raised.value).details
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    assert any(one.Unpack(info) for one in details)
    delay = retry.retry_delay.seconds if any(one.Unpack(retry) for one in details) else 0
    return raised.value.code(), info.reason, delay


async def test_maintenance_is_entered_told_and_left(stub):
    before = (await stub.GetMaintenance(service.GetMaintenanceRequest())).maintenance
    assert before.status == maintenance_pb2.MAINTENANCE_STATUS_RUNNING
    entered = (await stub.EnterMaintenance(service.EnterMaintenanceRequest())).maintenance
    assert entered.status == maintenance_pb2.MAINTENANCE_STATUS_PAUSING
    assert entered.changed_at.ToNanoseconds() > before.changed_at.ToNanoseconds()
    again = (await stub.EnterMaintenance(service.EnterMaintenanceRequest())).maintenance
    assert again.changed_at == entered.changed_at
    left = (await stub.LeaveMaintenance(service.LeaveMaintenanceRequest())).maintenance
    assert left.status == maintenance_pb2.MAINTENANCE_STATUS_RUNNING


async def test_what_runs_is_counted_while_it_is_waited_for(stub, rows, name):
    execution = await rows.execution(name)
    await rows.task(execution, "t", state="RUNNING", finished_at=None)
    assert (await stub.GetMaintenance(service.GetMaintenanceRequest())).maintenance.running == 0
    entered = (await stub.EnterMaintenance(service.EnterMaintenanceRequest())).maintenance
    assert entered.running >= 2


async def test_changes_are_refused_with_a_delay_and_reads_are_not(channel, in_maintenance):
    stub = workflows_grpc.WorkflowServiceStub(channel)
    create = stub.CreateWorkflows(workflows.CreateWorkflowsRequest(definition="x"))
    assert await refused(create) == (grpc.StatusCode.UNAVAILABLE, "IN_MAINTENANCE", 5)
    runs = executions_grpc.ExecutionServiceStub(channel)
    start = runs.StartExecution(executions.StartExecutionRequest(workflow="w"))
    assert (await refused(start))[1] == "IN_MAINTENANCE"
    await stub.ListWorkflows(workflows.ListWorkflowsRequest())
    assert (await stub.ValidateWorkflows(workflows.ValidateWorkflowsRequest(definition="x"))).valid is False


async def test_cancelling_is_allowed_and_completing_until_all_stands_still(channel, pool, in_maintenance):
    unknown = str(uuid4())
    runs = executions_grpc.ExecutionServiceStub(channel)
    for state, reason in ((state_pb2.STATE_CANCELLED, "NOT_FOUND"), (state_pb2.STATE_ERROR, "IN_MAINTENANCE")):
        stop = runs.StopExecution(executions.StopExecutionRequest(id=unknown, state=state))
        assert (await refused(stop))[1] == reason
    done = actions.CompleteActionExecutionRequest(id=unknown, state=state_pb2.STATE_SUCCESS)
    complete = actions_grpc.ActionExecutionServiceStub(channel).CompleteActionExecution
    assert (await refused(complete(done)))[1] == "NOT_FOUND"


async def test_the_services_that_live_are_listed_with_their_kinds(channel, ports):
    stub = services_grpc.ServiceServiceStub(channel)
    found = (await stub.ListServices(services.ListServicesRequest())).services
    own = [one for one in found if one.kind == service_pb2.SERVICE_KIND_API_GATEWAY]
    assert [(one.name, one.address) for one in own] == [("api_gateway-0", f"127.0.0.1:{ports.grpc}")]
    assert own[0].HasField("started_at")
    engines = services.ListServicesRequest(kinds=[service_pb2.SERVICE_KIND_ENGINE])
    assert not (await stub.ListServices(engines)).services
