"""A client as clients should be: starts with a key of its own and repeats what is UNAVAILABLE."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar, overload

import grpc
import grpc.aio
from google.protobuf.duration_pb2 import Duration

from mistral.v1 import action_execution_service_pb2 as actions
from mistral.v1 import action_execution_service_pb2_grpc as actions_grpc
from mistral.v1 import execution_service_pb2 as executions
from mistral.v1 import execution_service_pb2_grpc as executions_grpc
from mistral.v1 import state_pb2
from mistral.v1 import task_service_pb2 as tasks
from mistral.v1 import task_service_pb2_grpc as tasks_grpc
from mistral.v1 import workflow_service_pb2 as workflows
from mistral.v1 import workflow_service_pb2_grpc as workflows_grpc
from mistral.v1.execution_pb2 import Execution
from tests.system.workload import Run

_T = TypeVar("_T")

_REPEATED = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.DEADLINE_EXCEEDED}
_PAUSE_SECONDS = 0.25
_WAIT_SECONDS = 10
_ANSWER_SECONDS = 1.0
_HOLD_SECONDS = 0.3
_CALL_SECONDS = 15.0
_LATE = grpc.StatusCode.FAILED_PRECONDITION
_FINAL = {state_pb2.STATE_SUCCESS, state_pb2.STATE_ERROR, state_pb2.STATE_CANCELLED}
_OPTIONS = [
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 200),
]


class Client:
    """Counts how often it had to repeat something."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._executions = executions_grpc.ExecutionServiceStub(channel)
        self._tasks = tasks_grpc.TaskServiceStub(channel)
        self._actions = actions_grpc.ActionExecutionServiceStub(channel)
        self._workflows = workflows_grpc.WorkflowServiceStub(channel)
        self.repeats = 0

    async def define(self, text: str) -> None:
        """Store a document, once for each mesh."""
        try:
            await self._workflows.CreateWorkflows(workflows.CreateWorkflowsRequest(definition=text), timeout=30)
        except grpc.aio.AioRpcError as error:
            if error.code() != grpc.StatusCode.ALREADY_EXISTS:
                raise

    async def start(self, run: Run) -> None:
        """Start a run and remember its id."""
        request = executions.StartExecutionRequest(
            workflow=run.workflow,
            input=json.dumps(run.input),
            params=json.dumps(run.params),
            description=run.key,
            request_id=run.key,
        )
        answer = await self._insist(lambda: self._executions.StartExecution(request, timeout=_CALL_SECONDS))
        run.id = answer.execution.id

    async def hold(self, run: Run) -> None:
        """Pause a run for a while; one that has ended meanwhile is left as it is."""
        await asyncio.sleep(_HOLD_SECONDS)
        pause = executions.PauseExecutionRequest(id=run.id)
        await self._insist(lambda: self._executions.PauseExecution(pause, timeout=_CALL_SECONDS), done=_LATE)
        await asyncio.sleep(_HOLD_SECONDS)
        resume = executions.ResumeExecutionRequest(id=run.id)
        await self._insist(lambda: self._executions.ResumeExecution(resume, timeout=_CALL_SECONDS), done=_LATE)

    async def answer(self, run: Run) -> None:
        """Complete the action that a run waits for; a repeat that comes too late has done it before."""
        await asyncio.sleep(_ANSWER_SECONDS)
        action = await self._open_action(run)
        request = actions.CompleteActionExecutionRequest(
            id=action, state=state_pb2.STATE_SUCCESS, output=json.dumps({"answer": run.x})
        )
        await self._insist(lambda: self._actions.CompleteActionExecution(request, timeout=_CALL_SECONDS), done=_LATE)

    async def _open_action(self, run: Run) -> str:
        wanted = tasks.ListTasksRequest(execution_id=run.id)
        found = await self._insist(lambda: self._tasks.ListTasks(wanted, timeout=_CALL_SECONDS))
        request = actions.ListActionExecutionsRequest(task_id=found.tasks[0].id)
        listed = await self._insist(lambda: self._actions.ListActionExecutions(request, timeout=_CALL_SECONDS))
        return listed.action_executions[0].id

    async def finish(self, run: Run) -> None:
        """Wait until a run is final, however often it has to be asked for."""
        request = executions.GetExecutionRequest(id=run.id, wait=Duration(seconds=_WAIT_SECONDS))
        while True:
            answer = await self._insist(lambda: self._executions.GetExecution(request, timeout=_CALL_SECONDS))
            if answer.execution.state in _FINAL:
                _note(run, answer.execution)
                return

    async def probe(self, workflow: str) -> float:
        """Return after how many seconds a workflow that is started now has run, whatever it takes."""
        began = time.monotonic()
        number = 0
        while True:
            number += 1
            request = executions.StartExecutionRequest(
                workflow=workflow, request_id=f"probe-{began}-{number}", wait=Duration(seconds=2)
            )
            try:
                answer = await self._executions.StartExecution(request, timeout=4)
            except grpc.aio.AioRpcError as error:
                if error.code() not in _REPEATED:
                    raise
            else:
                if answer.execution.state == state_pb2.STATE_SUCCESS:
                    return time.monotonic() - began
            await asyncio.sleep(0.02)

    @overload
    async def _insist(self, call: Callable[[], Awaitable[_T]]) -> _T: ...

    @overload
    async def _insist(self, call: Callable[[], Awaitable[_T]], *, done: grpc.StatusCode) -> _T | None: ...

    async def _insist(self, call: Callable[[], Awaitable[_T]], *, done: grpc.StatusCode | None = None) -> _T | None:
        while True:
            try:
                return await call()
            except grpc.aio.AioRpcError as error:
                if error.code() == done:
                    return None
                if error.code() not in _REPEATED:
                    raise
                self.repeats += 1
                await asyncio.sleep(_PAUSE_SECONDS)


def _note(run: Run, execution: Execution) -> None:
    run.state = state_pb2.State.Name(execution.state).removeprefix("STATE_")
    run.info = execution.state_info
    run.output = json.loads(execution.output or "{}")


@asynccontextmanager
async def client(address: str) -> AsyncIterator[Client]:
    """Connect to the public gRPC of a mesh."""
    async with grpc.aio.insecure_channel(address, options=_OPTIONS) as channel:
        yield Client(channel)
