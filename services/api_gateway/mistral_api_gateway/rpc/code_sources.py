"""CodeSourceService of ``mistral.v1``."""

from typing import Any, Final

import grpc.aio

from mistral.v1 import code_source_pb2 as messages
from mistral.v1 import code_source_service_pb2 as service
from mistral.v1 import code_source_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.rpc.idempotency import once
from mistral_api_gateway.rpc.masks import replaced
from mistral_api_gateway.rpc.paging import list_call
from mistral_api_gateway.rpc.scopes import scope_text
from mistral_api_gateway.rpc.shapes import Shape, definition_fields
from mistral_persistence.code_sources import CODE_SOURCES, Row

_Context = grpc.aio.ServicerContext[Any, Any]

SHAPE: Final = Shape(
    messages.CodeSource, CODE_SOURCES, definition_fields("namespace", "content", "version"), heavy=("content",)
)
_PARTS: Final = ("content", "scope")


class CodeSourceServicer(service_grpc.CodeSourceServiceServicer):
    """Keeps code for dynamic actions."""

    def __init__(self, gateway: Gateway) -> None:
        self._sources = gateway.code_sources
        self._once = gateway.once

    async def CreateCodeSource(
        self, request: service.CreateCodeSourceRequest, context: _Context
    ) -> service.CreateCodeSourceResponse:
        caller = current_caller()

        async def create() -> service.CreateCodeSourceResponse:
            scope = scope_text(request.scope) or "private"
            row = await self._sources.create(
                caller, request.name, request.content, namespace=request.namespace, scope=scope
            )
            return service.CreateCodeSourceResponse(code_source=_message(row))

        return await once(self._once, caller, request, service.CreateCodeSourceResponse, create)

    async def UpdateCodeSource(
        self, request: service.UpdateCodeSourceRequest, context: _Context
    ) -> service.UpdateCodeSourceResponse:
        named = replaced(request, _PARTS)
        scope = scope_text(request.scope)
        if named:
            scope = (scope or "private") if "scope" in named else None
        content = None if named and "content" not in named else request.content
        row = await self._sources.update(
            current_caller(), request.identifier, content, namespace=request.namespace, scope=scope, etag=request.etag
        )
        return service.UpdateCodeSourceResponse(code_source=_message(row))

    async def GetCodeSource(
        self, request: service.GetCodeSourceRequest, context: _Context
    ) -> service.GetCodeSourceResponse:
        fields = SHAPE.chosen(request.read_mask, SHAPE.all)
        row = await self._sources.get(current_caller(), request.identifier, namespace=request.namespace)
        return service.GetCodeSourceResponse(code_source=SHAPE.write(row, fields))

    async def ListCodeSources(
        self, request: service.ListCodeSourcesRequest, context: _Context
    ) -> service.ListCodeSourcesResponse:
        call = list_call(request, SHAPE)
        sources, token = await call.answer(lambda page: self._sources.page(current_caller(), page))
        return service.ListCodeSourcesResponse(code_sources=sources, next_page_token=token)

    async def DeleteCodeSource(
        self, request: service.DeleteCodeSourceRequest, context: _Context
    ) -> service.DeleteCodeSourceResponse:
        await self._sources.delete(current_caller(), request.identifier, namespace=request.namespace, etag=request.etag)
        return service.DeleteCodeSourceResponse()


def _message(row: Row) -> messages.CodeSource:
    return SHAPE.write(row, SHAPE.all)
