"""ReceivedEventService of ``mistral.v1``."""

from collections.abc import Mapping
from typing import Any, Final

import grpc.aio

from mistral.v1 import received_event_pb2 as messages
from mistral.v1 import received_event_service_pb2 as service
from mistral.v1 import received_event_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.received_events import FiringRequest
from mistral_api_gateway.rpc.paging import list_call
from mistral_api_gateway.rpc.scopes import scope_literal, scope_message, scope_text
from mistral_api_gateway.rpc.shapes import TIME, Shape, plain
from mistral_persistence.received_events import EVENTS

_Context = grpc.aio.ServicerContext[Any, Any]

_TIMES: Final = ("created_at", "updated_at")
_NEWEST_FIRST: Final = (("created_at", True),)


def _or_empty(value: str | None) -> str:
    return value or ""


SHAPE: Final = Shape(
    messages.ReceivedEvent,
    EVENTS,
    {
        **{name: plain(name, TIME if name in _TIMES else None) for name in EVENTS.columns},
        "cause_id": plain("cause_id", _or_empty),
        "scope": plain("scope", scope_message, literal=scope_literal),
    },
    heavy=("payload",),
)


class ReceivedEventServicer(service_grpc.ReceivedEventServiceServicer):
    """Tells of received events."""

    def __init__(self, gateway: Gateway) -> None:
        self._events = gateway.received_events

    async def FireEvent(self, request: service.FireEventRequest, context: _Context) -> service.FireEventResponse:
        wanted = FiringRequest(
            event=request.event,
            payload=request.payload.encode(),
            exchange=request.exchange,
            topic=request.topic,
            scope=scope_text(request.scope),
            key=request.request_id,
        )
        row = await self._events.fire(current_caller(), wanted)
        return service.FireEventResponse(received_event=SHAPE.write(row, SHAPE.all))

    async def GetReceivedEvent(
        self, request: service.GetReceivedEventRequest, context: _Context
    ) -> service.GetReceivedEventResponse:
        fields = SHAPE.chosen(request.read_mask, SHAPE.all)
        row = await self._events.get(current_caller(), request.id)
        return service.GetReceivedEventResponse(received_event=SHAPE.write(row, fields))

    async def ListReceivedEvents(
        self, request: service.ListReceivedEventsRequest, context: _Context
    ) -> service.ListReceivedEventsResponse:
        call = list_call(request, SHAPE, sort=_NEWEST_FIRST)
        events, token = await call.answer(lambda page: self._events.page(current_caller(), page))
        return service.ListReceivedEventsResponse(received_events=events, next_page_token=token)

    async def GetEventExplanation(
        self, request: service.GetEventExplanationRequest, context: _Context
    ) -> service.GetEventExplanationResponse:
        found = await self._events.explain(current_caller(), request.id, all=request.all)
        return service.GetEventExplanationResponse(verdicts=[_verdict(one) for one in found])


def _verdict(found: Mapping[str, Any]) -> messages.EventVerdict:
    texts = ("trigger_id", "kind", "name", "project_id", "verdict", "reason")
    return messages.EventVerdict(
        **{name: found[name] for name in texts},
        execution_id=found["execution_id"] or "",
        at=None if found["at"] is None else TIME(found["at"]),
    )
