"""ExecutionService of ``mistral.v1``."""

from collections.abc import AsyncIterator
from typing import Any

import grpc.aio
from google.protobuf.duration_pb2 import Duration
from google.rpc import status_pb2  # type: ignore[import-untyped]

from mistral.v1 import execution_pb2 as messages
from mistral.v1 import execution_service_pb2 as service
from mistral.v1 import execution_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.live.watch import watch
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.executions import StartRequest
from mistral_api_gateway.operations.told import ToldRow
from mistral_api_gateway.rpc.paging import among, equal, page_of, split
from mistral_api_gateway.rpc.states import state_message, state_text, state_texts, timestamp, timestamp_of
from mistral_core.errors import InvalidInput, Unavailable, WorkflowError
from mistral_persistence.execution_reads import ALL_COLUMNS, LIST_COLUMNS, Row
from mistral_persistence.history import HistoryEvent
from mistral_runtime.errors import status_of

_MOST_STARTS = 1_000
_Context = grpc.aio.ServicerContext[Any, Any]


class ExecutionServicer(service_grpc.ExecutionServiceServicer):
    """Starts, shows and steers executions."""

    def __init__(self, gateway: Gateway) -> None:
        self._executions = gateway.executions
        self._waiting = gateway.waiting
        self._gateway = gateway

    async def StartExecution(
        self, request: service.StartExecutionRequest, context: _Context
    ) -> service.StartExecutionResponse:
        wanted = _wanted(request)
        if request.HasField("wait"):
            row = await self._waiting.start(current_caller(), wanted, _seconds(request.wait))
        else:
            row = await self._executions.begin(current_caller(), wanted)
        return service.StartExecutionResponse(execution=_message(row))

    async def StartExecutions(
        self, request: service.StartExecutionsRequest, context: _Context
    ) -> service.StartExecutionsResponse:
        if not 1 <= len(request.starts) <= _MOST_STARTS:
            raise InvalidInput(f"starts must hold 1 to {_MOST_STARTS} requests, it holds {len(request.starts)}")
        seconds = _seconds(request.wait) if request.HasField("wait") else 0.0
        rows = await self._waiting.start_all(current_caller(), [_wanted(each) for each in request.starts], seconds)
        return service.StartExecutionsResponse(results=map(_result, rows))

    async def GetExecution(
        self, request: service.GetExecutionRequest, context: _Context
    ) -> service.GetExecutionResponse:
        if request.HasField("wait"):
            row = await self._waiting.get(current_caller(), request.id, _seconds(request.wait))
        else:
            row = await self._executions.get(current_caller(), request.id)
        return service.GetExecutionResponse(execution=_message(row))

    async def ListExecutions(
        self, request: service.ListExecutionsRequest, context: _Context
    ) -> service.ListExecutionsResponse:
        filters = [
            equal("workflow_name", request.workflow_name),
            equal("task_execution_id", request.task_execution_id),
            among("state", state_texts(request.states)),
        ]
        columns = ALL_COLUMNS if request.include_output else LIST_COLUMNS
        page = page_of(columns, request.page_size, request.page_token, filters, newest_first=True)
        rows, token = split(await self._executions.page(current_caller(), page), page)
        return service.ListExecutionsResponse(executions=[_message(row) for row in rows], next_page_token=token)

    async def WatchExecution(
        self, request: service.WatchExecutionRequest, context: _Context
    ) -> AsyncIterator[service.WatchExecutionResponse]:
        if request.after_position < 0:
            raise InvalidInput("after_position cannot be negative")
        row = await self._executions.get(current_caller(), request.id)
        async for event in watch(self._gateway.hub, self._gateway.store, row["id"], request.after_position):
            if event is not None:
                yield service.WatchExecutionResponse(event=_event(event))
        if self._gateway.hub.leaving:
            raise Unavailable("This server is leaving; go on from the last position")

    async def PauseExecution(
        self, request: service.PauseExecutionRequest, context: _Context
    ) -> service.PauseExecutionResponse:
        row = await self._executions.pause(current_caller(), request.id)
        return service.PauseExecutionResponse(execution=_message(row))

    async def ResumeExecution(
        self, request: service.ResumeExecutionRequest, context: _Context
    ) -> service.ResumeExecutionResponse:
        row = await self._executions.resume(current_caller(), request.id, env=request.env.encode())
        return service.ResumeExecutionResponse(execution=_message(row))

    async def StopExecution(
        self, request: service.StopExecutionRequest, context: _Context
    ) -> service.StopExecutionResponse:
        state = state_text(request.state)
        row = await self._executions.stop(current_caller(), request.id, state, message=request.message)
        return service.StopExecutionResponse(execution=_message(row))

    async def UpdateExecution(
        self, request: service.UpdateExecutionRequest, context: _Context
    ) -> service.UpdateExecutionResponse:
        description = request.description if request.HasField("description") else None
        row = await self._executions.update(
            current_caller(), request.id, description=description, env=request.env.encode()
        )
        return service.UpdateExecutionResponse(execution=_message(row))

    async def DeleteExecution(
        self, request: service.DeleteExecutionRequest, context: _Context
    ) -> service.DeleteExecutionResponse:
        await self._executions.delete(current_caller(), request.id, force=request.force)
        return service.DeleteExecutionResponse()


def _wanted(request: service.StartExecutionRequest) -> StartRequest:
    return StartRequest(
        workflow=request.workflow,
        namespace=request.namespace,
        input=request.input.encode(),
        params=request.params.encode(),
        description=request.description,
        id=request.id,
        request_id=_request_id(request.request_id),
    )


def _result(row: Row | ToldRow | WorkflowError) -> service.StartExecutionResult:
    if not isinstance(row, WorkflowError):
        return service.StartExecutionResult(execution=_message(row))
    known = status_of(row)
    status = known[1] if known else status_pb2.Status(code=grpc.StatusCode.INTERNAL.value[0], message=str(row))
    return service.StartExecutionResult(error=status)


def _request_id(text: str) -> str:
    if len(text) > 128:
        raise InvalidInput("request_id has more than 128 characters")
    return text


def _seconds(wait: Duration) -> float:
    return wait.seconds + wait.nanos / 1e9


def _message(row: Row | ToldRow) -> messages.Execution:
    final = row["finished_at"] is not None
    return messages.Execution(
        id=row["id"],
        workflow_id=row["workflow_id"],
        workflow_version=row["workflow_version"],
        workflow_name=row["workflow_name"],
        workflow_namespace=row["workflow_namespace"],
        description=row["description"],
        tags=row["tags"],
        state=state_message(row["state"]),
        state_info=row["state_info"],
        input=row["input"],
        params=row["params"],
        output=row.get("output", "") if final else "",
        task_execution_id=row["task_execution_id"],
        root_execution_id=row["root_execution_id"],
        project_id=row["project_id"],
        created_at=timestamp(row["created_at"]),
        updated_at=timestamp(row["updated_at"]),
        finished_at=timestamp(row["finished_at"]),
    )


def _event(event: HistoryEvent) -> messages.ExecutionEvent:
    return messages.ExecutionEvent(
        position=event.position,
        type=event.event,
        at=timestamp_of(event.at),
        execution_id=event.execution_id,
        task_id=event.task_id or "",
        task_name=event.task_name or "",
        state=state_message(event.state),
        state_info=event.state_info or "",
    )
