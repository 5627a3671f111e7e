"""``/v2/environments``: JSON, found by their names; a change names the environment in its body."""

from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.environments import EnvironmentRequest
from mistral_api_gateway.rest import bodies, query
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import Field, Resource, as_time, json_answer
from mistral_persistence.environments import ENVIRONMENTS as LISTING

FIELDS: Final = {
    "id": Field(column="id"),
    "name": Field(column="name"),
    "description": Field(column="description"),
    "variables": Field(column="variables", json=True),
    "scope": Field(column="scope"),
    "project_id": Field(column="project_id"),
    "created_at": Field(column="created_at", write=as_time),
    "updated_at": Field(column="updated_at", write=as_time),
}
RESOURCE: Final = Resource("environments", LISTING, FIELDS)


class EnvironmentBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The attributes that a request may have, and no others."""

    name: str | None = None
    description: str | None = None
    variables: Raw | UnsetType = UNSET
    scope: str | None = None


_BODY: Final = msgspec.json.Decoder(EnvironmentBody)


class EnvironmentEndpoints:
    """What REST does with environments."""

    def __init__(self, gateway: Gateway, *, body_limit: int) -> None:
        self._environments = gateway.environments
        self._limit = body_limit

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""
        lists = query.paging_arguments(RESOURCE)
        body = {"takes": "EnvironmentChange", "gives": "Environment"}

        def make(method: str, tail: str, handler: Any, summary: str, **more: Any) -> Operation:
            path = f"/v2/environments{tail}"
            return Operation(method=method, path=path, handler=handler, summary=summary, tag="environments", **more)

        return [
            make("POST", "", self.create, "Store an environment", status=201, **body),
            make("PUT", "", self.update, "Change the environment that the body names", **body),
            make("GET", "", self.page, "List environments", query=lists, gives="environments"),
            make("GET", "/{name}", self.get, "Get an environment", query=("fields",), gives="Environment"),
            make("DELETE", "/{name}", self.delete, "Delete an environment", status=204),
        ]

    async def create(self, request: Request) -> Response:
        row = await self._environments.create(current_caller(), await self._sent(request))
        return json_answer(RESOURCE.written(row, RESOURCE.all), 201)

    async def update(self, request: Request) -> Response:
        row = await self._environments.update(current_caller(), await self._sent(request))
        return json_answer(RESOURCE.written(row, RESOURCE.all))

    async def get(self, request: Request) -> Response:
        given = query.only(request, ("fields",))
        fields = RESOURCE.chosen(given["fields"], alone=True) if given.get("fields") else RESOURCE.all
        row = await self._environments.get(current_caller(), request.path_params["name"])
        return json_answer(RESOURCE.written(row, fields))

    async def page(self, request: Request) -> Response:
        wanted = query.list_query(request, RESOURCE)
        rows = await self._environments.page(current_caller(), wanted.page)
        return wanted.answer(request, RESOURCE, [RESOURCE.written(row, wanted.fields) for row in rows])

    async def delete(self, request: Request) -> Response:
        query.only(request, ())
        await self._environments.delete(current_caller(), request.path_params["name"])
        return Response(status_code=204)

    async def _sent(self, request: Request) -> EnvironmentRequest:
        query.only(request, ())
        sent = bodies.decoded(await bodies.body(request, self._limit), _BODY, "env")
        return EnvironmentRequest(
            name=sent.name or "",
            variables=bodies.json_text(sent.variables),
            description=sent.description,
            scope=sent.scope,
        )
