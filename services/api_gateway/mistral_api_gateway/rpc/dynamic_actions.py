"""DynamicActionService of ``mistral.v1``."""

from typing import Any

import grpc.aio

from mistral.v1 import dynamic_action_pb2 as messages
from mistral.v1 import dynamic_action_service_pb2 as service
from mistral.v1 import dynamic_action_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.dynamic_actions import DynamicActionRequest
from mistral_api_gateway.rpc.paging import page_of, split
from mistral_api_gateway.rpc.scopes import scope_message, scope_text
from mistral_api_gateway.rpc.states import timestamp
from mistral_persistence.dynamic_actions import ALL_COLUMNS, Row

_Context = grpc.aio.ServicerContext[Any, Any]


class DynamicActionServicer(service_grpc.DynamicActionServiceServicer):
    """Keeps names for classes in uploaded code."""

    def __init__(self, gateway: Gateway) -> None:
        self._actions = gateway.dynamic_actions

    async def CreateDynamicAction(
        self, request: service.CreateDynamicActionRequest, context: _Context
    ) -> service.CreateDynamicActionResponse:
        wanted = DynamicActionRequest(
            name=request.name,
            class_name=request.class_name,
            code_source=request.code_source,
            namespace=request.namespace,
            scope=scope_text(request.scope),
        )
        row = await self._actions.create(current_caller(), wanted)
        return service.CreateDynamicActionResponse(dynamic_action=_message(row))

    async def UpdateDynamicAction(
        self, request: service.UpdateDynamicActionRequest, context: _Context
    ) -> service.UpdateDynamicActionResponse:
        wanted = DynamicActionRequest(
            # Whether it is an id or a name shows when it is looked for.
            id=request.identifier,
            class_name=request.class_name,
            code_source=request.code_source,
            namespace=request.namespace,
            scope=scope_text(request.scope),
        )
        row = await self._actions.update(current_caller(), wanted)
        return service.UpdateDynamicActionResponse(dynamic_action=_message(row))

    async def GetDynamicAction(
        self, request: service.GetDynamicActionRequest, context: _Context
    ) -> service.GetDynamicActionResponse:
        row = await self._actions.get(current_caller(), request.identifier, namespace=request.namespace)
        return service.GetDynamicActionResponse(dynamic_action=_message(row))

    async def ListDynamicActions(
        self, request: service.ListDynamicActionsRequest, context: _Context
    ) -> service.ListDynamicActionsResponse:
        wanted = page_of(ALL_COLUMNS, request.page_size, request.page_token)
        shown, token = split(await self._actions.page(current_caller(), wanted), wanted)
        return service.ListDynamicActionsResponse(dynamic_actions=map(_message, shown), next_page_token=token)

    async def DeleteDynamicAction(
        self, request: service.DeleteDynamicActionRequest, context: _Context
    ) -> service.DeleteDynamicActionResponse:
        await self._actions.delete(current_caller(), request.identifier, namespace=request.namespace)
        return service.DeleteDynamicActionResponse()


def _message(row: Row) -> messages.DynamicAction:
    return messages.DynamicAction(
        id=row["id"],
        name=row["name"],
        namespace=row["namespace"],
        class_name=row["class_name"],
        code_source_id=row["code_source_id"],
        code_source_name=row["code_source_name"],
        scope=scope_message(row["scope"]),
        project_id=row["project_id"],
        created_at=timestamp(row["created_at"]),
        updated_at=timestamp(row["updated_at"]),
    )
