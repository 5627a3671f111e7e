"""``/v2/event_sources``: JSON, found by name or id; and the door through which webhooks bring events."""

from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.event_sources import EventSourceRequest
from mistral_api_gateway.rest import bodies, query
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import Field, Resource, as_time, json_answer
from mistral_persistence.event_sources import SOURCES as LISTING

_TIMES: Final = ("last_event_at", "last_error_at", "created_at", "updated_at")
FIELDS: Final = {
    name: Field(column=name, json=name == "settings", write=as_time if name in _TIMES else None)
    for name in LISTING.columns
}
RESOURCE: Final = Resource("event_sources", LISTING, FIELDS)


class EventSourceBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The attributes that a request may have; those that only the server sets are taken and not looked at."""

    name: str | None = None
    description: str | None = None
    kind: str | None = None
    enabled: bool | None = None
    exchange: str | None = None
    topic: str | None = None
    tenancy: str | None = None
    settings: Raw | UnsetType = UNSET
    secret: str | None = None
    rate_per_minute: int | None = None
    max_bytes: int | None = None
    id: Any = None
    has_secret: Any = None
    received: Any = None
    duplicates: Any = None
    refused: Any = None
    last_event_at: Any = None
    last_error: Any = None
    last_error_at: Any = None
    project_id: Any = None
    created_at: Any = None
    updated_at: Any = None


_BODY: Final = msgspec.json.Decoder(EventSourceBody)


class EventSourceEndpoints:
    """What REST does with event sources."""

    def __init__(self, gateway: Gateway, *, body_limit: int) -> None:
        self._sources = gateway.event_sources
        self._intake = gateway.event_intake
        self._limit = body_limit

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""
        lists = query.paging_arguments(RESOURCE)

        def make(method: str, tail: str, handler: Any, summary: str, **more: Any) -> Operation:
            path = f"/v2/event_sources{tail}"
            return Operation(method=method, path=path, handler=handler, summary=summary, tag="event sources", **more)

        create = {"takes": "EventSourceCreation", "gives": "EventSource", "status": 201}
        change = {"takes": "EventSourceChange", "gives": "EventSource"}
        take = {"takes": "EventDelivery", "gives": "EventsTaken", "status": 202, "always": True}
        return [
            make("POST", "", self.create, "Have a source of events listened to", **create),
            make("GET", "", self.page, "List event sources", query=lists, gives="event_sources"),
            make("GET", "/{name}", self.get, "Get an event source", query=("fields",), gives="EventSource"),
            make("PUT", "/{name}", self.update, "Change an event source, but neither name nor kind", **change),
            make("DELETE", "/{name}", self.delete, "Delete an event source", status=204),
            make("POST", "/{name}/events", self.take, "Bring events; the request proves itself by a signature", **take),
        ]

    async def create(self, request: Request) -> Response:
        row = await self._sources.create(current_caller(), await self._sent(request))
        return json_answer(RESOURCE.written(row, RESOURCE.all), 201)

    async def get(self, request: Request) -> Response:
        given = query.only(request, ("fields",))
        fields = RESOURCE.chosen(given["fields"], alone=True) if given.get("fields") else RESOURCE.all
        row = await self._sources.get(current_caller(), request.path_params["name"])
        return json_answer(RESOURCE.written(row, fields))

    async def page(self, request: Request) -> Response:
        wanted = query.list_query(request, RESOURCE)
        rows = await self._sources.page(current_caller(), wanted.page)
        return wanted.answer(request, RESOURCE, [RESOURCE.written(row, wanted.fields) for row in rows])

    async def update(self, request: Request) -> Response:
        sent = await self._sent(request)
        row = await self._sources.update(current_caller(), request.path_params["name"], sent)
        return json_answer(RESOURCE.written(row, RESOURCE.all))

    async def delete(self, request: Request) -> Response:
        query.only(request, ())
        await self._sources.delete(current_caller(), request.path_params["name"])
        return Response(status_code=204)

    async def take(self, request: Request) -> Response:
        body = await bodies.body(request, self._limit)
        headers = {name.lower(): value for name, value in request.headers.items()}
        taken = await self._intake.take(request.path_params["name"], headers, body)
        return json_answer({"ids": taken.ids, "duplicates": taken.duplicates}, 202)

    async def _sent(self, request: Request) -> EventSourceRequest:
        query.only(request, ())
        sent = bodies.decoded(await bodies.body(request, self._limit), _BODY, "event_source")
        return EventSourceRequest(
            name=sent.name,
            description=sent.description,
            kind=sent.kind,
            enabled=sent.enabled,
            exchange=sent.exchange,
            topic=sent.topic,
            tenancy=sent.tenancy,
            settings=bodies.json_text(sent.settings) or None,
            secret=sent.secret,
            rate_per_minute=sent.rate_per_minute,
            max_bytes=sent.max_bytes,
        )
