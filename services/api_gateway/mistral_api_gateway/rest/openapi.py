"""The OpenAPI document, made by FastAPI of the same records that the routes are made of."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from mistral_api_gateway.rest.faults import JSON, Shape
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import Resource
from mistral_api_gateway.rest.schemas import SCHEMAS, TEXT


async def _nothing() -> None:
    """Stands for a handler: FastAPI describes these routes and does not serve them."""


def document(operations: Sequence[Operation], resources: Mapping[str, Resource]) -> dict[str, Any]:
    """Return the document.

    Args:
        resources: The resources by the name of their schema.
    """
    plurals = {resource.plural: name for name, resource in resources.items()}
    routes = [_route(operation, plurals) for operation in operations]
    whole = get_openapi(
        title="Mistral Mesh",
        version="2.0",
        description="Workflow as a Service. Fields of JSON travel as strings that hold JSON.",
        routes=routes,
    )
    schemas = {**SCHEMAS, **{name: resource.schema for name, resource in resources.items()}}
    whole.setdefault("components", {})["schemas"] = schemas
    return whole


def _route(operation: Operation, plurals: Mapping[str, str]) -> APIRoute:
    return APIRoute(
        operation.path,
        _nothing,
        methods=[operation.method],
        status_code=operation.status,
        summary=operation.summary,
        description=operation.summary,
        tags=[operation.tag],
        operation_id=_operation_id(operation),
        response_model=None,
        responses={
            operation.status: _answer(operation, plurals),
            "4XX": _content("Refused", JSON, _reference("TextFault" if operation.shape is Shape.TEXT else "Fault")),
        },
        openapi_extra=_extra(operation),
    )


def _extra(operation: Operation) -> dict[str, Any]:
    places = [(name, "path") for name in re.findall(r"{(\w+)}", operation.path)]
    places += [(name, "query") for name in operation.query]
    extra: dict[str, Any] = {
        "parameters": [
            {"name": name, "in": place, "required": place == "path", "schema": TEXT} for name, place in places
        ]
    }
    if operation.takes:
        kind, schema = ("text/plain", TEXT) if operation.takes == "text" else (JSON, _reference(operation.takes))
        extra["requestBody"] = {"required": True, "content": {kind: {"schema": schema}}}
    return extra


def _answer(operation: Operation, plurals: Mapping[str, str]) -> dict[str, Any]:
    if not operation.gives:
        return {"description": "Done"}
    if operation.gives == "events":
        return _content("Events", "text/event-stream", TEXT)
    if operation.gives not in plurals:
        return _content("Done", JSON, _reference(operation.gives))
    things = {"type": "array", "items": _reference(plurals[operation.gives])}
    page = {"type": "object", "properties": {operation.gives: things, "next": TEXT}}
    return _content("A page; `next` is the address of the next one", JSON, page)


def _content(description: str, kind: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {kind: {"schema": schema}}}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _operation_id(operation: Operation) -> str:
    words = re.sub(r"\W+", "_", operation.path).strip("_") or "root"
    return f"{operation.method.lower()}_{words}{'_' if operation.path.endswith('/') and words != 'root' else ''}"
