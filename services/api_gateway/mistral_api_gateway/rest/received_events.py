"""``/v2/received_events``: what came from elsewhere, and what became of it."""

from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.received_events import FiringRequest
from mistral_api_gateway.rest import bodies, query
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import Field, Resource, as_time, json_answer
from mistral_persistence.received_events import EVENTS as LISTING

_TIMES: Final = ("created_at", "updated_at")
FIELDS: Final = {
    name: Field(column=name, json=name == "payload", heavy=name == "payload", write=as_time if name in _TIMES else None)
    for name in LISTING.columns
}
RESOURCE: Final = Resource("received_events", LISTING, FIELDS)


class FiringBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The attributes that a request may have."""

    event: str = ""
    payload: Raw | UnsetType = UNSET
    exchange: str = ""
    topic: str = ""
    scope: str | None = None
    id: str = ""


_BODY: Final = msgspec.json.Decoder(FiringBody)


class ReceivedEventEndpoints:
    """What REST does with received events."""

    def __init__(self, gateway: Gateway, *, body_limit: int) -> None:
        self._events = gateway.received_events
        self._limit = body_limit

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""
        lists = query.paging_arguments(RESOURCE)

        def make(method: str, tail: str, handler: Any, summary: str, **more: Any) -> Operation:
            path = f"/v2/received_events{tail}"
            return Operation(method=method, path=path, handler=handler, summary=summary, tag="received events", **more)

        fire = {"takes": "EventFiring", "gives": "ReceivedEvent", "status": 201}
        why = {"query": ("all",), "gives": "EventExplanation"}
        return [
            make("POST", "", self.fire, "Make an event by hand", **fire),
            make("GET", "", self.page, "List received events", query=lists, gives="received_events"),
            make("GET", "/{id}", self.get, "Get a received event", query=("fields",), gives="ReceivedEvent"),
            make("GET", "/{id}/explanation", self.explain, "Tell why triggers fired or did not", **why),
        ]

    async def fire(self, request: Request) -> Response:
        query.only(request, ())
        sent = bodies.decoded(await bodies.body(request, self._limit), _BODY, "event")
        payload = b"" if isinstance(sent.payload, UnsetType) else bytes(sent.payload)
        wanted = FiringRequest(
            event=sent.event,
            payload=payload,
            exchange=sent.exchange,
            topic=sent.topic,
            scope=sent.scope,
            key=sent.id,
        )
        row = await self._events.fire(current_caller(), wanted)
        return json_answer(RESOURCE.written(row, RESOURCE.all), 201)

    async def get(self, request: Request) -> Response:
        given = query.only(request, ("fields",))
        fields = RESOURCE.chosen(given["fields"], alone=True) if given.get("fields") else RESOURCE.all
        row = await self._events.get(current_caller(), request.path_params["id"])
        return json_answer(RESOURCE.written(row, fields))

    async def page(self, request: Request) -> Response:
        wanted = query.list_query(request, RESOURCE)
        rows = await self._events.page(current_caller(), wanted.page)
        return wanted.answer(request, RESOURCE, [RESOURCE.written(row, wanted.fields) for row in rows])

    async def explain(self, request: Request) -> Response:
        given = query.only(request, ("all",))
        found = await self._events.explain(current_caller(), request.path_params["id"], all=query.flag(given, "all"))
        return json_answer({"verdicts": [{**one, "at": as_time(one["at"])} for one in found]})
