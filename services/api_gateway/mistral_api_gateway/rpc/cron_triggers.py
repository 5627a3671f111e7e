"""CronTriggerService of ``mistral.v1``: triggers made, found, listed and removed."""

from typing import Any

import grpc.aio

from mistral.v1 import cron_trigger_service_pb2 as service
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.cron_requests import CronTriggerRequest, ScheduleRequest
from mistral_api_gateway.rpc.cron_control import CronControlServicer
from mistral_api_gateway.rpc.cron_shapes import TRIGGER as SHAPE
from mistral_api_gateway.rpc.cron_shapes import minute_text, moment_text, overlap_text, seconds
from mistral_api_gateway.rpc.idempotency import once
from mistral_api_gateway.rpc.paging import list_call
from mistral_api_gateway.rpc.scopes import scope_text

_Context = grpc.aio.ServicerContext[Any, Any]


class CronTriggerServicer(CronControlServicer):
    """Keeps cron triggers."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway)
        self._triggers = gateway.cron_triggers

    async def CreateCronTrigger(
        self, request: service.CreateCronTriggerRequest, context: _Context
    ) -> service.CreateCronTriggerResponse:
        caller = current_caller()

        async def create() -> service.CreateCronTriggerResponse:
            row = await self._triggers.create(caller, _wanted(request))
            return service.CreateCronTriggerResponse(cron_trigger=SHAPE.write(row, SHAPE.all))

        return await once(self._once, caller, request, service.CreateCronTriggerResponse, create)

    async def GetCronTrigger(
        self, request: service.GetCronTriggerRequest, context: _Context
    ) -> service.GetCronTriggerResponse:
        fields = SHAPE.chosen(request.read_mask, SHAPE.all)
        row = await self._triggers.get(current_caller(), request.identifier)
        return service.GetCronTriggerResponse(cron_trigger=SHAPE.write(row, fields))

    async def ListCronTriggers(
        self, request: service.ListCronTriggersRequest, context: _Context
    ) -> service.ListCronTriggersResponse:
        call = list_call(request, SHAPE)
        triggers, token = await call.answer(lambda page: self._triggers.page(current_caller(), page))
        return service.ListCronTriggersResponse(cron_triggers=triggers, next_page_token=token)

    async def DeleteCronTrigger(
        self, request: service.DeleteCronTriggerRequest, context: _Context
    ) -> service.DeleteCronTriggerResponse:
        await self._triggers.delete(current_caller(), request.identifier, etag=request.etag)
        return service.DeleteCronTriggerResponse()


def _wanted(request: service.CreateCronTriggerRequest) -> CronTriggerRequest:
    schedule = ScheduleRequest(
        pattern=request.pattern,
        patterns=tuple(request.patterns),
        timezone=request.timezone,
        first_time=minute_text(request, "first_execution_time"),
        start_at=moment_text(request, "start_at"),
        end_at=moment_text(request, "end_at"),
        jitter=seconds(request, "jitter") or 0,
    )
    return CronTriggerRequest(
        name=request.name,
        workflow=request.workflow,
        input=request.workflow_input.encode(),
        params=request.workflow_params.encode(),
        schedule=schedule,
        remaining=request.remaining_executions if request.HasField("remaining_executions") else None,
        scope=scope_text(request.scope),
        overlap=overlap_text(request.overlap),
        catchup_window=seconds(request, "catchup_window"),
        paused=request.note if request.paused else None,
    )
