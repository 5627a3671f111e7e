"""EventTriggerService of ``mistral.v1``."""

from typing import Any, Final

import grpc.aio

from mistral.v1 import event_trigger_pb2 as messages
from mistral.v1 import event_trigger_service_pb2 as service
from mistral.v1 import event_trigger_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.event_triggers import EventTriggerRequest
from mistral_api_gateway.rpc.idempotency import once
from mistral_api_gateway.rpc.masks import replaced
from mistral_api_gateway.rpc.paging import list_call
from mistral_api_gateway.rpc.scopes import scope_text
from mistral_api_gateway.rpc.shapes import TIME, Shape, definition_fields, plain
from mistral_core.errors import InvalidInput
from mistral_persistence.event_triggers import EVENT_TRIGGERS, Row

_Context = grpc.aio.ServicerContext[Any, Any]

_DECIDING: Final = ("enabled", "matching", "condition", "input_mapping", "reaction", "correlation")


def _or_empty(value: str | None) -> str:
    return value or ""


SHAPE: Final = Shape(
    messages.EventTrigger,
    EVENT_TRIGGERS,
    {
        **definition_fields("workflow_input", "workflow_params", "exchange", "topic", "event"),
        **{name: plain(name) for name in _DECIDING},
        **{name: plain(name) for name in ("declared_name", "fired", "refused")},
        **{name: plain(name, _or_empty) for name in ("workflow_id", "declared_by")},
        **{name: plain(name, TIME) for name in ("last_fired_at", "last_refused_at")},
    },
)
_PARTS: Final = (
    *("name", "workflow_id", "workflow_input", "workflow_params", "scope"),
    *("enabled", "condition", "input_mapping", "correlation"),
)


class EventTriggerServicer(service_grpc.EventTriggerServiceServicer):
    """Keeps event triggers."""

    def __init__(self, gateway: Gateway) -> None:
        self._triggers = gateway.event_triggers
        self._once = gateway.once

    async def CreateEventTrigger(
        self, request: service.CreateEventTriggerRequest, context: _Context
    ) -> service.CreateEventTriggerResponse:
        caller = current_caller()

        async def create() -> service.CreateEventTriggerResponse:
            wanted = EventTriggerRequest(
                name=request.name,
                workflow_id=request.workflow_id or None,
                input=request.workflow_input.encode(),
                params=request.workflow_params.encode(),
                exchange=request.exchange,
                topic=request.topic,
                event=request.event,
                scope=scope_text(request.scope),
                enabled=request.enabled if request.HasField("enabled") else None,
                matching=request.matching,
                condition=request.condition,
                mapping=request.input_mapping.encode() or None,
                reaction=request.reaction,
                correlation=request.correlation.encode() or None,
            )
            row = await self._triggers.create(caller, wanted)
            return service.CreateEventTriggerResponse(event_trigger=_message(row))

        return await once(self._once, caller, request, service.CreateEventTriggerResponse, create)

    async def UpdateEventTrigger(
        self, request: service.UpdateEventTriggerRequest, context: _Context
    ) -> service.UpdateEventTriggerResponse:
        row = await self._triggers.update(current_caller(), request.id, _change(request), etag=request.etag)
        return service.UpdateEventTriggerResponse(event_trigger=_message(row))

    async def GetEventTrigger(
        self, request: service.GetEventTriggerRequest, context: _Context
    ) -> service.GetEventTriggerResponse:
        fields = SHAPE.chosen(request.read_mask, SHAPE.all)
        row = await self._triggers.get(current_caller(), request.id)
        return service.GetEventTriggerResponse(event_trigger=SHAPE.write(row, fields))

    async def ListEventTriggers(
        self, request: service.ListEventTriggersRequest, context: _Context
    ) -> service.ListEventTriggersResponse:
        call = list_call(request, SHAPE)
        triggers, token = await call.answer(lambda page: self._triggers.page(current_caller(), page))
        return service.ListEventTriggersResponse(event_triggers=triggers, next_page_token=token)

    async def DeleteEventTrigger(
        self, request: service.DeleteEventTriggerRequest, context: _Context
    ) -> service.DeleteEventTriggerResponse:
        await self._triggers.delete(current_caller(), request.id, etag=request.etag)
        return service.DeleteEventTriggerResponse()


def _change(request: service.UpdateEventTriggerRequest) -> EventTriggerRequest:
    named = replaced(request, _PARTS)
    if not named:
        return EventTriggerRequest(
            name=request.name if request.HasField("name") else None,
            workflow_id=request.workflow_id or None,
            input=request.workflow_input.encode() or None,
            params=request.workflow_params.encode() or None,
            scope=scope_text(request.scope),
            enabled=request.enabled if request.HasField("enabled") else None,
            condition=request.condition if request.HasField("condition") else None,
            mapping=request.input_mapping.encode() or None,
            correlation=request.correlation.encode() or None,
        )
    if "workflow_id" in named and not request.workflow_id:
        raise InvalidInput("A workflow is needed", field="workflow_id")
    return EventTriggerRequest(
        name=request.name if "name" in named else None,
        workflow_id=request.workflow_id if "workflow_id" in named else None,
        input=request.workflow_input.encode() if "workflow_input" in named else None,
        params=request.workflow_params.encode() if "workflow_params" in named else None,
        scope=(scope_text(request.scope) or "private") if "scope" in named else None,
        enabled=request.enabled if "enabled" in named else None,
        condition=request.condition if "condition" in named else None,
        mapping=request.input_mapping.encode() if "input_mapping" in named else None,
        correlation=request.correlation.encode() if "correlation" in named else None,
    )


def _message(row: Row) -> messages.EventTrigger:
    return SHAPE.write(row, SHAPE.all)
