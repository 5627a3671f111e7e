"""``/v2/workflows/{id}/members``: private workflows shared with other projects, by the id of the workflow.

While authentication is off there is one project, so every request is refused, in the words that clients know.
"""

from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.rest import bodies, query
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import Field, Resource, as_time, json_answer
from mistral_persistence.members import MEMBERS as LISTING

FIELDS: Final = {
    "id": Field(column="id"),
    "resource_id": Field(column="resource_id"),
    "resource_type": Field(column="resource_type"),
    "project_id": Field(column="project_id"),
    "member_id": Field(column="member_id"),
    "status": Field(column="status"),
    "created_at": Field(column="created_at", write=as_time),
    "updated_at": Field(column="updated_at", write=as_time),
}
RESOURCE: Final = Resource("members", LISTING, FIELDS)


class MemberBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The attributes that a request may have; those that the server alone sets are not looked at."""

    member_id: str | None = None
    status: str | None = None
    id: str | None = None
    resource_id: str | None = None
    resource_type: str | None = None
    project_id: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


_BODY: Final = msgspec.json.Decoder(MemberBody)


class MemberEndpoints:
    """What REST does with sharings."""

    def __init__(self, gateway: Gateway, *, body_limit: int) -> None:
        self._members = gateway.members
        self._limit = body_limit

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""
        lists = query.paging_arguments(RESOURCE)

        def make(method: str, tail: str, handler: Any, summary: str, **more: Any) -> Operation:
            path = f"/v2/workflows/{{id}}/members{tail}"
            told = f"{summary} (refused while authentication is off)"
            return Operation(method=method, path=path, handler=handler, summary=told, tag="workflows", **more)

        create = {"takes": "MemberCreation", "gives": "Member", "status": 201}
        change = {"takes": "MemberChange", "gives": "Member"}
        return [
            make("GET", "", self.page, "List with whom a workflow is shared", query=lists, gives="members"),
            make("POST", "", self.create, "Offer a workflow to another project", **create),
            make("GET", "/{member_id}", self.get, "Get a sharing", gives="Member"),
            make("PUT", "/{member_id}", self.update, "Accept or reject a sharing", **change),
            make("DELETE", "/{member_id}", self.delete, "End a sharing", status=204),
        ]

    async def page(self, request: Request) -> Response:
        wanted = query.list_query(request, RESOURCE)
        rows = await self._members.page(current_caller(), request.path_params["id"], wanted.page)
        return wanted.answer(request, RESOURCE, [RESOURCE.written(row, wanted.fields) for row in rows])

    async def create(self, request: Request) -> Response:
        query.only(request, ())
        sent = bodies.decoded(await bodies.body(request, self._limit), _BODY, "member_info")
        row = await self._members.create(current_caller(), request.path_params["id"], sent.member_id or "")
        return json_answer(RESOURCE.written(row, RESOURCE.all), 201)

    async def get(self, request: Request) -> Response:
        query.only(request, ())
        row = await self._members.get(current_caller(), *_named(request))
        return json_answer(RESOURCE.written(row, RESOURCE.all))

    async def update(self, request: Request) -> Response:
        query.only(request, ())
        sent = bodies.decoded(await bodies.body(request, self._limit), _BODY, "member_info")
        row = await self._members.answer(current_caller(), *_named(request), sent.status or "")
        return json_answer(RESOURCE.written(row, RESOURCE.all))

    async def delete(self, request: Request) -> Response:
        query.only(request, ())
        await self._members.delete(current_caller(), *_named(request))
        return Response(status_code=204)


def _named(request: Request) -> tuple[str, str]:
    return request.path_params["id"], request.path_params["member_id"]
