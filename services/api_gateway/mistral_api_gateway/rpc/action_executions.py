"""ActionExecutionService of ``mistral.v1``."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import grpc.aio

from mistral.v1 import action_execution_pb2 as messages
from mistral.v1 import action_execution_service_pb2 as service
from mistral.v1 import action_execution_service_pb2_grpc as service_grpc
from mistral.v1 import worker_pb2
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.action_executions import output_object
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.once import checked_request_id
from mistral_api_gateway.operations.standalone import Run, RunRequest
from mistral_api_gateway.rpc.paging import among, equal, list_call
from mistral_api_gateway.rpc.shapes import TIME, Field, Shape, plain
from mistral_api_gateway.rpc.states import state_literal, state_message, state_text, state_texts
from mistral_persistence import action_progress
from mistral_persistence.action_reads import ACTIONS, Row

_Context = grpc.aio.ServicerContext[Any, Any]

SHAPE: Final = Shape(
    messages.ActionExecution,
    ACTIONS,
    {
        **{name: plain(name) for name in ("id", "name", "task_name", "state_info", "accepted", "index", "attempt")},
        **{name: plain(name) for name in ("input", "workflow_name", "workflow_namespace", "description", "tags")},
        "project_id": plain("project_id"),
        "task_id": plain("task_execution_id"),
        "execution_id": plain("workflow_execution_id"),
        "state": plain("state", state_message, literal=state_literal),
        "output": plain("output", lambda text: output_object(text) or ""),
        "created_at": plain("created_at", TIME),
        "updated_at": plain("updated_at", TIME),
        # These two come from elsewhere, and only for one that is asked for alone.
        "worker": Field((), lambda row: None),
        "progress": Field((), lambda row: None),
    },
    heavy=("output",),
)


class ActionExecutionServicer(service_grpc.ActionExecutionServiceServicer):
    """Shows runs of actions, and completes the asynchronous ones."""

    def __init__(self, gateway: Gateway) -> None:
        self._actions = gateway.action_executions
        self._runs = gateway.runs

    async def RunAction(self, request: service.RunActionRequest, context: _Context) -> service.RunActionResponse:
        wanted = RunRequest(
            name=request.name,
            namespace=request.namespace,
            input=request.input.encode(),
            description=request.description,
            run_sync=request.run_sync,
            save_result=request.save_result,
            target=request.target,
            timeout=request.timeout_seconds,
            request_id=checked_request_id(request.request_id),
        )
        return service.RunActionResponse(action_execution=_message(await self._runs.run(current_caller(), wanted)))

    async def GetActionExecution(
        self, request: service.GetActionExecutionRequest, context: _Context
    ) -> service.GetActionExecutionResponse:
        fields = SHAPE.chosen(request.read_mask, SHAPE.all)
        row = await self._actions.part(current_caller(), request.id, SHAPE.columns(fields))
        shown = SHAPE.write(row, fields)
        if {"worker", "progress"} & set(fields) and (told := await self._actions.told(request.id)) is not None:
            _add(shown, told, fields)
        return service.GetActionExecutionResponse(action_execution=shown)

    async def ListActionExecutions(
        self, request: service.ListActionExecutionsRequest, context: _Context
    ) -> service.ListActionExecutionsResponse:
        filters = [equal("task_execution_id", request.task_id), among("state", state_texts(request.states))]
        usual = SHAPE.all if request.include_output else SHAPE.listed
        call = list_call(request, SHAPE, filters=filters, usual=usual)
        actions, token = await call.answer(lambda page: self._actions.page(current_caller(), page))
        return service.ListActionExecutionsResponse(action_executions=actions, next_page_token=token)

    async def CompleteActionExecution(
        self, request: service.CompleteActionExecutionRequest, context: _Context
    ) -> service.CompleteActionExecutionResponse:
        state = state_text(request.state)
        row = await self._actions.complete(current_caller(), request.id, state, request.output.encode())
        return service.CompleteActionExecutionResponse(action_execution=_message(row))

    async def DeleteActionExecution(
        self, request: service.DeleteActionExecutionRequest, context: _Context
    ) -> service.DeleteActionExecutionResponse:
        await self._actions.delete(current_caller(), request.id)
        return service.DeleteActionExecutionResponse()


def _add(shown: messages.ActionExecution, told: action_progress.Row, fields: Collection[str]) -> None:
    if "worker" in fields:
        shown.worker = told["ended_by"] or ""
    if "progress" in fields and told["attempt"] is not None:
        progress = shown.progress
        progress.attempt, progress.worker, progress.details = told["attempt"], told["worker"], told["details"] or ""
        if told["percent"] is not None:
            progress.percent = told["percent"]
        progress.updated_at.FromDatetime(told["updated_at"])
        progress.lines.extend(map(_line, action_progress.lines_of(told)))


def _line(line: action_progress.Line) -> worker_pb2.LogLine:
    level = worker_pb2.LogLevel.Value(f"LOG_LEVEL_{line.level}")
    message = worker_pb2.LogLine(level=level, message=line.message)
    message.time.FromDatetime(datetime.fromisoformat(line.at))
    return message


def _message(row: Row | Run) -> messages.ActionExecution:
    return SHAPE.write(row, SHAPE.all)
