"""ExecutionService of ``mistral.v1``."""

from collections.abc import AsyncIterator
from typing import Any

import grpc.aio
from google.protobuf.duration_pb2 import Duration
from google.rpc import status_pb2  # type: ignore[import-untyped]

from mistral.v1 import execution_report_pb2 as report_service
from mistral.v1 import execution_service_pb2 as service
from mistral.v1 import execution_service_pb2_grpc as service_grpc
from mistral.v1 import execution_watch_pb2 as watch_service
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.live.admission import admitted
from mistral_api_gateway.live.watch import watch
from mistral_api_gateway.operations.caller import Caller, current_caller
from mistral_api_gateway.operations.executions import StartRequest
from mistral_api_gateway.operations.once import checked_request_id
from mistral_api_gateway.operations.told import ToldRow
from mistral_api_gateway.rpc.execution_shape import SHAPE, event_message, execution_message
from mistral_api_gateway.rpc.masks import replaced
from mistral_api_gateway.rpc.paging import among, equal, list_call
from mistral_api_gateway.rpc.states import state_text, state_texts
from mistral_api_gateway.rpc.trees import report, tree
from mistral_api_gateway.rpc.watching import watched
from mistral_core.errors import InvalidInput, Unavailable, WorkflowError
from mistral_persistence.execution_reads import Row
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
        return service.StartExecutionResponse(execution=execution_message(row))

    async def StartExecutions(
        self, request: service.StartExecutionsRequest, context: _Context
    ) -> service.StartExecutionsResponse:
        if not 1 <= len(request.starts) <= _MOST_STARTS:
            raise InvalidInput(
                f"starts must hold 1 to {_MOST_STARTS} requests, it holds {len(request.starts)}", field="starts"
            )
        seconds = _seconds(request.wait) if request.HasField("wait") else 0.0
        rows = await self._waiting.start_all(current_caller(), [_wanted(each) for each in request.starts], seconds)
        return service.StartExecutionsResponse(results=map(_result, rows))

    async def GetExecution(
        self, request: service.GetExecutionRequest, context: _Context
    ) -> service.GetExecutionResponse:
        caller = current_caller()
        if not request.read_mask.paths:
            row = await self._got(caller, request)
            return service.GetExecutionResponse(execution=execution_message(row))
        fields = SHAPE.chosen(request.read_mask, SHAPE.all)
        if request.HasField("wait"):
            row = await self._got(caller, request)
        else:
            row = await self._executions.part(caller, request.id, SHAPE.columns(fields))
        return service.GetExecutionResponse(execution=SHAPE.write(row, fields))

    async def _got(self, caller: Caller, request: service.GetExecutionRequest) -> Row:
        if request.HasField("wait"):
            return await self._waiting.get(caller, request.id, _seconds(request.wait))
        return await self._executions.get(caller, request.id)

    async def ListExecutions(
        self, request: service.ListExecutionsRequest, context: _Context
    ) -> service.ListExecutionsResponse:
        filters = [
            equal("workflow_name", request.workflow_name),
            equal("task_execution_id", request.task_execution_id),
            among("state", state_texts(request.states)),
        ]
        usual = SHAPE.all if request.include_output else SHAPE.listed
        call = list_call(request, SHAPE, filters=filters, usual=usual, sort=(("created_at", True),))
        executions, token = await call.answer(lambda page: self._executions.page(current_caller(), page))
        return service.ListExecutionsResponse(executions=executions, next_page_token=token)

    async def WatchExecution(
        self, request: service.WatchExecutionRequest, context: _Context
    ) -> AsyncIterator[service.WatchExecutionResponse]:
        if request.after_position < 0:
            raise InvalidInput("after_position cannot be negative", field="after_position")
        row = await self._executions.get(current_caller(), request.id)
        events = watch(self._gateway.hub, self._gateway.store, row["id"], request.after_position)
        async for event in admitted(events):
            if event is not None:
                yield service.WatchExecutionResponse(event=event_message(event))
        if self._gateway.hub.leaving:
            raise Unavailable("This server is leaving; go on from the last position")

    async def WatchExecutions(
        self, request: watch_service.WatchExecutionsRequest, context: _Context
    ) -> AsyncIterator[watch_service.WatchExecutionsResponse]:
        async for answer in watched(self._gateway, current_caller(), request):
            yield answer

    async def GetExecutionTree(
        self, request: report_service.GetExecutionTreeRequest, context: _Context
    ) -> report_service.GetExecutionTreeResponse:
        return await tree(self._gateway, current_caller(), request)

    async def GetExecutionReport(
        self, request: report_service.GetExecutionReportRequest, context: _Context
    ) -> report_service.GetExecutionReportResponse:
        return await report(self._gateway, current_caller(), request)

    async def PauseExecution(
        self, request: service.PauseExecutionRequest, context: _Context
    ) -> service.PauseExecutionResponse:
        row = await self._executions.pause(current_caller(), request.id, etag=request.etag)
        return service.PauseExecutionResponse(execution=execution_message(row))

    async def ResumeExecution(
        self, request: service.ResumeExecutionRequest, context: _Context
    ) -> service.ResumeExecutionResponse:
        row = await self._executions.resume(current_caller(), request.id, env=request.env.encode(), etag=request.etag)
        return service.ResumeExecutionResponse(execution=execution_message(row))

    async def StopExecution(
        self, request: service.StopExecutionRequest, context: _Context
    ) -> service.StopExecutionResponse:
        state = state_text(request.state)
        row = await self._executions.stop(
            current_caller(), request.id, state, message=request.message, etag=request.etag
        )
        return service.StopExecutionResponse(execution=execution_message(row))

    async def UpdateExecution(
        self, request: service.UpdateExecutionRequest, context: _Context
    ) -> service.UpdateExecutionResponse:
        named = replaced(request, ("description", "env"))
        described = "description" in named or (not named and request.HasField("description"))
        row = await self._executions.update(
            current_caller(),
            request.id,
            description=request.description if described else None,
            env=request.env.encode() if not named or "env" in named else b"",
            etag=request.etag,
        )
        return service.UpdateExecutionResponse(execution=execution_message(row))

    async def DeleteExecution(
        self, request: service.DeleteExecutionRequest, context: _Context
    ) -> service.DeleteExecutionResponse:
        await self._executions.delete(current_caller(), request.id, force=request.force, etag=request.etag)
        return service.DeleteExecutionResponse()


def _wanted(request: service.StartExecutionRequest) -> StartRequest:
    return StartRequest(
        workflow=request.workflow,
        namespace=request.namespace,
        input=request.input.encode(),
        params=request.params.encode(),
        description=request.description,
        id=request.id,
        request_id=checked_request_id(request.request_id),
        source=request.source_execution_id,
    )


def _result(row: Row | ToldRow | WorkflowError) -> service.StartExecutionResult:
    if not isinstance(row, WorkflowError):
        return service.StartExecutionResult(execution=execution_message(row))
    known = status_of(row)
    status = known[1] if known else status_pb2.Status(code=grpc.StatusCode.INTERNAL.value[0], message=str(row))
    return service.StartExecutionResult(error=status)


def _seconds(wait: Duration) -> float:
    return wait.seconds + wait.nanos / 1e9
