"""ServiceService of ``mistral.v1``."""

from typing import Any, Final

import grpc.aio

from mistral.v1 import service_pb2 as messages
from mistral.v1 import service_service_pb2 as service
from mistral.v1 import service_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.live.presence import Living
from mistral_api_gateway.rpc.states import timestamp_of

_KINDS: Final = {
    "api_gateway": messages.SERVICE_KIND_API_GATEWAY,
    "engine": messages.SERVICE_KIND_ENGINE,
    "executor": messages.SERVICE_KIND_EXECUTOR,
    "scheduler": messages.SERVICE_KIND_SCHEDULER,
    "notifier": messages.SERVICE_KIND_NOTIFIER,
}
_Context = grpc.aio.ServicerContext[Any, Any]


class ServiceServicer(service_grpc.ServiceServiceServicer):
    """Shows the services that live."""

    def __init__(self, gateway: Gateway) -> None:
        self._presence = gateway.presence

    async def ListServices(
        self, request: service.ListServicesRequest, context: _Context
    ) -> service.ListServicesResponse:
        living = [_message(one) for one in await self._presence.services()]
        return service.ListServicesResponse(
            services=[one for one in living if not request.kinds or one.kind in request.kinds]
        )


def _message(living: Living) -> messages.Service:
    return messages.Service(
        name=living.name,
        kind=_KINDS.get(living.kind, messages.SERVICE_KIND_UNSPECIFIED),
        address=living.address,
        started_at=timestamp_of(living.started),
    )
