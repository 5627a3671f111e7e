"""EnvironmentService of ``mistral.v1``."""

from typing import Any

import grpc.aio

from mistral.v1 import environment_pb2 as messages
from mistral.v1 import environment_service_pb2 as service
from mistral.v1 import environment_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.environments import EnvironmentRequest
from mistral_api_gateway.rpc.paging import page_of, split
from mistral_api_gateway.rpc.scopes import scope_message, scope_text
from mistral_api_gateway.rpc.states import timestamp
from mistral_persistence.environments import ALL_COLUMNS, Row

_Context = grpc.aio.ServicerContext[Any, Any]


class EnvironmentServicer(service_grpc.EnvironmentServiceServicer):
    """Keeps environments."""

    def __init__(self, gateway: Gateway) -> None:
        self._environments = gateway.environments

    async def CreateEnvironment(
        self, request: service.CreateEnvironmentRequest, context: _Context
    ) -> service.CreateEnvironmentResponse:
        wanted = EnvironmentRequest(
            name=request.name,
            variables=request.variables.encode(),
            description=request.description or None,
            scope=scope_text(request.scope),
        )
        row = await self._environments.create(current_caller(), wanted)
        return service.CreateEnvironmentResponse(environment=_message(row))

    async def UpdateEnvironment(
        self, request: service.UpdateEnvironmentRequest, context: _Context
    ) -> service.UpdateEnvironmentResponse:
        wanted = EnvironmentRequest(
            name=request.name,
            variables=request.variables.encode(),
            description=request.description if request.HasField("description") else None,
            scope=scope_text(request.scope),
        )
        row = await self._environments.update(current_caller(), wanted)
        return service.UpdateEnvironmentResponse(environment=_message(row))

    async def GetEnvironment(
        self, request: service.GetEnvironmentRequest, context: _Context
    ) -> service.GetEnvironmentResponse:
        row = await self._environments.get(current_caller(), request.name)
        return service.GetEnvironmentResponse(environment=_message(row))

    async def ListEnvironments(
        self, request: service.ListEnvironmentsRequest, context: _Context
    ) -> service.ListEnvironmentsResponse:
        page = page_of(ALL_COLUMNS, request.page_size, request.page_token)
        rows, token = split(await self._environments.page(current_caller(), page), page)
        return service.ListEnvironmentsResponse(environments=[_message(row) for row in rows], next_page_token=token)

    async def DeleteEnvironment(
        self, request: service.DeleteEnvironmentRequest, context: _Context
    ) -> service.DeleteEnvironmentResponse:
        await self._environments.delete(current_caller(), request.name)
        return service.DeleteEnvironmentResponse()


def _message(row: Row) -> messages.Environment:
    return messages.Environment(
        id=row["id"],
        name=row["name"],
        description=row["description"] or "",
        variables=row["variables"],
        scope=scope_message(row["scope"]),
        project_id=row["project_id"],
        created_at=timestamp(row["created_at"]),
        updated_at=timestamp(row["updated_at"]),
    )
