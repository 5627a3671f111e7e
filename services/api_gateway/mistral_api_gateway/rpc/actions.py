"""ActionService of ``mistral.v1``."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import grpc.aio

from mistral.v1 import action_pb2 as messages
from mistral.v1 import action_service_pb2 as service
from mistral.v1 import action_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.action_pages import page_of
from mistral_api_gateway.operations.actions import Action
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.etags import etag_of
from mistral_api_gateway.rpc.idempotency import once
from mistral_api_gateway.rpc.paging import exactly, list_call
from mistral_api_gateway.rpc.scopes import scope_text
from mistral_api_gateway.rpc.shapes import Field, Shape, definition_fields, plain
from mistral_api_gateway.rpc.states import timestamp
from mistral_core.errors import InvalidInput
from mistral_persistence.action_definitions import ACTION_DEFINITIONS
from mistral_persistence.listing import Page

_Context = grpc.aio.ServicerContext[Any, Any]

_BY_NAME: Final = (("name", False),)


def _offer(offer: Mapping[str, Any] | None) -> messages.OfferedAction | None:
    if offer is None:
        return None
    shown = messages.OfferedAction(**{name: value for name, value in offer.items() if name != "last_offered_at"})
    shown.last_offered_at.FromDatetime(offer["last_offered_at"])
    return shown


def _etag(action: Mapping[str, Any]) -> str:
    return etag_of(action) if action["created_at"] else ""


SHAPE: Final = Shape(
    messages.Action,
    ACTION_DEFINITIONS,
    {
        **definition_fields("namespace", "description", "input", "definition", "tags"),
        # Those that executors offer have no times.
        "created_at": plain("created_at", lambda moment: timestamp(moment or None)),
        "updated_at": plain("updated_at", lambda moment: timestamp(moment or None)),
        "is_system": Field((), lambda action: not action["created_at"]),
        "workbook": Field((), lambda action: action.get("workbook")),
        "etag": Field((), _etag),
        "offer": Field((), lambda action: _offer(action.get("offer"))),
    },
    heavy=("definition",),
)


class ActionServicer(service_grpc.ActionServiceServicer):
    """Shows actions, and keeps the ad-hoc ones."""

    def __init__(self, gateway: Gateway) -> None:
        self._actions = gateway.actions
        self._once = gateway.once

    async def CreateActions(
        self, request: service.CreateActionsRequest, context: _Context
    ) -> service.CreateActionsResponse:
        caller = current_caller()

        async def create() -> service.CreateActionsResponse:
            stored = await self._actions.create(
                caller, request.definition, namespace=request.namespace, scope=scope_text(request.scope) or "private"
            )
            return service.CreateActionsResponse(actions=map(_message, stored))

        return await once(self._once, caller, request, service.CreateActionsResponse, create)

    async def UpdateActions(
        self, request: service.UpdateActionsRequest, context: _Context
    ) -> service.UpdateActionsResponse:
        stored = await self._actions.update(
            current_caller(),
            request.definition,
            namespace=request.namespace,
            scope=scope_text(request.scope),
            etags=request.etags,
        )
        return service.UpdateActionsResponse(actions=map(_message, stored))

    async def UpdateAction(
        self, request: service.UpdateActionRequest, context: _Context
    ) -> service.UpdateActionResponse:
        if not request.identifier:
            raise InvalidInput("The id or name of the action must be given", field="identifier")
        (stored,) = await self._actions.update(
            current_caller(),
            request.definition,
            identifier=request.identifier,
            namespace=request.namespace,
            scope=scope_text(request.scope),
            etags={request.identifier: request.etag},
        )
        return service.UpdateActionResponse(action=_message(stored))

    async def GetAction(self, request: service.GetActionRequest, context: _Context) -> service.GetActionResponse:
        fields = SHAPE.chosen(request.read_mask, SHAPE.all)
        action = await self._actions.get(current_caller(), request.identifier, namespace=request.namespace)
        return service.GetActionResponse(action=SHAPE.write(action, fields))

    async def ListActions(self, request: service.ListActionsRequest, context: _Context) -> service.ListActionsResponse:
        call = list_call(request, SHAPE, filters=[exactly(request, "namespace")], sort=_BY_NAME, named=True)
        if call.page.nulls:
            raise InvalidInput("Actions cannot be filtered by null", field="filter")
        actions, token = await call.answer(self._page)
        return service.ListActionsResponse(actions=actions, next_page_token=token)

    async def _page(self, page: Page) -> Sequence[Action]:
        return page_of(await self._actions.all(current_caller()), page)

    async def DeleteAction(
        self, request: service.DeleteActionRequest, context: _Context
    ) -> service.DeleteActionResponse:
        await self._actions.delete(current_caller(), request.identifier, namespace=request.namespace, etag=request.etag)
        return service.DeleteActionResponse()

    async def ValidateActions(
        self, request: service.ValidateActionsRequest, context: _Context
    ) -> service.ValidateActionsResponse:
        fault = self._actions.fault(request.definition)
        return service.ValidateActionsResponse(valid=fault is None, error=fault or "")


def _message(action: Action) -> messages.Action:
    return SHAPE.write(action, SHAPE.all)
