"""``/v2/code_sources``: Python modules that come as text, with their names in the query."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.rest import bodies, query
from mistral_api_gateway.rest.faults import Shape
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import Field, Resource, as_time, json_answer
from mistral_persistence.code_sources import CODE_SOURCES as LISTING

FIELDS: Final = {
    "id": Field(column="id"),
    "name": Field(column="name"),
    "namespace": Field(column="namespace"),
    "content": Field(column="content"),
    "version": Field(column="version"),
    "project_id": Field(column="project_id"),
    "scope": Field(column="scope"),
    "actions": Field(column="actions"),
    "created_at": Field(column="created_at", write=as_time),
    "updated_at": Field(column="updated_at", write=as_time),
}
RESOURCE: Final = Resource("code_sources", LISTING, FIELDS, unlisted=("actions",))

_CREATE: Final = ("name", "scope", "namespace")
_UPDATE: Final = ("identifier", "scope", "namespace")


class CodeSourceEndpoints:
    """What REST does with uploaded code."""

    def __init__(self, gateway: Gateway, *, body_limit: int) -> None:
        self._sources = gateway.code_sources
        self._limit = body_limit

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""
        text = {"shape": Shape.TEXT, "takes": "text", "gives": "CodeSource"}
        lists = query.paging_arguments(RESOURCE)

        def make(method: str, tail: str, handler: Any, summary: str, **more: Any) -> Operation:
            path = f"/v2/code_sources{tail}"
            return Operation(method=method, path=path, handler=handler, summary=summary, tag="code sources", **more)

        return [
            make("POST", "", self.create, "Store code for dynamic actions", query=_CREATE, status=201, **text),
            make("PUT", "", self.update, "Replace code by its next version", query=_UPDATE, **text),
            make("GET", "", self.page, "List code sources", query=lists, gives="code_sources"),
            make("GET", "/{id}", self.get, "Get a code source", query=("namespace", "fields"), gives="CodeSource"),
            make("DELETE", "/{id}", self.delete, "Delete code and its actions", query=("namespace",), status=204),
        ]

    async def create(self, request: Request) -> Response:
        given = query.only(request, _CREATE)
        content = await bodies.text(request, self._limit)
        row = await self._sources.create(
            current_caller(),
            given.get("name", ""),
            content,
            namespace=given.get("namespace", ""),
            scope=given.get("scope", "private"),
        )
        return json_answer(RESOURCE.written(row, RESOURCE.all), 201)

    async def update(self, request: Request) -> Response:
        given = query.only(request, _UPDATE)
        content = await bodies.text(request, self._limit)
        row = await self._sources.update(
            current_caller(),
            given.get("identifier", ""),
            content,
            namespace=given.get("namespace", ""),
            scope=given.get("scope"),
        )
        return json_answer(RESOURCE.written(row, RESOURCE.all))

    async def get(self, request: Request) -> Response:
        given = query.only(request, ("namespace", "fields"))
        fields = RESOURCE.chosen(given["fields"], alone=True) if given.get("fields") else RESOURCE.all
        row = await self._sources.get(current_caller(), request.path_params["id"], namespace=given.get("namespace", ""))
        return json_answer(RESOURCE.written(row, fields))

    async def page(self, request: Request) -> Response:
        wanted = query.list_query(request, RESOURCE)
        rows = await self._sources.page(current_caller(), wanted.page)
        return wanted.answer(request, RESOURCE, [RESOURCE.written(row, wanted.fields) for row in rows])

    async def delete(self, request: Request) -> Response:
        given = query.only(request, ("namespace",))
        await self._sources.delete(current_caller(), request.path_params["id"], namespace=given.get("namespace", ""))
        return Response(status_code=204)
