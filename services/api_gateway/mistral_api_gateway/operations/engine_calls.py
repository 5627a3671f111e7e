"""The engines as the operations see them: calls that come back as the errors of the core."""

from collections.abc import Awaitable
from typing import Final, TypedDict, TypeVar

import grpc.aio

from mistral.internal.v1 import engine_service_pb2 as engine
from mistral.internal.v1 import engine_service_pb2_grpc as engine_grpc
from mistral.internal.v1 import task_control_pb2 as tasks
from mistral_api_gateway.operations.deadline import seconds_left
from mistral_core import errors
from mistral_runtime.channel import error_from

_T = TypeVar("_T")


class _Patience(TypedDict):
    timeout: float
    wait_for_ready: bool


CALL_SECONDS = 15.0
"""How long a call may take; while no engine can be reached it waits for one to come back."""

_PATIENTLY: Final[_Patience] = {"timeout": CALL_SECONDS, "wait_for_ready": True}
"""For calls that go for many callers at once."""

_KINDS: dict[str, type[errors.WorkflowError]] = {
    kind.__name__: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.WorkflowError)
} | {errors.ExpressionFailed.__name__: errors.Invalid}
"""By name; an expression that failed is known here by its message alone."""


class Uncertain(errors.Unavailable):
    """Nobody knows whether a call was done: the connection broke, or the answer did not come in time."""


class Engines:
    """EngineService of all replicas; each method raises the errors that the engine had."""

    def __init__(self, channel: grpc.aio.Channel | None) -> None:
        self._stub = engine_grpc.EngineServiceStub(channel) if channel is not None else None

    @property
    def stub(self) -> "engine_grpc.EngineServiceAsyncStub":
        """The plain stub. Raises Unavailable if no engine is configured."""
        if self._stub is None:
            raise errors.Unavailable("No engine is configured")
        return self._stub

    async def start(self, starts: list[engine.ExecutionStart]) -> list[engine.ExecutionStarted]:
        """Start executions; one answer each. Raises Uncertain if they may have been started or not."""
        request = engine.StartExecutionsRequest(starts=starts)
        try:
            response = await _answer(self.stub.StartExecutions(request, **_PATIENTLY))
        except errors.Unavailable as error:
            raise Uncertain(str(error)) from error
        return list(response.started)

    async def pause(self, execution_id: str) -> None:
        await _answer(self.stub.PauseExecution(engine.PauseExecutionRequest(id=execution_id), **_in_time()))

    async def resume(self, execution_id: str, env: bytes) -> None:
        request = engine.ResumeExecutionRequest(id=execution_id, env=env)
        await _answer(self.stub.ResumeExecution(request, **_in_time()))

    async def stop(self, execution_id: str, state: str, message: str) -> None:
        request = engine.StopExecutionRequest(id=execution_id, state=state, message=message)
        await _answer(self.stub.StopExecution(request, **_in_time()))

    async def update(self, execution_id: str, description: str | None, env: bytes) -> None:
        request = engine.UpdateExecutionRequest(id=execution_id, description=description, env=env)
        await _answer(self.stub.UpdateExecution(request, **_in_time()))

    async def delete(self, execution_id: str, *, force: bool) -> None:
        request = engine.DeleteExecutionRequest(id=execution_id, force=force)
        await _answer(self.stub.DeleteExecution(request, **_in_time()))

    async def rerun(self, task_id: str, *, reset: bool, env: bytes) -> None:
        request = engine.RerunTaskRequest(task_id=task_id, reset=reset, env=env)
        await _answer(self.stub.RerunTask(request, **_in_time()))

    async def skip(self, task_id: str) -> None:
        await _answer(self.stub.SkipTask(engine.SkipTaskRequest(task_id=task_id), **_in_time()))

    async def replay(self, task_id: str, env: bytes) -> str:
        """Replay a task and return the id of the new attempt."""
        request = tasks.ReplayTaskRequest(task_id=task_id, env=env)
        return (await _answer(self.stub.ReplayTask(request, **_in_time()))).task_id

    async def suspend_task(self, task_id: str) -> None:
        await _answer(self.stub.SuspendTask(tasks.SuspendTaskRequest(task_id=task_id), **_in_time()))

    async def resume_task(self, task_id: str) -> None:
        await _answer(self.stub.ResumeTask(tasks.ResumeTaskRequest(task_id=task_id), **_in_time()))

    async def complete(self, action_id: str, state: str, output: bytes) -> None:
        request = engine.CompleteActionRequest(action_id=action_id, state=state, output=output)
        await _answer(self.stub.CompleteAction(request, **_in_time()))

    async def status(self, *, seconds: float) -> engine.GetStatusResponse:
        """Ask any engine how it is."""
        return await _answer(self.stub.GetStatus(engine.GetStatusRequest(), timeout=seconds))


def _in_time() -> _Patience:
    return {"timeout": seconds_left(CALL_SECONDS), "wait_for_ready": True}


async def _answer(call: Awaitable[_T]) -> _T:
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
            raise errors.Unavailable("The engine did not answer in time") from error
        raise error_from(error) from error


def refused(refusal: engine.Refusal) -> errors.WorkflowError:
    """Return the error that a refusal names."""
    return _KINDS.get(refusal.error, errors.WorkflowError)(refusal.message)
