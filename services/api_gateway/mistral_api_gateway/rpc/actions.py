"""ActionService of ``mistral.v1``."""

from typing import Any, Final

import grpc.aio

from mistral.v1 import action_pb2 as messages
from mistral.v1 import action_service_pb2 as service
from mistral.v1 import action_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.action_pages import page_of
from mistral_api_gateway.operations.actions import Action
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.rpc.paging import name_of_token, size_of, token_of_name
from mistral_api_gateway.rpc.scopes import scope_message, scope_text
from mistral_api_gateway.rpc.states import timestamp
from mistral_persistence.listing import Filter, Operator, Page

_Context = grpc.aio.ServicerContext[Any, Any]

_BY_NAME: Final = (("name", False),)


class ActionServicer(service_grpc.ActionServiceServicer):
    """Shows actions, and keeps the ad-hoc ones."""

    def __init__(self, gateway: Gateway) -> None:
        self._actions = gateway.actions

    async def CreateActions(
        self, request: service.CreateActionsRequest, context: _Context
    ) -> service.CreateActionsResponse:
        scope = scope_text(request.scope) or "private"
        stored = await self._actions.create(
            current_caller(), request.definition, namespace=request.namespace, scope=scope
        )
        return service.CreateActionsResponse(actions=map(_message, stored))

    async def UpdateActions(
        self, request: service.UpdateActionsRequest, context: _Context
    ) -> service.UpdateActionsResponse:
        scope = scope_text(request.scope)
        stored = await self._actions.update(
            current_caller(), request.definition, namespace=request.namespace, scope=scope
        )
        return service.UpdateActionsResponse(actions=map(_message, stored))

    async def GetAction(self, request: service.GetActionRequest, context: _Context) -> service.GetActionResponse:
        action = await self._actions.get(current_caller(), request.identifier, namespace=request.namespace)
        return service.GetActionResponse(action=_message(action))

    async def ListActions(self, request: service.ListActionsRequest, context: _Context) -> service.ListActionsResponse:
        filters = [Filter("namespace", Operator.EQ, (request.namespace,))] if request.HasField("namespace") else []
        size = size_of(request.page_size)
        marker = name_of_token(request.page_token)
        wanted = Page(columns=(), filters=filters, sort=_BY_NAME, marker=marker, limit=size + 1)
        found = page_of(await self._actions.all(current_caller()), wanted)
        token = token_of_name(found[size - 1]["id"]) if len(found) > size else ""
        shown = [_message({**action, "definition": ""}) for action in found[:size]]
        return service.ListActionsResponse(actions=shown, next_page_token=token)

    async def DeleteAction(
        self, request: service.DeleteActionRequest, context: _Context
    ) -> service.DeleteActionResponse:
        await self._actions.delete(current_caller(), request.identifier, namespace=request.namespace)
        return service.DeleteActionResponse()

    async def ValidateActions(
        self, request: service.ValidateActionsRequest, context: _Context
    ) -> service.ValidateActionsResponse:
        fault = self._actions.fault(request.definition)
        return service.ValidateActionsResponse(valid=fault is None, error=fault or "")


def _message(action: Action) -> messages.Action:
    return messages.Action(
        id=action["id"],
        name=action["name"],
        namespace=action["namespace"],
        description=action["description"],
        input=action["input"],
        definition=action["definition"],
        tags=action["tags"],
        scope=scope_message(action["scope"]),
        project_id=action["project_id"],
        created_at=timestamp(action["created_at"] or None),
        updated_at=timestamp(action["updated_at"] or None),
    )
