"""``/v2/actions``: built-in actions, whose id is their name, and ad-hoc ones, which come as text."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.action_pages import page_of
from mistral_api_gateway.operations.actions import Action
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.rest import bodies, query
from mistral_api_gateway.rest.faults import Shape
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import Field, Resource, as_time, json_answer
from mistral_persistence.action_definitions import ACTION_DEFINITIONS
from mistral_persistence.listing import Column, Kind, Listing


def _time(value: datetime | str | None) -> str | None:
    # Built-in ones have an empty text.
    return value if isinstance(value, str) else as_time(value)


def _offer(offer: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if offer is None else {**offer, "last_offered_at": as_time(offer["last_offered_at"])}


_TEXT: Final = {"type": "string"}
_TEXTS: Final = {"type": "array", "items": _TEXT}
_OFFER: Final = {
    "type": "object",
    "description": "Of an action that workers offer; lists leave it out unless asked",
    "properties": {
        "queues": _TEXTS,
        "input_schema": _TEXT,
        "output_schema": _TEXT,
        "safe_rerun": {"type": "boolean"},
        "last_offered_at": _TEXT,
        "workers": {"type": "integer"},
        "worker_ids": _TEXTS,
    },
    "additionalProperties": False,
}
_ID: Final = {"type": "string", "description": "A UUID; of a built-in action its name"}
_TIME: Final = {"type": ["string", "null"], "description": "UTC to the second; of a built-in action empty"}
FIELDS: Final = {
    "id": Field(column="id", schema=_ID),
    "name": Field(column="name"),
    "is_system": Field(column="is_system"),
    "input": Field(column="input"),
    "description": Field(column="description"),
    "tags": Field(column="tags"),
    "definition": Field(column="definition"),
    "scope": Field(column="scope"),
    "project_id": Field(column="project_id"),
    "created_at": Field(column="created_at", write=_time, schema=_TIME),
    "updated_at": Field(column="updated_at", write=_time, schema=_TIME),
    "namespace": Field(column="namespace"),
    # Only there if workers offer it.
    "offer": Field(column="offer", write=_offer, heavy=True, schema=_OFFER),
}
LISTING: Final = Listing(source="", columns={**ACTION_DEFINITIONS.columns, "is_system": Column(sql="", kind=Kind.FLAG)})
RESOURCE: Final = Resource("actions", LISTING, FIELDS)

_UPLOAD: Final = ("scope", "namespace", "skip_validation")
_GET: Final = ("namespace", "fields")


class ActionEndpoints:
    """What REST does with actions."""

    def __init__(self, gateway: Gateway, *, body_limit: int) -> None:
        self._actions = gateway.actions
        self._limit = body_limit

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""
        text, lists = {"shape": Shape.TEXT, "takes": "text"}, query.paging_arguments(RESOURCE)
        upload = {**text, "query": _UPLOAD, "gives": "actions"}

        def make(method: str, tail: str, handler: Any, summary: str, **more: Any) -> Operation:
            path = f"/v2/actions{tail}"
            return Operation(method=method, path=path, handler=handler, summary=summary, tag="actions", **more)

        return [
            make("POST", "/validate", self.validate, "Check a document without storing it", gives="Validity", **text),
            make("POST", "", self.create, "Store ad-hoc actions", status=201, **upload),
            make("PUT", "", self.update, "Replace ad-hoc actions", **upload),
            make("PUT", "/{id}", self.update, "Replace an ad-hoc action", **upload),
            make("GET", "", self.page, "List actions", query=lists, gives="actions"),
            make("GET", "/{id}", self.get, "Get an action", query=_GET, gives="Action"),
            make("GET", "/{id}/{namespace}", self.get, "Get an action of a namespace", query=_GET, gives="Action"),
            make("DELETE", "/{id}", self.delete, "Delete an ad-hoc action", query=("namespace",), status=204),
            make("DELETE", "/{id}/{namespace}", self.delete, "Delete an ad-hoc action of a namespace", status=204),
        ]

    async def create(self, request: Request) -> Response:
        given = query.only(request, _UPLOAD)
        text = await bodies.text(request, self._limit)
        stored = await self._actions.create(
            current_caller(), text, namespace=given.get("namespace", ""), scope=given.get("scope", "private")
        )
        return _answer(stored, 201)

    async def update(self, request: Request) -> Response:
        given = query.only(request, _UPLOAD)
        text = await bodies.text(request, self._limit)
        stored = await self._actions.update(
            current_caller(),
            text,
            identifier=request.path_params.get("id"),
            namespace=given.get("namespace", ""),
            scope=given.get("scope"),
        )
        return _answer(stored, 200)

    async def get(self, request: Request) -> Response:
        given = query.only(request, _GET)
        fields = RESOURCE.chosen(given["fields"], alone=True) if given.get("fields") else RESOURCE.all
        action = await self._actions.get(
            current_caller(), request.path_params["id"], namespace=_namespace(request, given)
        )
        return json_answer(_written(action, fields))

    async def page(self, request: Request) -> Response:
        wanted = query.list_query(request, RESOURCE, sort="name", named=True)
        found = page_of(await self._actions.all(current_caller()), wanted.page)
        last = str(found[-1]["name"]) if found else ""
        return wanted.answer(request, RESOURCE, [_written(action, wanted.fields) for action in found], last=last)

    async def delete(self, request: Request) -> Response:
        given = query.only(request, ("namespace",))
        await self._actions.delete(current_caller(), request.path_params["id"], namespace=_namespace(request, given))
        return Response(status_code=204)

    async def validate(self, request: Request) -> Response:
        query.only(request, _UPLOAD)
        fault = self._actions.fault(await bodies.text(request, self._limit))
        return json_answer({"valid": True} if fault is None else {"valid": False, "error": fault})


def _namespace(request: Request, given: dict[str, str]) -> str:
    return str(request.path_params.get("namespace") or given.get("namespace", ""))


def _answer(actions: Sequence[Action], status: int) -> Response:
    return json_answer({"actions": [_written(action, RESOURCE.all) for action in actions]}, status)


def _written(action: Action, fields: Sequence[str]) -> dict[str, Any]:
    shown = RESOURCE.written(action, fields)
    if shown.get("offer", shown) is None:
        del shown["offer"]
    return shown
