"""CronTriggerService of ``mistral.v1``."""

from typing import Any, Final

import grpc.aio
from google.protobuf.timestamp_pb2 import Timestamp

from mistral.v1 import cron_trigger_pb2 as messages
from mistral.v1 import cron_trigger_service_pb2 as service
from mistral.v1 import cron_trigger_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.cron_triggers import CronTriggerRequest
from mistral_api_gateway.rpc.idempotency import once
from mistral_api_gateway.rpc.paging import list_call
from mistral_api_gateway.rpc.scopes import scope_text
from mistral_api_gateway.rpc.shapes import TIME, Shape, definition_fields, plain
from mistral_core.errors import InvalidInput
from mistral_persistence.cron_triggers import CRON_TRIGGERS

_Context = grpc.aio.ServicerContext[Any, Any]

_PLAIN: Final = (
    "workflow_id",
    "workflow_name",
    "workflow_namespace",
    "workflow_input",
    "workflow_params",
    "pattern",
    "remaining_executions",
)
SHAPE: Final = Shape(
    messages.CronTrigger,
    CRON_TRIGGERS,
    {
        **definition_fields(*_PLAIN),
        "first_execution_time": plain("first_execution_time", TIME),
        "next_execution_time": plain("next_execution_time", TIME),
    },
)


class CronTriggerServicer(service_grpc.CronTriggerServiceServicer):
    """Keeps cron triggers."""

    def __init__(self, gateway: Gateway) -> None:
        self._triggers = gateway.cron_triggers
        self._once = gateway.once

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
    first = request.first_execution_time if request.HasField("first_execution_time") else None
    return CronTriggerRequest(
        name=request.name,
        workflow=request.workflow,
        input=request.workflow_input.encode(),
        params=request.workflow_params.encode(),
        pattern=request.pattern,
        first_time="" if first is None else _minute(first),
        remaining=request.remaining_executions if request.HasField("remaining_executions") else None,
        scope=scope_text(request.scope),
    )


def _minute(moment: Timestamp) -> str:
    try:
        found = moment.ToDatetime()
    except (ValueError, OverflowError):
        raise InvalidInput("The first_execution_time is no time", field="first_execution_time") from None
    if found.second or moment.nanos:
        raise InvalidInput("The first_execution_time must be a whole minute", field="first_execution_time")
    return found.strftime("%Y-%m-%d %H:%M")
