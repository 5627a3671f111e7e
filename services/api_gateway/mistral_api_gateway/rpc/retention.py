"""RetentionService of ``mistral.v1``."""

from typing import Any

import grpc.aio

from mistral.v1 import retention_pb2 as messages
from mistral.v1 import retention_service_pb2 as service
from mistral.v1 import retention_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.retention import RetentionRequest
from mistral_api_gateway.rpc.states import timestamp
from mistral_persistence.retention_policies import Policy

_Context = grpc.aio.ServicerContext[Any, Any]


class RetentionServicer(service_grpc.RetentionServiceServicer):
    """Says how long executions are kept."""

    def __init__(self, gateway: Gateway) -> None:
        self._retention = gateway.retention

    async def GetRetention(
        self, request: service.GetRetentionRequest, context: _Context
    ) -> service.GetRetentionResponse:
        return service.GetRetentionResponse(retention=_message(await self._retention.get(current_caller())))

    async def UpdateRetention(
        self, request: service.UpdateRetentionRequest, context: _Context
    ) -> service.UpdateRetentionResponse:
        stored = await self._retention.update(current_caller(), _limits(request))
        return service.UpdateRetentionResponse(retention=_message(stored))

    async def DeleteRetention(
        self, request: service.DeleteRetentionRequest, context: _Context
    ) -> service.DeleteRetentionResponse:
        await self._retention.delete(current_caller())
        return service.DeleteRetentionResponse()

    async def PreviewRetention(
        self, request: service.PreviewRetentionRequest, context: _Context
    ) -> service.PreviewRetentionResponse:
        found = await self._retention.preview(current_caller(), _limits(request))
        preview = messages.RetentionPreview(
            count=found.count,
            oldest=timestamp(found.oldest),
            newest=timestamp(found.newest),
            execution_ids=found.ids,
        )
        return service.PreviewRetentionResponse(preview=preview)


def _limits(request: service.UpdateRetentionRequest | service.PreviewRetentionRequest) -> RetentionRequest:
    return RetentionRequest(
        older_than_minutes=request.older_than_minutes if request.HasField("older_than_minutes") else None,
        max_finished=request.max_finished if request.HasField("max_finished") else None,
        ignored_states=tuple(request.ignored_states),
    )


def _message(policy: Policy) -> messages.Retention:
    return messages.Retention(
        own=bool(policy.project),
        older_than_minutes=policy.older_than_minutes,
        max_finished=policy.max_finished,
        ignored_states=policy.ignored_states,
        updated_at=timestamp(policy.updated_at),
    )
