"""SubscriptionService of ``mistral.v1``."""

from typing import Any, Final

import grpc.aio

from mistral.v1 import subscription_pb2 as messages
from mistral.v1 import subscription_service_pb2 as service
from mistral.v1 import subscription_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.subscriptions import SubscriptionRequest
from mistral_api_gateway.rpc.idempotency import once
from mistral_api_gateway.rpc.masks import replaced
from mistral_api_gateway.rpc.paging import list_call
from mistral_api_gateway.rpc.shapes import ETAG, TIME, Shape, plain
from mistral_persistence.subscriptions import ATTEMPTS, SUBSCRIPTIONS, Row

_Context = grpc.aio.ServicerContext[Any, Any]

_LISTS: Final = ("event_types", "workflow_names", "tags", "states")
SHAPE: Final = Shape(
    messages.Subscription,
    SUBSCRIPTIONS,
    {
        **{name: plain(name) for name in ("id", "name", "description", "enabled", "disabled_reason")},
        **{name: plain(name) for name in (*_LISTS, "condition", "publisher", "secrets")},
        "pending": plain("pending", compared=False),
        "dead": plain("dead", compared=False),
        "project_id": plain("project_id"),
        "created_at": plain("created_at", TIME),
        "updated_at": plain("updated_at", TIME),
        "etag": ETAG,
    },
)
ATTEMPT: Final = Shape(
    messages.DeliveryAttempt,
    ATTEMPTS,
    {
        **{name: plain(name) for name in ("id", "delivery_id", "execution_id", "event", "attempt", "delivered")},
        **{name: plain(name) for name in ("error", "milliseconds")},
        "created_at": plain("created_at", TIME),
    },
)
_PARTS: Final = ("name", "description", "enabled", *_LISTS, "condition", "publisher", "secrets")


class SubscriptionServicer(service_grpc.SubscriptionServiceServicer):
    """Keeps subscriptions."""

    def __init__(self, gateway: Gateway) -> None:
        self._subscriptions = gateway.subscriptions
        self._once = gateway.once

    async def CreateSubscription(
        self, request: service.CreateSubscriptionRequest, context: _Context
    ) -> service.CreateSubscriptionResponse:
        caller = current_caller()

        async def create() -> service.CreateSubscriptionResponse:
            wanted = SubscriptionRequest(
                name=request.name,
                description=request.description,
                enabled=not request.disabled,
                **{name: list(getattr(request, name)) for name in _LISTS},
                condition=request.condition,
                publisher=request.publisher.encode(),
                secrets=request.secrets.encode(),
            )
            row = await self._subscriptions.create(caller, wanted)
            return service.CreateSubscriptionResponse(subscription=_message(row))

        return await once(self._once, caller, request, service.CreateSubscriptionResponse, create)

    async def UpdateSubscription(
        self, request: service.UpdateSubscriptionRequest, context: _Context
    ) -> service.UpdateSubscriptionResponse:
        change = _change(request)
        row = await self._subscriptions.update(current_caller(), request.identifier, change, etag=request.etag)
        return service.UpdateSubscriptionResponse(subscription=_message(row))

    async def GetSubscription(
        self, request: service.GetSubscriptionRequest, context: _Context
    ) -> service.GetSubscriptionResponse:
        fields = SHAPE.chosen(request.read_mask, SHAPE.all)
        row = await self._subscriptions.get(current_caller(), request.identifier)
        return service.GetSubscriptionResponse(subscription=SHAPE.write(row, fields))

    async def ListSubscriptions(
        self, request: service.ListSubscriptionsRequest, context: _Context
    ) -> service.ListSubscriptionsResponse:
        call = list_call(request, SHAPE)
        found, token = await call.answer(lambda page: self._subscriptions.page(current_caller(), page))
        return service.ListSubscriptionsResponse(subscriptions=found, next_page_token=token)

    async def DeleteSubscription(
        self, request: service.DeleteSubscriptionRequest, context: _Context
    ) -> service.DeleteSubscriptionResponse:
        await self._subscriptions.delete(current_caller(), request.identifier, etag=request.etag)
        return service.DeleteSubscriptionResponse()

    async def TestSubscription(
        self, request: service.TestSubscriptionRequest, context: _Context
    ) -> service.TestSubscriptionResponse:
        trial = await self._subscriptions.test(current_caller(), request.identifier)
        return service.TestSubscriptionResponse(
            delivered=not trial.error, error=trial.error, milliseconds=trial.milliseconds
        )

    async def ListDeliveryAttempts(
        self, request: service.ListDeliveryAttemptsRequest, context: _Context
    ) -> service.ListDeliveryAttemptsResponse:
        call = list_call(request, ATTEMPT)
        found, token = await call.answer(
            lambda page: self._subscriptions.attempts(current_caller(), request.identifier, page)
        )
        return service.ListDeliveryAttemptsResponse(delivery_attempts=found, next_page_token=token)


def _change(request: service.UpdateSubscriptionRequest) -> SubscriptionRequest:
    named = replaced(request, _PARTS)

    def given(name: str) -> bool:
        if named:
            return name in named
        match name:
            case "description" | "enabled" | "condition":
                return request.HasField(name)
            case _:
                return bool(getattr(request, name))

    return SubscriptionRequest(
        name=request.name if given("name") else None,
        description=request.description if given("description") else None,
        enabled=request.enabled if given("enabled") else None,
        **{name: list(getattr(request, name)) if given(name) else None for name in _LISTS},
        condition=request.condition if given("condition") else None,
        publisher=request.publisher.encode() if given("publisher") else None,
        secrets=request.secrets.encode() if given("secrets") else None,
    )


def _message(row: Row) -> messages.Subscription:
    return SHAPE.write(row, SHAPE.all)
