"""TaskService of ``mistral.v1``."""

from collections.abc import Sequence
from typing import Any, Final

import grpc.aio

from mistral.v1 import task_pb2 as messages
from mistral.v1 import task_service_pb2 as service
from mistral.v1 import task_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.json_text import text_of
from mistral_api_gateway.operations.task_facts import facts_of, runtime_context
from mistral_api_gateway.rpc.paging import among, equal, page_of, split
from mistral_api_gateway.rpc.states import state_message, state_texts, timestamp
from mistral_persistence.task_reads import ALL_COLUMNS, Row

_Context = grpc.aio.ServicerContext[Any, Any]

_TYPES: Final = {"ACTION": messages.TASK_TYPE_ACTION, "WORKFLOW": messages.TASK_TYPE_WORKFLOW}


class TaskServicer(service_grpc.TaskServiceServicer):
    """Shows tasks, gives failed ones another chance, replays finished ones, and suspends single ones."""

    def __init__(self, gateway: Gateway) -> None:
        self._tasks = gateway.tasks

    async def GetTask(self, request: service.GetTaskRequest, context: _Context) -> service.GetTaskResponse:
        row = await self._tasks.get(current_caller(), request.id)
        task = _message(row, await self._tasks.result(row), await self._tasks.unserved(row))
        return service.GetTaskResponse(task=task)

    async def ListTasks(self, request: service.ListTasksRequest, context: _Context) -> service.ListTasksResponse:
        filters = [
            equal("workflow_execution_id", request.execution_id),
            equal("name", request.name),
            among("state", state_texts(request.states)),
        ]
        page = page_of(ALL_COLUMNS, request.page_size, request.page_token, filters)
        rows, token = split(await self._tasks.page(current_caller(), page), page)
        return service.ListTasksResponse(tasks=[_message(row) for row in rows], next_page_token=token)

    async def RerunTask(self, request: service.RerunTaskRequest, context: _Context) -> service.RerunTaskResponse:
        row = await self._tasks.rerun(current_caller(), request.id, reset=request.reset, env=request.env.encode())
        return service.RerunTaskResponse(task=_message(row, await self._tasks.result(row)))

    async def SkipTask(self, request: service.SkipTaskRequest, context: _Context) -> service.SkipTaskResponse:
        row = await self._tasks.skip(current_caller(), request.id)
        return service.SkipTaskResponse(task=_message(row, await self._tasks.result(row)))

    async def ReplayTask(self, request: service.ReplayTaskRequest, context: _Context) -> service.ReplayTaskResponse:
        row = await self._tasks.replay(current_caller(), request.id, env=request.env.encode())
        return service.ReplayTaskResponse(task=_message(row, await self._tasks.result(row)))

    async def SuspendTask(self, request: service.SuspendTaskRequest, context: _Context) -> service.SuspendTaskResponse:
        row = await self._tasks.suspend(current_caller(), request.id)
        return service.SuspendTaskResponse(task=_message(row, await self._tasks.result(row)))

    async def ResumeTask(self, request: service.ResumeTaskRequest, context: _Context) -> service.ResumeTaskResponse:
        row = await self._tasks.resume(current_caller(), request.id)
        return service.ResumeTaskResponse(task=_message(row, await self._tasks.result(row)))


def _message(row: Row, result: str = "", unserved: Sequence[str] = ()) -> messages.Task:
    return messages.Task(
        id=row["id"],
        name=row["name"],
        type=_TYPES.get(row["type"], messages.TASK_TYPE_UNSPECIFIED),
        execution_id=row["workflow_execution_id"],
        workflow_name=row["workflow_name"],
        state=state_message(row["state"]),
        state_info=row["state_info"],
        published=row["published"],
        result=result,
        runtime_context=text_of(runtime_context(facts_of(row), unserved)),
        processed=row["processed"],
        tags=row["tags"],
        created_at=timestamp(row["created_at"]),
        updated_at=timestamp(row["updated_at"]),
        started_at=timestamp(row["started_at"]),
        finished_at=timestamp(row["finished_at"]),
    )
