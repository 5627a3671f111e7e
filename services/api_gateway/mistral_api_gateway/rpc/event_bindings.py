"""EventBindingService of ``mistral.v1``."""

from typing import Any, Final

import grpc.aio

from mistral.v1 import event_binding_pb2 as messages
from mistral.v1 import event_binding_service_pb2 as service
from mistral.v1 import event_binding_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.event_bindings import EventBindingRequest
from mistral_api_gateway.rpc.idempotency import once
from mistral_api_gateway.rpc.paging import list_call
from mistral_api_gateway.rpc.scopes import scope_text
from mistral_api_gateway.rpc.shapes import Shape, definition_fields
from mistral_persistence.event_bindings import BINDINGS

_Context = grpc.aio.ServicerContext[Any, Any]

SHAPE: Final = Shape(
    messages.EventBinding,
    BINDINGS,
    definition_fields("description", "enabled", "exchange", "topic", "event", "matching", "condition", "mapping"),
)


class EventBindingServicer(service_grpc.EventBindingServiceServicer):
    """Keeps event bindings."""

    def __init__(self, gateway: Gateway) -> None:
        self._bindings = gateway.event_bindings
        self._once = gateway.once

    async def CreateEventBinding(
        self, request: service.CreateEventBindingRequest, context: _Context
    ) -> service.CreateEventBindingResponse:
        caller = current_caller()

        async def create() -> service.CreateEventBindingResponse:
            row = await self._bindings.create(caller, _wanted(request))
            return service.CreateEventBindingResponse(event_binding=SHAPE.write(row, SHAPE.all))

        return await once(self._once, caller, request, service.CreateEventBindingResponse, create)

    async def UpdateEventBinding(
        self, request: service.UpdateEventBindingRequest, context: _Context
    ) -> service.UpdateEventBindingResponse:
        wanted = EventBindingRequest(
            description=request.description if request.HasField("description") else None,
            enabled=request.enabled if request.HasField("enabled") else None,
            scope=scope_text(request.scope),
            exchange=request.exchange or None,
            topic=request.topic or None,
            event=request.event or None,
            matching=request.matching or None,
            condition=request.condition if request.HasField("condition") else None,
            mapping=request.mapping.encode() or None,
        )
        row = await self._bindings.update(current_caller(), request.name, wanted, etag=request.etag)
        return service.UpdateEventBindingResponse(event_binding=SHAPE.write(row, SHAPE.all))

    async def GetEventBinding(
        self, request: service.GetEventBindingRequest, context: _Context
    ) -> service.GetEventBindingResponse:
        fields = SHAPE.chosen(request.read_mask, SHAPE.all)
        row = await self._bindings.get(current_caller(), request.name)
        return service.GetEventBindingResponse(event_binding=SHAPE.write(row, fields))

    async def ListEventBindings(
        self, request: service.ListEventBindingsRequest, context: _Context
    ) -> service.ListEventBindingsResponse:
        call = list_call(request, SHAPE)
        bindings, token = await call.answer(lambda page: self._bindings.page(current_caller(), page))
        return service.ListEventBindingsResponse(event_bindings=bindings, next_page_token=token)

    async def DeleteEventBinding(
        self, request: service.DeleteEventBindingRequest, context: _Context
    ) -> service.DeleteEventBindingResponse:
        await self._bindings.delete(current_caller(), request.name, etag=request.etag)
        return service.DeleteEventBindingResponse()


def _wanted(request: service.CreateEventBindingRequest) -> EventBindingRequest:
    return EventBindingRequest(
        name=request.name,
        description=request.description,
        enabled=request.enabled if request.HasField("enabled") else None,
        scope=scope_text(request.scope),
        exchange=request.exchange,
        topic=request.topic,
        event=request.event,
        matching=request.matching,
        condition=request.condition,
        mapping=request.mapping.encode() or None,
    )
