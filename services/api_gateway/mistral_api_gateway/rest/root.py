"""What stands above the resources: which versions and services there are, and whether all is well."""

import asyncio
from typing import Any, Final

import nats.errors
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.rest import query
from mistral_api_gateway.rest.faults import JSON
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import json_answer
from mistral_core.errors import InvalidInput, WorkflowError

_PATIENCE_SECONDS: Final = 2.0
_FRESH_SECONDS: Final = 0.5


class RootEndpoints:
    """Version discovery and health."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._looked: tuple[float, dict[str, str]] | None = None

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""

        def make(path: str, handler: Any, summary: str, gives: str) -> Operation:
            more = {"gives": gives} if gives else {"status": 302}
            return Operation(method="GET", path=path, handler=handler, summary=summary, tag="service", **more)

        return [
            make("/", self.versions, "List the versions of the API", "Versions"),
            make("/v2", self.to_version, "Lead to the version", ""),
            make("/v2/", self.version, "Tell where the version is", "Version"),
            make("/info", self.info, "Tell what the operator says of this mesh", "Info"),
            make("/v2/services", self.services, "List the services that live", "Services"),
            make("/healthcheck", self.health, "The same as /healthz", "Health"),
            make("/healthz", self.health, "Tell whether Postgres, the bus and an engine answer", "Health"),
        ]

    async def versions(self, request: Request) -> Response:
        link = {"href": f"{_host(request)}/v2", "target": "v2", "rel": "self"}
        return json_answer({"versions": [{"id": "v2.0", "status": "CURRENT", "links": [link]}]})

    async def to_version(self, request: Request) -> Response:
        return RedirectResponse(f"{_host(request)}/v2/", 302)

    async def version(self, request: Request) -> Response:
        return json_answer({"uri": f"{_host(request)}/v2"})

    async def info(self, request: Request) -> Response:
        if self._gateway.info is None:
            raise InvalidInput("Info endpoint disabled.")
        return Response(self._gateway.info, media_type=JSON)

    async def services(self, request: Request) -> Response:
        query.only(request, ())
        living = await self._gateway.presence.services()
        return json_answer({"services": [{"name": one.name, "type": _group(one.kind)} for one in living]})

    async def health(self, request: Request) -> Response:
        checks = await self._checks()
        well = all(said == "ok" for said in checks.values())
        return json_answer({"healthy": well, **checks}, 200 if well else 503)

    async def _checks(self) -> dict[str, str]:
        now = asyncio.get_running_loop().time()
        if self._looked is None or now - self._looked[0] > _FRESH_SECONDS:
            found = await asyncio.gather(self._postgres(), self._bus(), self._engine())
            self._looked = now, dict(zip(("postgres", "bus", "engine"), found, strict=True))
        return self._looked[1]

    async def _postgres(self) -> str:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._gateway.store.read(_select_one)
        except (WorkflowError, TimeoutError):
            return "away"
        return "ok"

    async def _bus(self) -> str:
        if not self._gateway.bus.connected:
            return "away"
        try:
            await self._gateway.bus.client.flush(timeout=_PATIENCE_SECONDS)  # type: ignore[arg-type]
        except nats.errors.Error:
            return "away"
        return "ok"

    async def _engine(self) -> str:
        try:
            await self._gateway.engines.status(seconds=_PATIENCE_SECONDS)
        except WorkflowError:
            return "away"
        return "ok"


async def _select_one(pool: Any) -> None:
    await pool.fetchval("SELECT 1")


def _group(kind: str) -> str:
    return f"{kind.removesuffix('_gateway')}_group"


def _host(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"
