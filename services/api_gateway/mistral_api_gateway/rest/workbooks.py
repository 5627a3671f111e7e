"""``/v2/workbooks``: they come as text; what is in them shows up among the workflows and actions."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.rest import bodies, query
from mistral_api_gateway.rest.faults import Shape
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import Field, Resource, as_time, json_answer
from mistral_persistence.workbooks import WORKBOOKS as LISTING

FIELDS: Final = {
    "id": Field(column="id"),
    "name": Field(column="name"),
    "namespace": Field(column="namespace"),
    "definition": Field(column="definition"),
    "tags": Field(column="tags"),
    "scope": Field(column="scope"),
    "project_id": Field(column="project_id"),
    "created_at": Field(column="created_at", write=as_time),
    "updated_at": Field(column="updated_at", write=as_time),
}
RESOURCE: Final = Resource("workbooks", LISTING, FIELDS)

_UPLOAD: Final = ("scope", "namespace", "skip_validation")


class WorkbookEndpoints:
    """What REST does with workbooks."""

    def __init__(self, gateway: Gateway, *, body_limit: int) -> None:
        self._workbooks = gateway.workbooks
        self._limit = body_limit

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""
        text, lists = {"shape": Shape.TEXT, "takes": "text"}, query.paging_arguments(RESOURCE)
        upload = {**text, "query": _UPLOAD, "gives": "Workbook"}

        def make(method: str, tail: str, handler: Any, summary: str, **more: Any) -> Operation:
            path = f"/v2/workbooks{tail}"
            return Operation(method=method, path=path, handler=handler, summary=summary, tag="workbooks", **more)

        return [
            make("POST", "/validate", self.validate, "Check a workbook without storing it", gives="Validity", **text),
            make("POST", "", self.create, "Store a workbook with what it holds", status=201, **upload),
            make("PUT", "", self.update, "Replace a workbook with what it holds", **upload),
            make("GET", "", self.page, "List workbooks", query=lists, gives="workbooks"),
            make("GET", "/{name}", self.get, "Get a workbook", query=("namespace", "fields"), gives="Workbook"),
            make("DELETE", "/{name}", self.delete, "Delete a workbook alone", query=("namespace",), status=204),
        ]

    async def create(self, request: Request) -> Response:
        given = query.only(request, _UPLOAD)
        text = await bodies.text(request, self._limit)
        row = await self._workbooks.create(
            current_caller(), text, namespace=given.get("namespace", ""), scope=given.get("scope", "private")
        )
        return json_answer(RESOURCE.written(row, RESOURCE.all), 201)

    async def update(self, request: Request) -> Response:
        given = query.only(request, _UPLOAD)
        text = await bodies.text(request, self._limit)
        row = await self._workbooks.update(
            current_caller(), text, namespace=given.get("namespace", ""), scope=given.get("scope")
        )
        return json_answer(RESOURCE.written(row, RESOURCE.all))

    async def get(self, request: Request) -> Response:
        given = query.only(request, ("namespace", "fields"))
        fields = RESOURCE.chosen(given["fields"], alone=True) if given.get("fields") else RESOURCE.all
        row = await self._workbooks.get(
            current_caller(), request.path_params["name"], namespace=given.get("namespace", "")
        )
        return json_answer(RESOURCE.written(row, fields))

    async def page(self, request: Request) -> Response:
        wanted = query.list_query(request, RESOURCE)
        rows = await self._workbooks.page(current_caller(), wanted.page)
        return wanted.answer(request, RESOURCE, [RESOURCE.written(row, wanted.fields) for row in rows])

    async def delete(self, request: Request) -> Response:
        given = query.only(request, ("namespace",))
        await self._workbooks.delete(
            current_caller(), request.path_params["name"], namespace=given.get("namespace", "")
        )
        return Response(status_code=204)

    async def validate(self, request: Request) -> Response:
        query.only(request, _UPLOAD)
        fault = self._workbooks.fault(await bodies.text(request, self._limit))
        return json_answer({"valid": True} if fault is None else {"valid": False, "error": fault})
