"""API keys as tests make and send them."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc.aio
import httpx

from mistral.v1 import api_key_pb2, api_key_service_pb2, api_key_service_pb2_grpc
from mistral_api_gateway.app import running
from mistral_api_gateway.settings import GatewaySettings

READ, WRITE, ADMIN = (
    api_key_pb2.API_KEY_SCOPE_READ,
    api_key_pb2.API_KEY_SCOPE_WRITE,
    api_key_pb2.API_KEY_SCOPE_ADMIN,
)


def first_key(database: str, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "mistral_api_gateway.access.first_key", *arguments]
    done = subprocess.run(command, env={"MISTRAL_DATABASE_URL": database}, capture_output=True, text=True, check=True)
    made: dict[str, Any] = json.loads(done.stdout)
    return made


class Keys:
    """The service as an administrator calls it."""

    def __init__(self, channel: grpc.aio.Channel, secret: str) -> None:
        self._stub = api_key_service_pb2_grpc.ApiKeyServiceStub(channel)
        self._metadata = (("authorization", f"Bearer {secret}"),)

    async def create(self, name: str = "ci", **given: Any) -> api_key_service_pb2.CreateApiKeyResponse:
        given.setdefault("scopes", [WRITE])
        request = api_key_service_pb2.CreateApiKeyRequest(name=name, **given)
        return await self._stub.CreateApiKey(request, metadata=self._metadata)

    async def revoke(self, key_id: str) -> api_key_pb2.ApiKey:
        request = api_key_service_pb2.RevokeApiKeyRequest(id=key_id)
        return (await self._stub.RevokeApiKey(request, metadata=self._metadata)).api_key

    async def get(self, key_id: str) -> api_key_pb2.ApiKey:
        request = api_key_service_pb2.GetApiKeyRequest(id=key_id)
        return (await self._stub.GetApiKey(request, metadata=self._metadata)).api_key

    async def list(self, **given: Any) -> api_key_service_pb2.ListApiKeysResponse:
        request = api_key_service_pb2.ListApiKeysRequest(**given)
        return await self._stub.ListApiKeys(request, metadata=self._metadata)


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


@asynccontextmanager
async def other_gateway(settings: GatewaySettings) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        running(settings) as ports,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports.http}", timeout=10) as client,
    ):
        yield client
