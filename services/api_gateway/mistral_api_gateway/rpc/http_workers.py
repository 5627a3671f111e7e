"""HttpWorkerService of ``mistral.v1``."""

from typing import Any, Final

import grpc.aio

from mistral.v1 import http_worker_pb2 as messages
from mistral.v1 import http_worker_service_pb2 as service
from mistral.v1 import http_worker_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.http_workers import HttpWorkerRequest
from mistral_api_gateway.operations.json_text import object_of
from mistral_api_gateway.rpc.idempotency import once
from mistral_api_gateway.rpc.paging import list_call
from mistral_api_gateway.rpc.shapes import ETAG, TIME, Shape, plain
from mistral_persistence.http_workers import HTTP_WORKERS, Row

_Context = grpc.aio.ServicerContext[Any, Any]

_NUMBERS: Final = ("concurrency", "timeout_seconds", "lease_seconds", "attempts")
_PLAIN: Final = (
    *("id", "name", "description", "url", "actions", "queues", "header_names", "is_signed"),
    *(*_NUMBERS, "enabled", "project_id"),
)


def _labels(text: str) -> dict[str, str]:
    return object_of(text, "labels")


SHAPE: Final = Shape(
    messages.HttpWorker,
    HTTP_WORKERS,
    {
        **{name: plain(name) for name in _PLAIN},
        "labels": plain("labels", _labels, compared=False),
        "created_at": plain("created_at", TIME),
        "updated_at": plain("updated_at", TIME),
        "etag": ETAG,
    },
)


class HttpWorkerServicer(service_grpc.HttpWorkerServiceServicer):
    """Keeps applications that are called over HTTP."""

    def __init__(self, gateway: Gateway) -> None:
        self._workers = gateway.http_workers
        self._once = gateway.once

    async def CreateHttpWorker(
        self, request: service.CreateHttpWorkerRequest, context: _Context
    ) -> service.CreateHttpWorkerResponse:
        caller = current_caller()

        async def create() -> service.CreateHttpWorkerResponse:
            row = await self._workers.create(caller, _wanted(request, request.description))
            return service.CreateHttpWorkerResponse(http_worker=_message(row))

        return await once(self._once, caller, request, service.CreateHttpWorkerResponse, create)

    async def UpdateHttpWorker(
        self, request: service.UpdateHttpWorkerRequest, context: _Context
    ) -> service.UpdateHttpWorkerResponse:
        description = request.description if request.HasField("description") else None
        row = await self._workers.update(current_caller(), _wanted(request, description), etag=request.etag)
        return service.UpdateHttpWorkerResponse(http_worker=_message(row))

    async def GetHttpWorker(
        self, request: service.GetHttpWorkerRequest, context: _Context
    ) -> service.GetHttpWorkerResponse:
        fields = SHAPE.chosen(request.read_mask, SHAPE.all)
        row = await self._workers.get(current_caller(), request.name)
        return service.GetHttpWorkerResponse(http_worker=SHAPE.write(row, fields))

    async def ListHttpWorkers(
        self, request: service.ListHttpWorkersRequest, context: _Context
    ) -> service.ListHttpWorkersResponse:
        call = list_call(request, SHAPE)
        workers, token = await call.answer(lambda page: self._workers.page(current_caller(), page))
        return service.ListHttpWorkersResponse(http_workers=workers, next_page_token=token)

    async def DeleteHttpWorker(
        self, request: service.DeleteHttpWorkerRequest, context: _Context
    ) -> service.DeleteHttpWorkerResponse:
        await self._workers.delete(current_caller(), request.name, etag=request.etag)
        return service.DeleteHttpWorkerResponse()


def _wanted(
    request: service.CreateHttpWorkerRequest | service.UpdateHttpWorkerRequest, description: str | None
) -> HttpWorkerRequest:
    return HttpWorkerRequest(
        name=request.name,
        description=description,
        url=request.url,
        actions=request.actions.encode(),
        queues=tuple(request.queues) or None,
        labels=request.labels.encode(),
        headers=request.headers.encode(),
        secret=request.secret if request.HasField("secret") else None,
        enabled=request.enabled if request.HasField("enabled") else None,
        **{name: getattr(request, name) or None for name in _NUMBERS},
    )


def _message(row: Row) -> messages.HttpWorker:
    return SHAPE.write(row, SHAPE.all)
