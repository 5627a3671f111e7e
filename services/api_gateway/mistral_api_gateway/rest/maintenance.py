"""``/maintenance``, and what every other endpoint answers while the mesh is in maintenance."""

from dataclasses import replace
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.maintenance import Maintenance
from mistral_api_gateway.rest import bodies, query
from mistral_api_gateway.rest.operation import Handler, Operation
from mistral_api_gateway.rest.resource import json_answer
from mistral_core.errors import InvalidInput
from mistral_persistence.maintenance import Standing, Status

_PATH: Final = "/maintenance"


class MaintenanceBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The attributes that a request may have."""

    status: str | None = None


_BODY: Final = msgspec.json.Decoder(MaintenanceBody)


class MaintenanceEndpoints:
    """What REST does with maintenance."""

    def __init__(self, gateway: Gateway, *, body_limit: int) -> None:
        self._maintenance = gateway.maintenance
        self._limit = body_limit

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""
        tell = "Tell whether the mesh works or is in maintenance"
        change = "Bring the mesh to a standstill (PAUSED), or let it work again (RUNNING)"
        return [
            Operation(method="GET", path=_PATH, handler=self.get, summary=tell, tag="service", gives="Maintenance"),
            Operation(
                method="PUT",
                path=_PATH,
                handler=self.change,
                summary=change,
                tag="service",
                takes="MaintenanceChange",
                gives="Maintenance",
                always=True,
            ),
        ]

    async def get(self, request: Request) -> Response:
        query.only(request, ())
        return _answer(await self._maintenance.get(current_caller()))

    async def change(self, request: Request) -> Response:
        query.only(request, ())
        sent = bodies.decoded(await bodies.body(request, self._limit), _BODY, "maintenance")
        match sent.status:
            case Status.PAUSED:
                return _answer(await self._maintenance.enter(current_caller()))
            case Status.RUNNING:
                return _answer(await self._maintenance.leave(current_caller()))
            case _:
                raise InvalidInput(f"The maintenance status must be PAUSED or RUNNING, not {sent.status!r}")


def waiting(operation: Operation, maintenance: Maintenance) -> Operation:
    """Return the operation as one that is refused during maintenance, unless it only reads or sees to that itself."""
    if operation.method == "GET" or operation.always:
        return operation
    return replace(operation, handler=_checked(operation.handler, maintenance))


def _checked(handler: Handler, maintenance: Maintenance) -> Handler:
    async def answer(request: Request) -> Response:
        maintenance.check()
        return await handler(request)

    return answer


def _answer(now: Standing) -> Response:
    return json_answer({"status": now.status})
