"""EventSourceService of ``mistral.v1``."""

from typing import Any, Final

import grpc.aio

from mistral.v1 import event_source_pb2 as messages
from mistral.v1 import event_source_service_pb2 as service
from mistral.v1 import event_source_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.event_sources import EventSourceRequest
from mistral_api_gateway.rpc.idempotency import once
from mistral_api_gateway.rpc.paging import list_call
from mistral_api_gateway.rpc.shapes import ETAG, TIME, Shape, plain
from mistral_persistence.event_sources import SOURCES

_Context = grpc.aio.ServicerContext[Any, Any]

_TIMES: Final = ("last_event_at", "last_error_at", "created_at", "updated_at")
SHAPE: Final = Shape(
    messages.EventSource,
    SOURCES,
    {**{name: plain(name, TIME if name in _TIMES else None) for name in SOURCES.columns}, "etag": ETAG},
)


class EventSourceServicer(service_grpc.EventSourceServiceServicer):
    """Keeps event sources."""

    def __init__(self, gateway: Gateway) -> None:
        self._sources = gateway.event_sources
        self._once = gateway.once

    async def CreateEventSource(
        self, request: service.CreateEventSourceRequest, context: _Context
    ) -> service.CreateEventSourceResponse:
        caller = current_caller()

        async def create() -> service.CreateEventSourceResponse:
            row = await self._sources.create(caller, _wanted(request))
            return service.CreateEventSourceResponse(event_source=SHAPE.write(row, SHAPE.all))

        return await once(self._once, caller, request, service.CreateEventSourceResponse, create)

    async def UpdateEventSource(
        self, request: service.UpdateEventSourceRequest, context: _Context
    ) -> service.UpdateEventSourceResponse:
        wanted = EventSourceRequest(
            description=request.description if request.HasField("description") else None,
            enabled=request.enabled if request.HasField("enabled") else None,
            exchange=request.exchange or None,
            topic=request.topic or None,
            tenancy=request.tenancy or None,
            settings=request.settings.encode() or None,
            secret=request.secret if request.HasField("secret") else None,
            rate_per_minute=request.rate_per_minute or None,
            max_bytes=request.max_bytes or None,
        )
        row = await self._sources.update(current_caller(), request.name, wanted, etag=request.etag)
        return service.UpdateEventSourceResponse(event_source=SHAPE.write(row, SHAPE.all))

    async def GetEventSource(
        self, request: service.GetEventSourceRequest, context: _Context
    ) -> service.GetEventSourceResponse:
        fields = SHAPE.chosen(request.read_mask, SHAPE.all)
        row = await self._sources.get(current_caller(), request.name)
        return service.GetEventSourceResponse(event_source=SHAPE.write(row, fields))

    async def ListEventSources(
        self, request: service.ListEventSourcesRequest, context: _Context
    ) -> service.ListEventSourcesResponse:
        call = list_call(request, SHAPE)
        sources, token = await call.answer(lambda page: self._sources.page(current_caller(), page))
        return service.ListEventSourcesResponse(event_sources=sources, next_page_token=token)

    async def DeleteEventSource(
        self, request: service.DeleteEventSourceRequest, context: _Context
    ) -> service.DeleteEventSourceResponse:
        await self._sources.delete(current_caller(), request.name, etag=request.etag)
        return service.DeleteEventSourceResponse()


def _wanted(request: service.CreateEventSourceRequest) -> EventSourceRequest:
    return EventSourceRequest(
        name=request.name,
        description=request.description,
        kind=request.kind,
        enabled=request.enabled if request.HasField("enabled") else None,
        exchange=request.exchange or None,
        topic=request.topic or None,
        tenancy=request.tenancy or None,
        settings=request.settings.encode() or None,
        secret=request.secret,
        rate_per_minute=request.rate_per_minute or None,
        max_bytes=request.max_bytes or None,
    )
