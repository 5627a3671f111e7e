"""What the suite asks the mesh for; what is UNAVAILABLE is asked for again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import uuid4

import grpc
from google.protobuf.duration_pb2 import Duration

from mistral.v1 import action_execution_service_pb2 as actions
from mistral.v1 import execution_service_pb2 as executions
from mistral.v1 import state_pb2
from mistral.v1 import task_service_pb2 as tasks
from mistral.v1 import workflow_service_pb2 as workflows
from mistral.v1.action_execution_service_pb2_grpc import ActionExecutionServiceStub
from mistral.v1.execution_pb2 import Execution
from mistral.v1.execution_service_pb2_grpc import ExecutionServiceStub
from mistral.v1.task_service_pb2_grpc import TaskServiceStub
from mistral.v1.workflow_service_pb2_grpc import WorkflowServiceStub

_T = TypeVar("_T")
_AGAIN = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
_PATIENCE_SECONDS = 90.0
_PAUSE_SECONDS = 0.1
_WAIT = Duration(seconds=5)
_CALL_SECONDS = 20.0
_FINAL = {state_pb2.STATE_SUCCESS, state_pb2.STATE_ERROR, state_pb2.STATE_CANCELLED}
OPTIONS = [
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_receive_message_length", 64 << 20),
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 200),
]


class Asking:
    """A client of the mesh."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._workflows = WorkflowServiceStub(channel)
        self._executions = ExecutionServiceStub(channel)
        self._tasks = TaskServiceStub(channel)
        self._actions = ActionExecutionServiceStub(channel)

    def define(self, document: dict[str, Any]) -> None:
        """Store a workflow."""
        request = workflows.CreateWorkflowsRequest(definition=json.dumps(document))
        _insist(lambda: self._workflows.CreateWorkflows(request, timeout=_CALL_SECONDS))

    def start(self, workflow: str, given: dict[str, Any]) -> str:
        """Start it once, and return the id of the execution."""
        request = executions.StartExecutionRequest(
            workflow=workflow, input=json.dumps(given, ensure_ascii=False), request_id=uuid4().hex
        )
        return _insist(lambda: self._executions.StartExecution(request, timeout=_CALL_SECONDS)).execution.id

    def ended(self, execution: str) -> Execution:
        """Wait until an execution is final."""
        request = executions.GetExecutionRequest(id=execution, wait=_WAIT)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            found = _insist(lambda: self._executions.GetExecution(request, timeout=_CALL_SECONDS)).execution
            if found.state in _FINAL:
                return found
        raise AssertionError(f"execution has not ended in time: {self.told(execution)}")

    def stop(self, execution: str, state: str) -> None:
        """Stop an execution; one that has ended stays as it is."""
        request = executions.StopExecutionRequest(id=execution, state=f"STATE_{state}", message="by the suite")
        try:
            _insist(lambda: self._executions.StopExecution(request, timeout=_CALL_SECONDS))
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.FAILED_PRECONDITION:
                raise

    def complete(self, execution: str, state: str, result: Any) -> None:
        """End the action of the only task of an execution."""
        (found,) = self._actions_of(execution)
        request = actions.CompleteActionExecutionRequest(id=found.id, state=f"STATE_{state}", output=json.dumps(result))
        _insist(lambda: self._actions.CompleteActionExecution(request, timeout=_CALL_SECONDS))

    def told(self, execution: str) -> str:
        """Return all that there is to say of an execution, for people."""
        request = executions.GetExecutionRequest(id=execution)
        found = _insist(lambda: self._executions.GetExecution(request, timeout=_CALL_SECONDS)).execution
        listed = tasks.ListTasksRequest(execution_id=execution)
        all_tasks = _insist(lambda: self._tasks.ListTasks(listed, timeout=_CALL_SECONDS)).tasks
        parts = [found, *all_tasks, *self._actions_of(execution)]
        return "\n".join(str(part)[:2000] for part in parts)

    def _actions_of(self, execution: str) -> list[Any]:
        listed = tasks.ListTasksRequest(execution_id=execution)
        found = []
        for task in _insist(lambda: self._tasks.ListTasks(listed, timeout=_CALL_SECONDS)).tasks:
            request = actions.ListActionExecutionsRequest(task_id=task.id)
            answer = _insist(lambda wanted=request: self._actions.ListActionExecutions(wanted, timeout=_CALL_SECONDS))  # type: ignore[misc]
            found += answer.action_executions
        return found


def _insist(call: Callable[[], _T]) -> _T:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return call()
        except grpc.RpcError as error:
            if error.code() not in _AGAIN or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE_SECONDS)
