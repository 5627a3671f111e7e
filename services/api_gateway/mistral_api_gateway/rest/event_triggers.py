"""``/v2/event_triggers``: JSON, found by id."""

from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.event_triggers import EventTriggerRequest
from mistral_api_gateway.rest import bodies, query
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import Field, Resource, as_time, json_answer
from mistral_persistence.event_triggers import EVENT_TRIGGERS as LISTING

FIELDS: Final = {
    "id": Field(column="id"),
    "name": Field(column="name"),
    "workflow_id": Field(column="workflow_id"),
    "workflow_input": Field(column="workflow_input", json=True),
    "workflow_params": Field(column="workflow_params", json=True),
    "exchange": Field(column="exchange"),
    "topic": Field(column="topic"),
    "event": Field(column="event"),
    "enabled": Field(column="enabled"),
    "matching": Field(column="matching"),
    "condition": Field(column="condition"),
    "input_mapping": Field(column="input_mapping", json=True),
    "reaction": Field(column="reaction"),
    "correlation": Field(column="correlation", json=True),
    "fired": Field(column="fired"),
    "refused": Field(column="refused"),
    "last_fired_at": Field(column="last_fired_at", write=as_time),
    "last_refused_at": Field(column="last_refused_at", write=as_time),
    "declared_by": Field(column="declared_by"),
    "declared_name": Field(column="declared_name"),
    "scope": Field(column="scope"),
    "project_id": Field(column="project_id"),
    "created_at": Field(column="created_at", write=as_time),
    "updated_at": Field(column="updated_at", write=as_time),
}
RESOURCE: Final = Resource("event_triggers", LISTING, FIELDS)


class EventTriggerBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The attributes that a request may have; those that only the server sets are taken and not looked at."""

    name: str | None = None
    workflow_id: str | None = None
    workflow_input: Raw | UnsetType = UNSET
    workflow_params: Raw | UnsetType = UNSET
    exchange: str | None = None
    topic: str | None = None
    event: str | None = None
    scope: str | None = None
    enabled: bool | None = None
    matching: str | None = None
    condition: str | None = None
    input_mapping: Raw | UnsetType = UNSET
    reaction: str | None = None
    correlation: Raw | UnsetType = UNSET
    fired: Any = None
    refused: Any = None
    last_fired_at: Any = None
    last_refused_at: Any = None
    declared_by: Any = None
    declared_name: Any = None
    id: Any = None
    project_id: Any = None
    created_at: Any = None
    updated_at: Any = None


_BODY: Final = msgspec.json.Decoder(EventTriggerBody)


class EventTriggerEndpoints:
    """What REST does with event triggers."""

    def __init__(self, gateway: Gateway, *, body_limit: int) -> None:
        self._triggers = gateway.event_triggers
        self._limit = body_limit

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""
        lists = query.paging_arguments(RESOURCE)

        def make(method: str, tail: str, handler: Any, summary: str, **more: Any) -> Operation:
            path = f"/v2/event_triggers{tail}"
            return Operation(method=method, path=path, handler=handler, summary=summary, tag="event triggers", **more)

        create = {"takes": "EventTriggerCreation", "gives": "EventTrigger", "status": 201}
        change = {"takes": "EventTriggerChange", "gives": "EventTrigger"}
        return [
            make("POST", "", self.create, "Have a workflow started by events", **create),
            make("GET", "", self.page, "List event triggers", query=lists, gives="event_triggers"),
            make("GET", "/{id}", self.get, "Get an event trigger", query=("fields",), gives="EventTrigger"),
            make("PUT", "/{id}", self.update, "Change an event trigger, but not what it waits for", **change),
            make("DELETE", "/{id}", self.delete, "Delete an event trigger", status=204),
        ]

    async def create(self, request: Request) -> Response:
        row = await self._triggers.create(current_caller(), await self._sent(request))
        return json_answer(RESOURCE.written(row, RESOURCE.all), 201)

    async def get(self, request: Request) -> Response:
        given = query.only(request, ("fields",))
        fields = RESOURCE.chosen(given["fields"], alone=True) if given.get("fields") else RESOURCE.all
        row = await self._triggers.get(current_caller(), request.path_params["id"])
        return json_answer(RESOURCE.written(row, fields))

    async def page(self, request: Request) -> Response:
        wanted = query.list_query(request, RESOURCE)
        rows = await self._triggers.page(current_caller(), wanted.page)
        return wanted.answer(request, RESOURCE, [RESOURCE.written(row, wanted.fields) for row in rows])

    async def update(self, request: Request) -> Response:
        sent = await self._sent(request)
        row = await self._triggers.update(current_caller(), request.path_params["id"], sent)
        return json_answer(RESOURCE.written(row, RESOURCE.all))

    async def delete(self, request: Request) -> Response:
        query.only(request, ())
        await self._triggers.delete(current_caller(), request.path_params["id"])
        return Response(status_code=204)

    async def _sent(self, request: Request) -> EventTriggerRequest:
        query.only(request, ())
        sent = bodies.decoded(await bodies.body(request, self._limit), _BODY, "event_trigger")
        return EventTriggerRequest(
            name=sent.name,
            workflow_id=sent.workflow_id,
            input=bodies.json_text(sent.workflow_input) or None,
            params=bodies.json_text(sent.workflow_params) or None,
            exchange=sent.exchange,
            topic=sent.topic,
            event=sent.event,
            scope=sent.scope,
            enabled=sent.enabled,
            matching=sent.matching,
            condition=sent.condition,
            mapping=bodies.json_text(sent.input_mapping) or None,
            reaction=sent.reaction,
            correlation=bodies.json_text(sent.correlation) or None,
        )
