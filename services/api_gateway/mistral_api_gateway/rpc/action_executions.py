"""ActionExecutionService of ``mistral.v1``."""

from typing import Any

import grpc.aio

from mistral.v1 import action_execution_pb2 as messages
from mistral.v1 import action_execution_service_pb2 as service
from mistral.v1 import action_execution_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.action_executions import output_object
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.standalone import Run, RunRequest
from mistral_api_gateway.rpc.paging import among, equal, page_of, split
from mistral_api_gateway.rpc.states import state_message, state_text, state_texts, timestamp
from mistral_persistence.action_reads import ALL_COLUMNS, LIST_COLUMNS, Row

_Context = grpc.aio.ServicerContext[Any, Any]


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
        )
        return service.RunActionResponse(action_execution=_message(await self._runs.run(current_caller(), wanted)))

    async def GetActionExecution(
        self, request: service.GetActionExecutionRequest, context: _Context
    ) -> service.GetActionExecutionResponse:
        row = await self._actions.get(current_caller(), request.id)
        return service.GetActionExecutionResponse(action_execution=_message(row))

    async def ListActionExecutions(
        self, request: service.ListActionExecutionsRequest, context: _Context
    ) -> service.ListActionExecutionsResponse:
        filters = [equal("task_execution_id", request.task_id), among("state", state_texts(request.states))]
        columns = ALL_COLUMNS if request.include_output else LIST_COLUMNS
        page = page_of(columns, request.page_size, request.page_token, filters)
        rows, token = split(await self._actions.page(current_caller(), page), page)
        return service.ListActionExecutionsResponse(
            action_executions=[_message(row) for row in rows], next_page_token=token
        )

    async def CompleteActionExecution(
        self, request: service.CompleteActionExecutionRequest, context: _Context
    ) -> service.CompleteActionExecutionResponse:
        state = state_text(request.state)
        row = await self._actions.complete(current_caller(), request.id, state, request.output.encode())
        return service.CompleteActionExecutionResponse(action_execution=_message(row))


def _message(row: Row | Run) -> messages.ActionExecution:
    return messages.ActionExecution(
        id=row["id"],
        name=row["name"],
        task_id=row["task_execution_id"],
        task_name=row["task_name"],
        execution_id=row["workflow_execution_id"],
        state=state_message(row["state"]),
        state_info=row["state_info"],
        accepted=row["accepted"],
        index=row["index"],
        attempt=row["attempt"],
        input=row["input"],
        output=output_object(row.get("output")) or "",
        created_at=timestamp(row["created_at"]),
        updated_at=timestamp(row["updated_at"]),
    )
