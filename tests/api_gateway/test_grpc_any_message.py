"""Whatever is sent to whatever rpc: the answer is an answer, or an error that says what is wrong and where."""

from collections.abc import Iterator

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from mistral.v1 import execution_service_pb2 as executions
from mistral.v1 import execution_service_pb2_grpc as executions_grpc
from mistral.v1 import workflow_service_pb2 as workflows
from mistral.v1 import workflow_service_pb2_grpc as workflows_grpc
from tests.api_gateway.any_message import messages
from tests.api_gateway.public_api import details, methods
from tests.api_gateway.whole_gateway import whole_gateway

WORKFLOW = "version: '2.0'\nfuzzed: {input: [a: 1], tasks: {t: {action: std.async_noop}}}"
# Sharing is refused as a whole while there is no authentication, whatever was sent.
SWITCHED = {"WorkflowMemberService"}
# Nobody can say anything about these: the time of the caller was over.
SILENT = {grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED}
FAULTS = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DATA_LOSS}


@pytest.fixture(scope="module")
def channel(database: str, nats: str) -> Iterator[grpc.Channel]:
    """A channel to a gateway with an engine."""
    with whole_gateway(database, nats) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as opened:
        yield opened


@pytest.fixture(scope="module")
def known(channel: grpc.Channel) -> list[str]:
    """Names and ids of what is there."""
    stored = workflows_grpc.WorkflowServiceStub(channel).CreateWorkflows(
        workflows.CreateWorkflowsRequest(definition=WORKFLOW)
    )
    started = executions_grpc.ExecutionServiceStub(channel).StartExecution(
        executions.StartExecutionRequest(workflow="fuzzed")
    )
    return ["fuzzed", stored.workflows[0].id, started.execution.id]


@pytest.mark.parametrize("rpc", methods(), ids=lambda one: one.name)
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.large_base_example],
)
@given(data=some.data())
def test_nothing_that_is_sent_makes_it_fail(channel, known, rpc, data):
    request = data.draw(messages(rpc.input_type, known))
    path = f"/{rpc.containing_service.full_name}/{rpc.name}"
    make = channel.unary_stream if rpc.server_streaming else channel.unary_unary
    call = make(path, request_serializer=lambda message: message.SerializeToString(), response_deserializer=bytes)

    check(rpc, failure_of(call, request, 0.3 if rpc.server_streaming else 1, streams=rpc.server_streaming))


def failure_of(call, request, seconds: float, *, streams: bool) -> grpc.RpcError | None:
    """What a call fails with, if it does."""
    try:
        answer = call(request, timeout=seconds)
        if streams:
            for _ in answer:
                pass
    except grpc.RpcError as error:
        return error
    return None


def check(rpc, error: grpc.RpcError | None) -> None:
    """A failure is one that we know of, and says what is wrong and where."""
    if error is None or error.code() in SILENT:
        return
    told = details(error)
    assert error.code() not in FAULTS, error.details()
    assert told["ErrorInfo"].domain == "mistral", error
    if error.code() is grpc.StatusCode.INVALID_ARGUMENT:
        (violation,) = told["BadRequest"].field_violations
        assert violation.description
        assert violation.field or rpc.containing_service.name in SWITCHED, error.details()
