"""ApiKeyService of ``mistral.v1``."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import grpc.aio

from mistral.v1 import api_key_pb2 as messages
from mistral.v1 import api_key_service_pb2 as service
from mistral.v1 import api_key_service_pb2_grpc as service_grpc
from mistral_api_gateway.access.api_keys import ADMIN, READ, WRITE
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.rpc.paging import equal, page_of, split
from mistral_api_gateway.rpc.states import timestamp
from mistral_core.errors import InvalidInput
from mistral_persistence.api_keys import ALL_COLUMNS, Row

_Context = grpc.aio.ServicerContext[Any, Any]

_SCOPES: dict[str, messages.ApiKeyScope.ValueType] = {
    READ: messages.API_KEY_SCOPE_READ,
    WRITE: messages.API_KEY_SCOPE_WRITE,
    ADMIN: messages.API_KEY_SCOPE_ADMIN,
}
_NAMES = {number: name for name, number in _SCOPES.items()}


class ApiKeyServicer(service_grpc.ApiKeyServiceServicer):
    """Makes API keys and revokes them."""

    def __init__(self, gateway: Gateway) -> None:
        self._keys = gateway.api_keys

    async def CreateApiKey(
        self, request: service.CreateApiKeyRequest, context: _Context
    ) -> service.CreateApiKeyResponse:
        row, secret = await self._keys.create(
            current_caller(),
            request.name,
            project=request.project_id,
            roles=request.roles,
            scopes=_scopes(request.scopes),
            expires_at=_moment(request),
        )
        return service.CreateApiKeyResponse(api_key=_message(row), secret=secret.text)

    async def GetApiKey(self, request: service.GetApiKeyRequest, context: _Context) -> service.GetApiKeyResponse:
        return service.GetApiKeyResponse(api_key=_message(await self._keys.get(current_caller(), request.id)))

    async def ListApiKeys(self, request: service.ListApiKeysRequest, context: _Context) -> service.ListApiKeysResponse:
        filters = [equal("project_id", request.project_id)]
        wanted = page_of(ALL_COLUMNS, request.page_size, request.page_token, filters)
        shown, token = split(await self._keys.page(current_caller(), wanted), wanted)
        return service.ListApiKeysResponse(api_keys=map(_message, shown), next_page_token=token)

    async def RevokeApiKey(
        self, request: service.RevokeApiKeyRequest, context: _Context
    ) -> service.RevokeApiKeyResponse:
        return service.RevokeApiKeyResponse(api_key=_message(await self._keys.revoke(current_caller(), request.id)))


def _scopes(numbers: Iterable[int]) -> list[str]:
    wanted = list(numbers)
    unknown = [number for number in wanted if number not in _NAMES]
    if unknown:
        raise InvalidInput(f"There is no scope of the number {unknown[0]}")
    return [_NAMES[number] for number in wanted]  # type: ignore[index]


def _moment(request: service.CreateApiKeyRequest) -> datetime | None:
    if not request.HasField("expires_at"):
        return None
    try:
        return request.expires_at.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise InvalidInput("expires_at is not a time") from None


def _message(row: Row) -> messages.ApiKey:
    return messages.ApiKey(
        id=row["id"],
        prefix=row["prefix"],
        name=row["name"],
        project_id=row["project_id"],
        roles=row["roles"],
        scopes=[_SCOPES[scope] for scope in row["scopes"]],
        created_by=row["created_by"],
        created_at=timestamp(row["created_at"]),
        expires_at=timestamp(row["expires_at"]),
        used_at=timestamp(row["used_at"]),
        revoked_at=timestamp(row["revoked_at"]),
    )
