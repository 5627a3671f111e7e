"""DynamicActionService of ``mistral.v1``."""

from typing import Any, Final

import grpc.aio

from mistral.v1 import dynamic_action_pb2 as messages
from mistral.v1 import dynamic_action_service_pb2 as service
from mistral.v1 import dynamic_action_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.dynamic_actions import DynamicActionRequest
from mistral_api_gateway.rpc.idempotency import once
from mistral_api_gateway.rpc.masks import replaced
from mistral_api_gateway.rpc.paging import list_call
from mistral_api_gateway.rpc.scopes import scope_text
from mistral_api_gateway.rpc.shapes import Shape, definition_fields
from mistral_core.errors import InvalidInput
from mistral_persistence.dynamic_actions import DYNAMIC_ACTIONS, Row

_Context = grpc.aio.ServicerContext[Any, Any]

SHAPE: Final = Shape(
    messages.DynamicAction,
    DYNAMIC_ACTIONS,
    definition_fields("namespace", "class_name", "code_source_id", "code_source_name"),
)
_PARTS: Final = ("class_name", "code_source", "scope", "new_name")


class DynamicActionServicer(service_grpc.DynamicActionServiceServicer):
    """Keeps names for classes in uploaded code."""

    def __init__(self, gateway: Gateway) -> None:
        self._actions = gateway.dynamic_actions
        self._once = gateway.once

    async def CreateDynamicAction(
        self, request: service.CreateDynamicActionRequest, context: _Context
    ) -> service.CreateDynamicActionResponse:
        caller = current_caller()

        async def create() -> service.CreateDynamicActionResponse:
            wanted = DynamicActionRequest(
                name=request.name,
                class_name=request.class_name,
                code_source=request.code_source,
                namespace=request.namespace,
                scope=scope_text(request.scope),
            )
            return service.CreateDynamicActionResponse(
                dynamic_action=_message(await self._actions.create(caller, wanted))
            )

        return await once(self._once, caller, request, service.CreateDynamicActionResponse, create)

    async def UpdateDynamicAction(
        self, request: service.UpdateDynamicActionRequest, context: _Context
    ) -> service.UpdateDynamicActionResponse:
        row = await self._actions.update(current_caller(), _change(request), etag=request.etag)
        return service.UpdateDynamicActionResponse(dynamic_action=_message(row))

    async def GetDynamicAction(
        self, request: service.GetDynamicActionRequest, context: _Context
    ) -> service.GetDynamicActionResponse:
        fields = SHAPE.chosen(request.read_mask, SHAPE.all)
        row = await self._actions.get(current_caller(), request.identifier, namespace=request.namespace)
        return service.GetDynamicActionResponse(dynamic_action=SHAPE.write(row, fields))

    async def ListDynamicActions(
        self, request: service.ListDynamicActionsRequest, context: _Context
    ) -> service.ListDynamicActionsResponse:
        call = list_call(request, SHAPE)
        actions, token = await call.answer(lambda page: self._actions.page(current_caller(), page))
        return service.ListDynamicActionsResponse(dynamic_actions=actions, next_page_token=token)

    async def DeleteDynamicAction(
        self, request: service.DeleteDynamicActionRequest, context: _Context
    ) -> service.DeleteDynamicActionResponse:
        await self._actions.delete(current_caller(), request.identifier, namespace=request.namespace, etag=request.etag)
        return service.DeleteDynamicActionResponse()


def _change(request: service.UpdateDynamicActionRequest) -> DynamicActionRequest:
    if not request.identifier:
        raise InvalidInput("The id or name of the dynamic action must be given", field="identifier")
    named = replaced(request, _PARTS)
    for name in ("class_name", "code_source", "new_name"):
        if name in named and not getattr(request, name):
            raise InvalidInput(f"The {name} of a dynamic action cannot be replaced by nothing", field=name)
    scope = scope_text(request.scope)
    if named:
        scope = (scope or "private") if "scope" in named else None

    def part(name: str) -> str:
        text: str = getattr(request, name)
        return text if not named or name in named else ""

    return DynamicActionRequest(
        # Whether it is an id or a name shows when it is looked for.
        id=request.identifier,
        name=part("new_name"),
        class_name=part("class_name"),
        code_source=part("code_source"),
        namespace=request.namespace,
        scope=scope,
    )


def _message(row: Row) -> messages.DynamicAction:
    return SHAPE.write(row, SHAPE.all)
