"""``/v2/workflows``: definitions come as text, answers to uploads are plain JSON with ``interface`` as an object."""

from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.rest import bodies, query
from mistral_api_gateway.rest.faults import Shape
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import Field, Resource, Row, as_time, json_answer
from mistral_persistence.workflows import WORKFLOWS as LISTING

FIELDS: Final = {
    "id": Field(column="id"),
    "name": Field(column="name"),
    "namespace": Field(column="namespace"),
    "input": Field(column="input"),
    "interface": Field(column="interface", json=True),
    "definition": Field(column="definition"),
    "checksum": Field(column="checksum"),
    "tags": Field(column="tags"),
    "scope": Field(column="scope"),
    "project_id": Field(column="project_id"),
    "created_at": Field(column="created_at", write=as_time),
    "updated_at": Field(column="updated_at", write=as_time),
}
RESOURCE: Final = Resource("workflows", LISTING, FIELDS, unlisted=("version", "workbook", "interface"))

_UPLOAD: Final = ("scope", "namespace", "skip_validation")


class WorkflowEndpoints:
    """What REST does with workflow definitions."""

    def __init__(self, gateway: Gateway, *, body_limit: int) -> None:
        self._workflows = gateway.workflows
        self._limit = body_limit

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""
        text, lists = {"shape": Shape.TEXT, "takes": "text"}, query.paging_arguments(RESOURCE)

        def make(method: str, tail: str, handler: Any, summary: str, **more: Any) -> Operation:
            path = f"/v2/workflows{tail}"
            return Operation(method=method, path=path, handler=handler, summary=summary, tag="workflows", **more)

        return [
            make("POST", "/validate", self.validate, "Check a document without storing it", gives="Validity", **text),
            make(
                "POST", "", self.create, "Store workflows", query=_UPLOAD, gives="UploadedWorkflows", status=201, **text
            ),
            make("PUT", "", self.update, "Replace workflows", query=_UPLOAD, gives="UploadedWorkflows", **text),
            make("GET", "", self.page, "List workflows", query=lists, gives="workflows"),
            make("GET", "/{id}", self.get, "Get a workflow", query=("namespace", "fields"), gives="Workflow"),
            make(
                "PUT", "/{id}", self.update_one, "Replace a workflow", query=_UPLOAD, gives="UploadedWorkflow", **text
            ),
            make("DELETE", "/{id}", self.delete, "Delete a workflow", query=("namespace",), status=204),
        ]

    async def create(self, request: Request) -> Response:
        given = query.only(request, _UPLOAD)
        text = await bodies.text(request, self._limit)
        rows = await self._workflows.create(
            current_caller(), text, namespace=given.get("namespace", ""), scope=given.get("scope", "private")
        )
        return json_answer({"workflows": [_whole(row) for row in rows]}, 201)

    async def update(self, request: Request) -> Response:
        given = query.only(request, _UPLOAD)
        text = await bodies.text(request, self._limit)
        rows = await self._workflows.update(
            current_caller(), text, namespace=given.get("namespace", ""), scope=given.get("scope")
        )
        return json_answer({"workflows": [_whole(row) for row in rows]})

    async def update_one(self, request: Request) -> Response:
        given = query.only(request, _UPLOAD)
        text = await bodies.text(request, self._limit)
        row = await self._workflows.update_one(
            current_caller(),
            request.path_params["id"],
            text,
            namespace=given.get("namespace", ""),
            scope=given.get("scope"),
        )
        return json_answer(_whole(row))

    async def get(self, request: Request) -> Response:
        given = query.only(request, ("namespace", "fields"))
        fields = RESOURCE.chosen(given["fields"], alone=True) if given.get("fields") else RESOURCE.all
        row = await self._workflows.get(
            current_caller(), request.path_params["id"], namespace=given.get("namespace", "")
        )
        return json_answer(RESOURCE.written(row, fields))

    async def page(self, request: Request) -> Response:
        wanted = query.list_query(request, RESOURCE)
        rows = await self._workflows.page(current_caller(), wanted.page)
        return wanted.answer(request, RESOURCE, [RESOURCE.written(row, wanted.fields) for row in rows])

    async def delete(self, request: Request) -> Response:
        given = query.only(request, ("namespace",))
        await self._workflows.delete(current_caller(), request.path_params["id"], namespace=given.get("namespace", ""))
        return Response(status_code=204)

    async def validate(self, request: Request) -> Response:
        query.only(request, _UPLOAD)
        fault = self._workflows.fault(await bodies.text(request, self._limit))
        return json_answer({"valid": True} if fault is None else {"valid": False, "error": fault})


def _whole(row: Row) -> dict[str, Any]:
    return {**RESOURCE.written(row, RESOURCE.all), "interface": msgspec.Raw(row["interface"].encode())}
