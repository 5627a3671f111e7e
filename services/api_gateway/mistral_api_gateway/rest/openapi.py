"""The OpenAPI document, made by FastAPI of the same records that the routes are made of."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.responses import JSONResponse, Response

from mistral_api_gateway.access.doors import OPEN_PATHS
from mistral_api_gateway.rest.openapi_answers import answers
from mistral_api_gateway.rest.openapi_arguments import extra
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import Resource
from mistral_api_gateway.rest.schemas import SCHEMAS, uploaded

_ABOUT: Final = (
    "Workflow as a Service: what clients of OpenStack Mistral speak. Fields of JSON travel as strings that hold JSON. "
    "No Content-Type is needed. While authentication is on, every request says who asks."
)
_WAYS_IN: Final[dict[str, Any]] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key, or a token of the identity provider"},
    "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token", "description": "The same, as OpenStack does"},
}


async def _nothing() -> None:
    """Stands for a handler: FastAPI describes these routes and does not serve them."""


def document(operations: Sequence[Operation], resources: Mapping[str, Resource]) -> dict[str, Any]:
    """Return the document.

    Args:
        resources: The resources by the name of their schema.
    """
    plurals = {resource.plural: name for name, resource in resources.items()}
    by_plural = {resource.plural: resource for resource in resources.values()}
    routes = [_route(operation, plurals, by_plural) for operation in operations]
    whole = get_openapi(title="Mistral Mesh", version="2.0", description=_ABOUT, routes=routes)
    schemas = {**SCHEMAS, **{name: resource.schema for name, resource in resources.items()}}
    schemas |= uploaded(schemas["Workflow"])
    whole["components"] = {"schemas": schemas, "securitySchemes": _WAYS_IN}
    return whole


def _route(operation: Operation, plurals: Mapping[str, str], resources: Mapping[str, Resource]) -> APIRoute:
    more = extra(operation, resources.get(operation.gives))
    if operation.path not in OPEN_PATHS:
        more["security"] = [{}, *({name: []} for name in _WAYS_IN)]
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
        response_class=JSONResponse if operation.gives else Response,
        responses=answers(operation, plurals),
        openapi_extra=more,
    )


def _operation_id(operation: Operation) -> str:
    words = re.sub(r"\W+", "_", operation.path).strip("_") or "root"
    return f"{operation.method.lower()}_{words}{'_' if operation.path.endswith('/') and words != 'root' else ''}"
