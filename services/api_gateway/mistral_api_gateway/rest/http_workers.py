"""``/v2/http_workers``: JSON, found by their names; a change names the HTTP worker in its body."""

from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.http_workers import HttpWorkerRequest
from mistral_api_gateway.rest import bodies, query
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import Field, Resource, as_time, json_answer
from mistral_persistence.http_workers import HTTP_WORKERS as LISTING

_NUMBERS: Final = ("concurrency", "timeout_seconds", "lease_seconds", "attempts")
FIELDS: Final = {
    **{name: Field(column=name) for name in ("id", "name", "description", "url")},
    "actions": Field(column="actions", json=True),
    "queues": Field(column="queues"),
    "labels": Field(column="labels", json=True),
    **{name: Field(column=name) for name in ("header_names", "is_signed", *_NUMBERS, "enabled", "project_id")},
    "created_at": Field(column="created_at", write=as_time),
    "updated_at": Field(column="updated_at", write=as_time),
}
RESOURCE: Final = Resource("http_workers", LISTING, FIELDS)


class HttpWorkerBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The attributes that a request may have, and no others."""

    name: str | None = None
    description: str | None = None
    url: str | None = None
    actions: Raw | UnsetType = UNSET
    queues: tuple[str, ...] | None = None
    labels: Raw | UnsetType = UNSET
    headers: Raw | UnsetType = UNSET
    secret: str | None = None
    concurrency: int | None = None
    timeout_seconds: int | None = None
    lease_seconds: int | None = None
    attempts: int | None = None
    enabled: bool | None = None


_BODY: Final = msgspec.json.Decoder(HttpWorkerBody)


class HttpWorkerEndpoints:
    """What REST does with applications that are called over HTTP."""

    def __init__(self, gateway: Gateway, *, body_limit: int) -> None:
        self._workers = gateway.http_workers
        self._limit = body_limit

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""
        lists = query.paging_arguments(RESOURCE)
        body = {"takes": "HttpWorkerChange", "gives": "HttpWorker"}

        def make(method: str, tail: str, handler: Any, summary: str, **more: Any) -> Operation:
            path = f"/v2/http_workers{tail}"
            return Operation(method=method, path=path, handler=handler, summary=summary, tag="http_workers", **more)

        return [
            make("POST", "", self.create, "Register an application that runs actions", status=201, **body),
            make("PUT", "", self.update, "Change the HTTP worker that the body names", **body),
            make("GET", "", self.page, "List HTTP workers", query=lists, gives="http_workers"),
            make("GET", "/{name}", self.get, "Get an HTTP worker", query=("fields",), gives="HttpWorker"),
            make("DELETE", "/{name}", self.delete, "Delete an HTTP worker", status=204),
        ]

    async def create(self, request: Request) -> Response:
        row = await self._workers.create(current_caller(), await self._sent(request))
        return json_answer(RESOURCE.written(row, RESOURCE.all), 201)

    async def update(self, request: Request) -> Response:
        row = await self._workers.update(current_caller(), await self._sent(request))
        return json_answer(RESOURCE.written(row, RESOURCE.all))

    async def get(self, request: Request) -> Response:
        given = query.only(request, ("fields",))
        fields = RESOURCE.chosen(given["fields"], alone=True) if given.get("fields") else RESOURCE.all
        row = await self._workers.get(current_caller(), request.path_params["name"])
        return json_answer(RESOURCE.written(row, fields))

    async def page(self, request: Request) -> Response:
        wanted = query.list_query(request, RESOURCE)
        rows = await self._workers.page(current_caller(), wanted.page)
        return wanted.answer(request, RESOURCE, [RESOURCE.written(row, wanted.fields) for row in rows])

    async def delete(self, request: Request) -> Response:
        query.only(request, ())
        await self._workers.delete(current_caller(), request.path_params["name"])
        return Response(status_code=204)

    async def _sent(self, request: Request) -> HttpWorkerRequest:
        query.only(request, ())
        sent = bodies.decoded(await bodies.body(request, self._limit), _BODY, "http_worker")
        return HttpWorkerRequest(
            name=sent.name or "",
            description=sent.description,
            url=sent.url or "",
            actions=bodies.json_text(sent.actions),
            queues=sent.queues,
            labels=bodies.json_text(sent.labels),
            headers=bodies.json_text(sent.headers),
            secret=sent.secret,
            enabled=sent.enabled,
            **{name: getattr(sent, name) for name in _NUMBERS},
        )
