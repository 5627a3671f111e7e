"""``/v2/dynamic_actions``: JSON that names classes of uploaded code; a change names the action in its body."""

from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.dynamic_actions import DynamicActionRequest
from mistral_api_gateway.rest import bodies, query
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import Field, Resource, as_time, json_answer
from mistral_persistence.dynamic_actions import DYNAMIC_ACTIONS as LISTING

FIELDS: Final = {
    "id": Field(column="id"),
    "name": Field(column="name"),
    "namespace": Field(column="namespace"),
    "class_name": Field(column="class_name"),
    "code_source_id": Field(column="code_source_id"),
    "code_source_name": Field(column="code_source_name"),
    "project_id": Field(column="project_id"),
    "scope": Field(column="scope"),
    "created_at": Field(column="created_at", write=as_time),
    "updated_at": Field(column="updated_at", write=as_time),
}
RESOURCE: Final = Resource("dynamic_actions", LISTING, FIELDS)


class DynamicActionBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The attributes that a request may have; those that only the server sets are taken and not looked at."""

    id: str | None = None
    name: str | None = None
    class_name: str | None = None
    code_source_id: str | None = None
    code_source_name: str | None = None
    namespace: str | None = None
    scope: str | None = None
    project_id: Any = None
    created_at: Any = None
    updated_at: Any = None


_BODY: Final = msgspec.json.Decoder(DynamicActionBody)


class DynamicActionEndpoints:
    """What REST does with dynamic actions."""

    def __init__(self, gateway: Gateway, *, body_limit: int) -> None:
        self._actions = gateway.dynamic_actions
        self._limit = body_limit

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""
        lists, one = query.paging_arguments(RESOURCE), {"gives": "DynamicAction"}
        body = {"takes": "DynamicActionChange", **one}

        def make(method: str, tail: str, handler: Any, summary: str, **more: Any) -> Operation:
            path = f"/v2/dynamic_actions{tail}"
            return Operation(method=method, path=path, handler=handler, summary=summary, tag="dynamic actions", **more)

        return [
            make("POST", "", self.create, "Store a dynamic action", status=201, **body),
            make("PUT", "", self.update, "Change the dynamic action that the body names", **body),
            make("GET", "", self.page, "List dynamic actions", query=lists, gives="dynamic_actions"),
            make("GET", "/{id}", self.get, "Get a dynamic action", query=("namespace", "fields"), **one),
            make("DELETE", "/{id}", self.delete, "Delete a dynamic action", query=("namespace",), status=204),
        ]

    async def create(self, request: Request) -> Response:
        row = await self._actions.create(current_caller(), await self._sent(request))
        return json_answer(RESOURCE.written(row, RESOURCE.all), 201)

    async def update(self, request: Request) -> Response:
        row = await self._actions.update(current_caller(), await self._sent(request))
        return json_answer(RESOURCE.written(row, RESOURCE.all))

    async def get(self, request: Request) -> Response:
        given = query.only(request, ("namespace", "fields"))
        fields = RESOURCE.chosen(given["fields"], alone=True) if given.get("fields") else RESOURCE.all
        row = await self._actions.get(current_caller(), request.path_params["id"], namespace=given.get("namespace", ""))
        return json_answer(RESOURCE.written(row, fields))

    async def page(self, request: Request) -> Response:
        wanted = query.list_query(request, RESOURCE)
        rows = await self._actions.page(current_caller(), wanted.page)
        return wanted.answer(request, RESOURCE, [RESOURCE.written(row, wanted.fields) for row in rows])

    async def delete(self, request: Request) -> Response:
        given = query.only(request, ("namespace",))
        await self._actions.delete(current_caller(), request.path_params["id"], namespace=given.get("namespace", ""))
        return Response(status_code=204)

    async def _sent(self, request: Request) -> DynamicActionRequest:
        query.only(request, ())
        sent = bodies.decoded(await bodies.body(request, self._limit), _BODY, "dyn_action")
        return DynamicActionRequest(
            id=sent.id or "",
            name=sent.name or "",
            class_name=sent.class_name or "",
            code_source=sent.code_source_id or sent.code_source_name or "",
            namespace=sent.namespace or "",
            scope=sent.scope,
        )
