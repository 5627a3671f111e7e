"""TaskService of ``mistral.v1``."""

from typing import Any, Final

import grpc.aio

from mistral.v1 import task_pb2 as messages
from mistral.v1 import task_service_pb2 as service
from mistral.v1 import task_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.json_text import text_of
from mistral_api_gateway.operations.task_facts import facts_of, runtime_context
from mistral_api_gateway.rpc.paging import among, equal, list_call
from mistral_api_gateway.rpc.shapes import TIME, Field, Shape, plain
from mistral_api_gateway.rpc.states import state_literal, state_message, state_texts
from mistral_core.errors import InvalidInput
from mistral_persistence.task_reads import TASKS, Row

_Context = grpc.aio.ServicerContext[Any, Any]

_TYPES: Final = {"ACTION": messages.TASK_TYPE_ACTION, "WORKFLOW": messages.TASK_TYPE_WORKFLOW}


def _type_literal(text: str) -> str:
    found = text.removeprefix("TASK_TYPE_").upper()
    if found not in _TYPES:
        raise InvalidInput(f"There is no type of task {text[:80]!r}, only {', '.join(_TYPES)}")
    return found


SHAPE: Final = Shape(
    messages.Task,
    TASKS,
    {
        **{name: plain(name) for name in ("id", "name", "workflow_name", "state_info", "published", "processed")},
        **{name: plain(name) for name in ("tags", "workflow_namespace", "workflow_id", "project_id")},
        "type": plain("type", lambda text: _TYPES.get(text, messages.TASK_TYPE_UNSPECIFIED), literal=_type_literal),
        "execution_id": plain("workflow_execution_id"),
        "state": plain("state", state_message, literal=state_literal),
        "runtime_context": Field(("body",), lambda row: text_of(runtime_context(facts_of(row)))),
        "result": Field((), lambda row: ""),
        **{name: plain(name, TIME) for name in ("created_at", "updated_at", "started_at", "finished_at")},
    },
    heavy=("result",),
)


class TaskServicer(service_grpc.TaskServiceServicer):
    """Shows tasks, gives failed ones another chance, replays finished ones, and suspends single ones."""

    def __init__(self, gateway: Gateway) -> None:
        self._tasks = gateway.tasks

    async def GetTask(self, request: service.GetTaskRequest, context: _Context) -> service.GetTaskResponse:
        fields = SHAPE.chosen(request.read_mask, SHAPE.all)
        row = await self._tasks.get(current_caller(), request.id)
        task = SHAPE.write(row, fields)
        if "result" in fields:
            task.result = await self._tasks.result(row)
        if "runtime_context" in fields and (unserved := await self._tasks.unserved(row)):
            task.runtime_context = text_of(runtime_context(facts_of(row), unserved))
        return service.GetTaskResponse(task=task)

    async def ListTasks(self, request: service.ListTasksRequest, context: _Context) -> service.ListTasksResponse:
        filters = [
            equal("workflow_execution_id", request.execution_id),
            equal("name", request.name),
            among("state", state_texts(request.states)),
        ]
        if "result" in request.read_mask.paths:
            raise InvalidInput("A list of tasks has no results; ask for each task alone", field="read_mask")
        call = list_call(request, SHAPE, filters=filters)
        tasks, token = await call.answer(lambda page: self._tasks.page(current_caller(), page))
        return service.ListTasksResponse(tasks=tasks, next_page_token=token)

    async def RerunTask(self, request: service.RerunTaskRequest, context: _Context) -> service.RerunTaskResponse:
        row = await self._tasks.rerun(current_caller(), request.id, reset=request.reset, env=request.env.encode())
        return service.RerunTaskResponse(task=await self._message(row))

    async def SkipTask(self, request: service.SkipTaskRequest, context: _Context) -> service.SkipTaskResponse:
        row = await self._tasks.skip(current_caller(), request.id)
        return service.SkipTaskResponse(task=await self._message(row))

    async def ReplayTask(self, request: service.ReplayTaskRequest, context: _Context) -> service.ReplayTaskResponse:
        row = await self._tasks.replay(current_caller(), request.id, env=request.env.encode())
        return service.ReplayTaskResponse(task=await self._message(row))

    async def SuspendTask(self, request: service.SuspendTaskRequest, context: _Context) -> service.SuspendTaskResponse:
        row = await self._tasks.suspend(current_caller(), request.id)
        return service.SuspendTaskResponse(task=await self._message(row))

    async def ResumeTask(self, request: service.ResumeTaskRequest, context: _Context) -> service.ResumeTaskResponse:
        row = await self._tasks.resume(current_caller(), request.id)
        return service.ResumeTaskResponse(task=await self._message(row))

    async def _message(self, row: Row) -> messages.Task:
        task = SHAPE.write(row, SHAPE.all)
        task.result = await self._tasks.result(row)
        return task
