"""CodeSourceService of ``mistral.v1``."""

from typing import Any

import grpc.aio

from mistral.v1 import code_source_pb2 as messages
from mistral.v1 import code_source_service_pb2 as service
from mistral.v1 import code_source_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.rpc.paging import page_of, split
from mistral_api_gateway.rpc.scopes import scope_message, scope_text
from mistral_api_gateway.rpc.states import timestamp
from mistral_persistence.code_sources import ALL_COLUMNS, Row

_Context = grpc.aio.ServicerContext[Any, Any]

_LISTED = tuple(name for name in ALL_COLUMNS if name not in ("content", "actions"))


class CodeSourceServicer(service_grpc.CodeSourceServiceServicer):
    """Keeps code for dynamic actions."""

    def __init__(self, gateway: Gateway) -> None:
        self._sources = gateway.code_sources

    async def CreateCodeSource(
        self, request: service.CreateCodeSourceRequest, context: _Context
    ) -> service.CreateCodeSourceResponse:
        scope = scope_text(request.scope) or "private"
        row = await self._sources.create(
            current_caller(), request.name, request.content, namespace=request.namespace, scope=scope
        )
        return service.CreateCodeSourceResponse(code_source=_message(row))

    async def UpdateCodeSource(
        self, request: service.UpdateCodeSourceRequest, context: _Context
    ) -> service.UpdateCodeSourceResponse:
        scope = scope_text(request.scope)
        row = await self._sources.update(
            current_caller(), request.identifier, request.content, namespace=request.namespace, scope=scope
        )
        return service.UpdateCodeSourceResponse(code_source=_message(row))

    async def GetCodeSource(
        self, request: service.GetCodeSourceRequest, context: _Context
    ) -> service.GetCodeSourceResponse:
        row = await self._sources.get(current_caller(), request.identifier, namespace=request.namespace)
        return service.GetCodeSourceResponse(code_source=_message(row))

    async def ListCodeSources(
        self, request: service.ListCodeSourcesRequest, context: _Context
    ) -> service.ListCodeSourcesResponse:
        wanted = page_of(_LISTED, request.page_size, request.page_token)
        shown, token = split(await self._sources.page(current_caller(), wanted), wanted)
        return service.ListCodeSourcesResponse(code_sources=map(_message, shown), next_page_token=token)

    async def DeleteCodeSource(
        self, request: service.DeleteCodeSourceRequest, context: _Context
    ) -> service.DeleteCodeSourceResponse:
        await self._sources.delete(current_caller(), request.identifier, namespace=request.namespace)
        return service.DeleteCodeSourceResponse()


def _message(row: Row) -> messages.CodeSource:
    return messages.CodeSource(
        id=row["id"],
        name=row["name"],
        namespace=row["namespace"],
        content=row.get("content", ""),
        version=row["version"],
        scope=scope_message(row["scope"]),
        project_id=row["project_id"],
        created_at=timestamp(row["created_at"]),
        updated_at=timestamp(row["updated_at"]),
    )
