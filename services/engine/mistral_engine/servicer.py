"""EngineService over gRPC. Every call ends in the lane that owns the execution, here or at another engine."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import grpc.aio

from mistral.internal.v1 import dynamic_action_pb2 as dynamic
from mistral.internal.v1 import engine_service_pb2 as pb
from mistral.internal.v1 import engine_service_pb2_grpc as rpc
from mistral.internal.v1 import task_control_pb2 as tasks
from mistral.internal.v1.envelope_pb2 import ActionResult
from mistral_core.machine.event import (
    PauseRequested,
    ReplayRequested,
    RerunRequested,
    ResumeRequested,
    SkipRequested,
    StopRequested,
    SuspendRequested,
    TaskResumeRequested,
)
from mistral_engine.calls import Calls, merged_env
from mistral_engine.completing import completion, final_state
from mistral_engine.ids import now
from mistral_engine.outages import outages_told
from mistral_engine.routing import Metadata, Owner, Routing
from mistral_engine.starting import Starting
from mistral_engine.status import status_of
from mistral_engine.summary import summary_of

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


@outages_told
class Engine(rpc.EngineServiceServicer):
    """The calls of the internal contract; see ``engine_service.proto`` for what each promises."""

    def __init__(self, *, name: str, starting: Starting, routing: Routing, calls: Calls) -> None:
        self._name = name
        self._starting = starting
        self._routing = routing
        self._calls = calls

    async def StartExecutions(self, request: pb.StartExecutionsRequest, context: Context) -> pb.StartExecutionsResponse:
        return pb.StartExecutionsResponse(started=await self._starting.start(list(request.starts), context))

    async def PauseExecution(self, request: pb.PauseExecutionRequest, context: Context) -> pb.PauseExecutionResponse:
        partition = await self._routing.partition_of(request.id)
        if (lane := self._routing.lane(partition)) is None:
            return await self._routing.forward(partition, context, lambda o, m: o.PauseExecution(request, metadata=m))
        execution = await self._calls.apply(lane, request.id, PauseRequested(at=now(), message=request.message or None))
        return pb.PauseExecutionResponse(execution=summary_of(execution))

    async def ResumeExecution(self, request: pb.ResumeExecutionRequest, context: Context) -> pb.ResumeExecutionResponse:
        partition = await self._routing.partition_of(request.id)
        if (lane := self._routing.lane(partition)) is None:
            return await self._routing.forward(partition, context, lambda o, m: o.ResumeExecution(request, metadata=m))
        event = ResumeRequested(at=now(), env=merged_env(request.env))
        return pb.ResumeExecutionResponse(execution=summary_of(await self._calls.apply(lane, request.id, event)))

    async def StopExecution(self, request: pb.StopExecutionRequest, context: Context) -> pb.StopExecutionResponse:
        partition = await self._routing.partition_of(request.id)
        if (lane := self._routing.lane(partition)) is None:
            return await self._routing.forward(partition, context, lambda o, m: o.StopExecution(request, metadata=m))
        event = StopRequested(at=now(), state=final_state(request.state), message=request.message or None)
        return pb.StopExecutionResponse(execution=summary_of(await self._calls.apply(lane, request.id, event)))

    async def UpdateExecution(self, request: pb.UpdateExecutionRequest, context: Context) -> pb.UpdateExecutionResponse:
        partition = await self._routing.partition_of(request.id)
        if (lane := self._routing.lane(partition)) is None:
            return await self._routing.forward(partition, context, lambda o, m: o.UpdateExecution(request, metadata=m))
        description = request.description if request.HasField("description") else None
        execution = await self._calls.update(lane, request.id, description, merged_env(request.env))
        return pb.UpdateExecutionResponse(execution=summary_of(execution))

    async def DeleteExecution(self, request: pb.DeleteExecutionRequest, context: Context) -> pb.DeleteExecutionResponse:
        partition = await self._routing.partition_of(request.id)
        if (lane := self._routing.lane(partition)) is None:
            return await self._routing.forward(partition, context, lambda o, m: o.DeleteExecution(request, metadata=m))
        await self._calls.delete(lane, request.id, force=request.force)
        return pb.DeleteExecutionResponse()

    async def RerunTask(self, request: pb.RerunTaskRequest, context: Context) -> pb.RerunTaskResponse:
        place = await self._routing.place_of_task(request.task_id)
        if (lane := self._routing.lane(place.partition)) is None:
            return await self._routing.forward(place.partition, context, lambda o, m: o.RerunTask(request, metadata=m))
        event = RerunRequested(at=now(), task_id=request.task_id, reset=request.reset, env=merged_env(request.env))
        return pb.RerunTaskResponse(execution=summary_of(await self._calls.apply(lane, place.execution_id, event)))

    async def SkipTask(self, request: pb.SkipTaskRequest, context: Context) -> pb.SkipTaskResponse:
        place = await self._routing.place_of_task(request.task_id)
        if (lane := self._routing.lane(place.partition)) is None:
            return await self._routing.forward(place.partition, context, lambda o, m: o.SkipTask(request, metadata=m))
        event = SkipRequested(at=now(), task_id=request.task_id)
        return pb.SkipTaskResponse(execution=summary_of(await self._calls.apply(lane, place.execution_id, event)))

    async def ReplayTask(self, request: tasks.ReplayTaskRequest, context: Context) -> tasks.ReplayTaskResponse:
        place = await self._routing.place_of_task(request.task_id)
        if (lane := self._routing.lane(place.partition)) is None:
            return await self._routing.forward(place.partition, context, lambda o, m: o.ReplayTask(request, metadata=m))
        event = ReplayRequested(at=now(), task_id=request.task_id, env=merged_env(request.env))
        execution = await self._calls.apply(lane, place.execution_id, event)
        return tasks.ReplayTaskResponse(task_id=execution.tasks[request.task_id].superseded_by or "")

    async def SuspendTask(self, request: tasks.SuspendTaskRequest, context: Context) -> tasks.SuspendTaskResponse:
        place = await self._routing.place_of_task(request.task_id)
        if (lane := self._routing.lane(place.partition)) is None:
            return await self._routing.forward(
                place.partition, context, lambda o, m: o.SuspendTask(request, metadata=m)
            )
        event = SuspendRequested(at=now(), task_id=request.task_id)
        await self._calls.apply(lane, place.execution_id, event)
        return tasks.SuspendTaskResponse()

    async def ResumeTask(self, request: tasks.ResumeTaskRequest, context: Context) -> tasks.ResumeTaskResponse:
        place = await self._routing.place_of_task(request.task_id)
        if (lane := self._routing.lane(place.partition)) is None:
            return await self._routing.forward(place.partition, context, lambda o, m: o.ResumeTask(request, metadata=m))
        event = TaskResumeRequested(at=now(), task_id=request.task_id)
        await self._calls.apply(lane, place.execution_id, event)
        return tasks.ResumeTaskResponse()

    async def CompleteAction(self, request: pb.CompleteActionRequest, context: Context) -> pb.CompleteActionResponse:
        place = await self._routing.place_of_action(request.action_id)
        if (lane := self._routing.lane(place.partition)) is None:
            return await self._routing.forward(
                place.partition, context, lambda o, m: o.CompleteAction(request, metadata=m)
            )
        execution = await self._calls.apply(lane, place.execution_id, completion(request, place))
        return pb.CompleteActionResponse(execution=summary_of(execution))

    async def GetActionInput(self, request: pb.GetActionInputRequest, context: Context) -> pb.GetActionInputResponse:
        return pb.GetActionInputResponse(input=await self._calls.action_input(request.action_id))

    async def GetDynamicAction(
        self, request: dynamic.GetDynamicActionRequest, context: Context
    ) -> dynamic.GetDynamicActionResponse:
        return await self._calls.dynamic_action(request)

    async def RecordResults(self, request: pb.RecordResultsRequest, context: Context) -> pb.RecordResultsResponse:
        for partition, results in (await self._calls.by_partition(request.results)).items():
            if (lane := self._routing.lane(partition)) is not None:
                await self._calls.record(lane, results)
            else:
                await self._routing.forward(partition, context, _record_there(results))
        return pb.RecordResultsResponse()

    async def GetStatus(self, request: pb.GetStatusRequest, context: Context) -> pb.GetStatusResponse:
        return status_of(self._name, self._calls)


def _record_there(results: list[ActionResult]) -> Callable[[Owner, Metadata], Awaitable[pb.RecordResultsResponse]]:
    request = pb.RecordResultsRequest(results=results)
    return lambda owner, metadata: owner.RecordResults(request, metadata=metadata)
