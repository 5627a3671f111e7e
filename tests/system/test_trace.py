"""One trace shows a workflow's way: from the gateway to the engine, to the executor and back."""

import json
from collections.abc import Callable
from pathlib import Path

import grpc.aio
import pytest
from google.protobuf.duration_pb2 import Duration

from mistral.v1 import execution_service_pb2 as executions
from mistral.v1 import execution_service_pb2_grpc as executions_grpc
from mistral.v1 import workflow_service_pb2 as workflows
from mistral.v1 import workflow_service_pb2_grpc as workflows_grpc
from mistral_mesh import MeshStatus

_WORKFLOW = """version: '2.0'
traced:
  tasks:
    first: {action: std.echo output=1, on-success: second}
    second: {action: std.noop}
"""


@pytest.fixture
def traced(new_mesh: Callable[..., MeshStatus], tmp_path: Path) -> tuple[MeshStatus, Path]:
    """A mesh that records every trace, and the file that it writes them to."""
    file = tmp_path / "spans.jsonl"
    settings = {"MISTRAL_TRACE_RATIO": "1", "MISTRAL_TRACE_FILE": str(file), "MISTRAL_LOCAL_ACTIONS": "false"}
    return new_mesh(settings=settings), file


async def test_one_trace_goes_through_gateway_engine_and_executor(traced: tuple[MeshStatus, Path]):
    mesh, file = traced
    async with grpc.aio.insecure_channel(mesh.grpc_address) as channel:
        stub = workflows_grpc.WorkflowServiceStub(channel)
        await stub.CreateWorkflows(workflows.CreateWorkflowsRequest(definition=_WORKFLOW))
        await executions_grpc.ExecutionServiceStub(channel).StartExecution(
            executions.StartExecutionRequest(workflow="traced", wait=Duration(seconds=30))
        )

    spans = [json.loads(line) for line in file.read_text().splitlines()]
    start = next(each for each in spans if each["name"].endswith("ExecutionService/StartExecution"))
    way = [(each["service"], each["name"]) for each in spans if each["trace_id"] == start["trace_id"]]
    assert ("executor-0", "actions") in way
    # The start, and what became of the first task.
    assert way.count(("engine-0", "engine commit")) >= 2
