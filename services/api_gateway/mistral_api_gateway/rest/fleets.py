"""``/v2/fleets``: JSON, found by their names; a change names the fleet in its body."""

from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.fleets import FleetRequest
from mistral_api_gateway.rest import bodies, query
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import Field, Resource, as_time, json_answer
from mistral_persistence.fleets import FLEETS as LISTING

FIELDS: Final = {
    **{name: Field(column=name) for name in ("id", "name", "description", "driver")},
    "template": Field(column="template", json=True),
    **{name: Field(column=name) for name in ("most_workers", "slots", "idle_seconds", "scope", "project_id")},
    "created_at": Field(column="created_at", write=as_time),
    "updated_at": Field(column="updated_at", write=as_time),
}
RESOURCE: Final = Resource("fleets", LISTING, FIELDS)
_WORKER: Final = ("id", "execution_id", "state", "handle", "reason", "created_at", "ended_at")


class FleetBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The attributes that a request may have, and no others."""

    name: str | None = None
    description: str | None = None
    driver: str | None = None
    template: Raw | UnsetType = UNSET
    most_workers: int | None = None
    slots: int | None = None
    idle_seconds: int | None = None
    scope: str | None = None


_BODY: Final = msgspec.json.Decoder(FleetBody)


class FleetEndpoints:
    """What REST does with fleets."""

    def __init__(self, gateway: Gateway, *, body_limit: int) -> None:
        self._fleets = gateway.fleets
        self._limit = body_limit

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""
        lists = query.paging_arguments(RESOURCE)
        body = {"takes": "FleetChange", "gives": "Fleet"}

        def make(method: str, tail: str, handler: Any, summary: str, **more: Any) -> Operation:
            path = f"/v2/fleets{tail}"
            return Operation(method=method, path=path, handler=handler, summary=summary, tag="fleets", **more)

        return [
            make("POST", "", self.create, "Store a fleet of temporary workers", status=201, **body),
            make("PUT", "", self.update, "Change the fleet that the body names", **body),
            make("GET", "", self.page, "List fleets", query=lists, gives="fleets"),
            make("GET", "/{name}", self.get, "Get a fleet", query=("fields",), gives="Fleet"),
            make("GET", "/{name}/workers", self.workers, "List workers of a fleet", query=("ended", "execution_id")),
            make("DELETE", "/{name}", self.delete, "Delete a fleet", status=204),
        ]

    async def create(self, request: Request) -> Response:
        row = await self._fleets.create(current_caller(), await self._sent(request))
        return json_answer(RESOURCE.written(row, RESOURCE.all), 201)

    async def update(self, request: Request) -> Response:
        row = await self._fleets.update(current_caller(), await self._sent(request))
        return json_answer(RESOURCE.written(row, RESOURCE.all))

    async def get(self, request: Request) -> Response:
        given = query.only(request, ("fields",))
        fields = RESOURCE.chosen(given["fields"], alone=True) if given.get("fields") else RESOURCE.all
        row = await self._fleets.get(current_caller(), request.path_params["name"])
        return json_answer(RESOURCE.written(row, fields))

    async def page(self, request: Request) -> Response:
        wanted = query.list_query(request, RESOURCE)
        rows = await self._fleets.page(current_caller(), wanted.page)
        return wanted.answer(request, RESOURCE, [RESOURCE.written(row, wanted.fields) for row in rows])

    async def workers(self, request: Request) -> Response:
        given = query.only(request, ("ended", "execution_id"))
        rows = await self._fleets.workers(
            current_caller(),
            request.path_params["name"],
            execution_id=given.get("execution_id", ""),
            ended=query.flag(given, "ended"),
        )
        return json_answer({"workers": [_written(row) for row in rows]})

    async def delete(self, request: Request) -> Response:
        query.only(request, ())
        await self._fleets.delete(current_caller(), request.path_params["name"])
        return Response(status_code=204)

    async def _sent(self, request: Request) -> FleetRequest:
        query.only(request, ())
        sent = bodies.decoded(await bodies.body(request, self._limit), _BODY, "fleet")
        return FleetRequest(
            name=sent.name or "",
            driver=sent.driver,
            template=bodies.json_text(sent.template),
            description=sent.description,
            most_workers=sent.most_workers,
            slots=sent.slots,
            idle_seconds=sent.idle_seconds,
            scope=sent.scope,
        )


def _written(row: Any) -> dict[str, Any]:
    times = {name: as_time(row[name]) for name in ("created_at", "ended_at")}
    return {**{name: row[name] for name in _WORKER}, **times}
