"""``/v2/event_bindings``: JSON, found by name or id."""

from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.event_bindings import EventBindingRequest
from mistral_api_gateway.rest import bodies, query
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import Field, Resource, as_time, json_answer
from mistral_persistence.event_bindings import BINDINGS as LISTING

_TIMES: Final = ("created_at", "updated_at")
FIELDS: Final = {
    name: Field(column=name, json=name == "mapping", write=as_time if name in _TIMES else None)
    for name in LISTING.columns
}
RESOURCE: Final = Resource("event_bindings", LISTING, FIELDS)


class EventBindingBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The attributes that a request may have; those that only the server sets are taken and not looked at."""

    name: str | None = None
    description: str | None = None
    enabled: bool | None = None
    scope: str | None = None
    exchange: str | None = None
    topic: str | None = None
    event: str | None = None
    matching: str | None = None
    condition: str | None = None
    mapping: Raw | UnsetType = UNSET
    id: Any = None
    project_id: Any = None
    created_at: Any = None
    updated_at: Any = None


_BODY: Final = msgspec.json.Decoder(EventBindingBody)


class EventBindingEndpoints:
    """What REST does with event bindings."""

    def __init__(self, gateway: Gateway, *, body_limit: int) -> None:
        self._bindings = gateway.event_bindings
        self._limit = body_limit

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""
        lists = query.paging_arguments(RESOURCE)

        def make(method: str, tail: str, handler: Any, summary: str, **more: Any) -> Operation:
            path = f"/v2/event_bindings{tail}"
            return Operation(method=method, path=path, handler=handler, summary=summary, tag="event bindings", **more)

        create = {"takes": "EventBindingCreation", "gives": "EventBinding", "status": 201}
        change = {"takes": "EventBindingChange", "gives": "EventBinding"}
        return [
            make("POST", "", self.create, "Give events a logical name", **create),
            make("GET", "", self.page, "List event bindings", query=lists, gives="event_bindings"),
            make("GET", "/{name}", self.get, "Get an event binding", query=("fields",), gives="EventBinding"),
            make("PUT", "/{name}", self.update, "Have a logical name stand for something else", **change),
            make("DELETE", "/{name}", self.delete, "Delete an event binding", status=204),
        ]

    async def create(self, request: Request) -> Response:
        row = await self._bindings.create(current_caller(), await self._sent(request))
        return json_answer(RESOURCE.written(row, RESOURCE.all), 201)

    async def get(self, request: Request) -> Response:
        given = query.only(request, ("fields",))
        fields = RESOURCE.chosen(given["fields"], alone=True) if given.get("fields") else RESOURCE.all
        row = await self._bindings.get(current_caller(), request.path_params["name"])
        return json_answer(RESOURCE.written(row, fields))

    async def page(self, request: Request) -> Response:
        wanted = query.list_query(request, RESOURCE)
        rows = await self._bindings.page(current_caller(), wanted.page)
        return wanted.answer(request, RESOURCE, [RESOURCE.written(row, wanted.fields) for row in rows])

    async def update(self, request: Request) -> Response:
        sent = await self._sent(request)
        row = await self._bindings.update(current_caller(), request.path_params["name"], sent)
        return json_answer(RESOURCE.written(row, RESOURCE.all))

    async def delete(self, request: Request) -> Response:
        query.only(request, ())
        await self._bindings.delete(current_caller(), request.path_params["name"])
        return Response(status_code=204)

    async def _sent(self, request: Request) -> EventBindingRequest:
        query.only(request, ())
        sent = bodies.decoded(await bodies.body(request, self._limit), _BODY, "event_binding")
        return EventBindingRequest(
            name=sent.name,
            description=sent.description,
            enabled=sent.enabled,
            scope=sent.scope,
            exchange=sent.exchange,
            topic=sent.topic,
            event=sent.event,
            matching=sent.matching,
            condition=sent.condition,
            mapping=bodies.json_text(sent.mapping) or None,
        )
