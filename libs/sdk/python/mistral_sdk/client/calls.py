"""What can be asked of the mesh: each call as a value that both clients can make."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message

from mistral_sdk.client.errors import MeshError
from mistral_sdk.client.executions import Event, Execution, State, read
from mistral_sdk.codec import PayloadCodec, sealed, way
from mistral_sdk.stubs import action_execution_service_pb2 as action_executions
from mistral_sdk.stubs import execution_service_pb2 as executions
from mistral_sdk.stubs import worker_pb2
from mistral_sdk.stubs import worker_service_pb2 as workers
from mistral_sdk.stubs import workflow_service_pb2 as workflows
from mistral_sdk.values import dumps, loads

T = TypeVar("T")
WAIT_SECONDS = 20.0
"""How long one call waits for an end; then it is asked again."""


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One call.

    Attributes:
        read: Makes of the answer what the client returns.
        patience: Seconds that the answer may take on purpose, besides the time limit of calls.
    """

    method: str
    request: Message
    answer: type[Message]
    read: Callable[[Any], T]
    patience: float = 0.0


def start(
    workflow: str,
    input: Any,
    *,
    params: Mapping[str, Any] | None,
    namespace: str,
    description: str,
    id: str,
    key: str,
    encrypt: Iterable[str],
    codec: PayloadCodec | None,
) -> Call[Execution]:
    """Start a workflow. Without a key it gets one of its own, so that a repeat after a broken connection is safe."""
    request = executions.StartExecutionRequest(
        workflow=workflow,
        namespace=namespace,
        input="" if input is None else dumps(_sealed(input, encrypt, codec)).decode(),
        params="" if params is None else dumps(params).decode(),
        description=description,
        id=id,
        request_id=key or ("" if id else uuid.uuid4().hex),
    )
    return _execution("StartExecution", request, executions.StartExecutionResponse, codec)


def get(id: str, codec: PayloadCodec | None, wait: float = 0.0) -> Call[Execution]:
    """Ask how an execution stands; with ``wait``, answer when it is final or after so many seconds."""
    request = executions.GetExecutionRequest(id=id)
    if wait:
        request.wait.FromTimedelta(timedelta(seconds=wait))
    return _execution("GetExecution", request, executions.GetExecutionResponse, codec, wait)


def pause(id: str, codec: PayloadCodec | None) -> Call[Execution]:
    """Start nothing further in it."""
    return _execution(
        "PauseExecution", executions.PauseExecutionRequest(id=id), executions.PauseExecutionResponse, codec
    )


def resume(id: str, env: Mapping[str, Any] | None, codec: PayloadCodec | None) -> Call[Execution]:
    """Go on with it."""
    request = executions.ResumeExecutionRequest(id=id, env="" if env is None else dumps(env).decode())
    return _execution("ResumeExecution", request, executions.ResumeExecutionResponse, codec)


def stop(id: str, state: State, message: str, codec: PayloadCodec | None) -> Call[Execution]:
    """End it now."""
    request = executions.StopExecutionRequest(id=id, state=f"STATE_{state}", message=message)
    return _execution("StopExecution", request, executions.StopExecutionResponse, codec)


def watch(id: str, after: int) -> Call[Event]:
    """Be told what happens to it."""
    request = executions.WatchExecutionRequest(id=id, after_position=after)
    return Call(
        _method("Execution", "WatchExecution"),
        request,
        executions.WatchExecutionResponse,
        lambda answer: Event.of(answer.event),
    )


def create(definition: str, namespace: str) -> Call[list[str]]:
    """Store new workflows."""
    request = workflows.CreateWorkflowsRequest(definition=definition, namespace=namespace, request_id=uuid.uuid4().hex)
    return Call(_method("Workflow", "CreateWorkflows"), request, workflows.CreateWorkflowsResponse, _names)


def update(definition: str, namespace: str) -> Call[list[str]]:
    """Replace workflows."""
    request = workflows.UpdateWorkflowsRequest(definition=definition, namespace=namespace)
    return Call(_method("Workflow", "UpdateWorkflows"), request, workflows.UpdateWorkflowsResponse, _names)


