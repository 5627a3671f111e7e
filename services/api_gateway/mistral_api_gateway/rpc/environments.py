"""EnvironmentService of ``mistral.v1``."""

from typing import Any, Final

import grpc.aio

from mistral.v1 import environment_pb2 as messages
from mistral.v1 import environment_service_pb2 as service
from mistral.v1 import environment_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.environments import EnvironmentRequest
from mistral_api_gateway.rpc.idempotency import once
from mistral_api_gateway.rpc.masks import replaced
from mistral_api_gateway.rpc.paging import list_call
from mistral_api_gateway.rpc.scopes import scope_text
from mistral_api_gateway.rpc.shapes import Shape, definition_fields
from mistral_persistence.environments import ENVIRONMENTS, Row

_Context = grpc.aio.ServicerContext[Any, Any]

SHAPE: Final = Shape(messages.Environment, ENVIRONMENTS, definition_fields("description", "variables"))
_PARTS: Final = ("description", "variables", "scope")


class EnvironmentServicer(service_grpc.EnvironmentServiceServicer):
    """Keeps environments."""

    def __init__(self, gateway: Gateway) -> None:
        self._environments = gateway.environments
        self._once = gateway.once

    async def CreateEnvironment(
        self, request: service.CreateEnvironmentRequest, context: _Context
    ) -> service.CreateEnvironmentResponse:
        caller = current_caller()

        async def create() -> service.CreateEnvironmentResponse:
            wanted = EnvironmentRequest(
                name=request.name,
                variables=request.variables.encode(),
                description=request.description,
                scope=scope_text(request.scope),
            )
            return service.CreateEnvironmentResponse(
                environment=_message(await self._environments.create(caller, wanted))
            )

        return await once(self._once, caller, request, service.CreateEnvironmentResponse, create)

    async def UpdateEnvironment(
        self, request: service.UpdateEnvironmentRequest, context: _Context
    ) -> service.UpdateEnvironmentResponse:
        row = await self._environments.update(current_caller(), _change(request), etag=request.etag)
        return service.UpdateEnvironmentResponse(environment=_message(row))

    async def GetEnvironment(
        self, request: service.GetEnvironmentRequest, context: _Context
    ) -> service.GetEnvironmentResponse:
        fields = SHAPE.chosen(request.read_mask, SHAPE.all)
        row = await self._environments.get(current_caller(), request.name)
        return service.GetEnvironmentResponse(environment=SHAPE.write(row, fields))

    async def ListEnvironments(
        self, request: service.ListEnvironmentsRequest, context: _Context
    ) -> service.ListEnvironmentsResponse:
        call = list_call(request, SHAPE)
        environments, token = await call.answer(lambda page: self._environments.page(current_caller(), page))
        return service.ListEnvironmentsResponse(environments=environments, next_page_token=token)

    async def DeleteEnvironment(
        self, request: service.DeleteEnvironmentRequest, context: _Context
    ) -> service.DeleteEnvironmentResponse:
        await self._environments.delete(current_caller(), request.name, etag=request.etag)
        return service.DeleteEnvironmentResponse()


def _change(request: service.UpdateEnvironmentRequest) -> EnvironmentRequest:
    named = replaced(request, _PARTS)
    if not named:
        return EnvironmentRequest(
            name=request.name,
            variables=request.variables.encode(),
            description=request.description if request.HasField("description") else None,
            scope=scope_text(request.scope),
        )
    return EnvironmentRequest(
        name=request.name,
        variables=(request.variables.encode() or b"{}") if "variables" in named else b"",
        description=request.description if "description" in named else None,
        scope=(scope_text(request.scope) or "private") if "scope" in named else None,
    )


def _message(row: Row) -> messages.Environment:
    return SHAPE.write(row, SHAPE.all)