def run_action(
    name: str, input: Any, *, encrypt: Iterable[str], timeout: float, codec: PayloadCodec | None
) -> Call[Any]:
    """Run one action outside any workflow, and wait for its result."""
    request = action_executions.RunActionRequest(
        name=name,
        input="" if input is None else dumps(_sealed(input, encrypt, codec)).decode(),
        run_sync=True,
        timeout_seconds=max(1, round(timeout)),
        request_id=uuid.uuid4().hex,
    )

    def result(answer: action_executions.RunActionResponse) -> Any:
        told = answer.action_execution
        output = read(told.output, codec)
        if State.of(told.state) != State.SUCCESS:
            raise MeshError(f"action {name} ended as {State.of(told.state)}: {output}", code="UNKNOWN")
        return output["result"] if isinstance(output, dict) and "result" in output else output

    return Call(_method("ActionExecution", "RunAction"), request, action_executions.RunActionResponse, result, timeout)


def complete(key: str, state: State, output: Any, permanent: bool = False) -> Call[None]:
    """End an action execution by its id, or a run by its token."""
    if not _is_id(key):
        return _complete_run(key, state, output, permanent)
    if state == State.ERROR and isinstance(output, str):
        output = {"message": output}
    request = action_executions.CompleteActionExecutionRequest(id=key, state=f"STATE_{state}", output=_object(output))
    return Call(
        _method("ActionExecution", "CompleteActionExecution"),
        request,
        action_executions.CompleteActionExecutionResponse,
        lambda answer: None,
    )


def _complete_run(token: str, state: State, output: Any, permanent: bool) -> Call[None]:
    result = worker_pb2.AssignmentResult(token=token)
    if state == State.SUCCESS:
        result.success.output = dumps(output)
    elif state == State.CANCELLED:
        result.cancellation.SetInParent()
    else:
        told = output if isinstance(output, dict) else {"message": str(output)}
        result.failure.message = str(told.get("message", ""))
        result.failure.type = str(told.get("type", ""))
        result.failure.permanent = permanent
        if told.get("details") is not None:
            result.failure.details = dumps(told["details"])

    def taken(answer: workers.CompleteAssignmentsResponse) -> None:
        for rejection in answer.rejections:
            reason = worker_pb2.RejectionReason.Name(rejection.reason).removeprefix("REJECTION_REASON_")
            raise MeshError(rejection.message or reason, code="FAILED_PRECONDITION", reason=reason)

    request = workers.CompleteAssignmentsRequest(results=[result])
    return Call(_method("Worker", "CompleteAssignments"), request, workers.CompleteAssignmentsResponse, taken)


def failure(message: str, type: str, details: Any) -> Any:
    """Return the error of an action as workflows see it."""
    if not type and details is None:
        return message
    parts = {"type": type, "message": message, "details": details}
    return {name: part for name, part in parts.items() if part not in ("", None)}


def _execution(
    name: str, request: Message, answer: type[Message], codec: PayloadCodec | None, patience: float = 0.0
) -> Call[Execution]:
    return Call(_method("Execution", name), request, answer, lambda told: Execution.of(told.execution, codec), patience)


def _method(service: str, name: str) -> str:
    return f"/mistral.v1.{service}Service/{name}"


def _names(answer: Any) -> list[str]:
    return [workflow.name for workflow in answer.workflows]


def _sealed(value: Any, encrypt: Iterable[str], codec: PayloadCodec | None) -> Any:
    ways = [way(each) for each in ([encrypt] if isinstance(encrypt, str) else encrypt)]
    if not ways:
        return value
    if codec is None:
        raise ValueError("values are marked for encryption, but the client has no codec")
    return sealed(loads(dumps(value)), ways, codec)


def _object(output: Any) -> str:
    """Write what an action execution is completed with by its id; the API takes objects only."""
    if output is None:
        return ""
    text = dumps(output)
    if not text.startswith(b"{"):
        raise ValueError("by its id, a run is completed with an object or nothing; by its token, with any value")
    return text.decode()


def _is_id(key: str) -> bool:
    try:
        uuid.UUID(key)
    except ValueError:
        return False
    return True
