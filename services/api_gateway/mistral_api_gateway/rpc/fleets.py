"""FleetService of ``mistral.v1``."""

from typing import Any, Final

import grpc.aio

from mistral.v1 import fleet_pb2 as messages
from mistral.v1 import fleet_service_pb2 as service
from mistral.v1 import fleet_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.fleets import FleetRequest
from mistral_api_gateway.rpc.idempotency import once
from mistral_api_gateway.rpc.paging import list_call
from mistral_api_gateway.rpc.scopes import scope_text
from mistral_api_gateway.rpc.shapes import Shape, definition_fields, plain
from mistral_api_gateway.rpc.states import timestamp
from mistral_persistence.fleets import FLEETS, Row

_Context = grpc.aio.ServicerContext[Any, Any]

_DRIVERS: Final = {"process": messages.FLEET_DRIVER_PROCESS, "kubernetes": messages.FLEET_DRIVER_KUBERNETES}
_DRIVER_TEXTS: Final = {number: text for text, number in _DRIVERS.items()}
_STATES: Final = {
    "STARTING": messages.FLEET_WORKER_STATE_STARTING,
    "RUNNING": messages.FLEET_WORKER_STATE_RUNNING,
    "STOPPING": messages.FLEET_WORKER_STATE_STOPPING,
    "ENDED": messages.FLEET_WORKER_STATE_ENDED,
}


def _driver_literal(text: str) -> str:
    return text.removeprefix("FLEET_DRIVER_").lower()


SHAPE: Final = Shape(
    messages.Fleet,
    FLEETS,
    {
        **definition_fields("description", "template", "most_workers", "slots", "idle_seconds"),
        "driver": plain(
            "driver", _DRIVERS.__getitem__, literal=lambda text: text.removeprefix("FLEET_DRIVER_").lower()
        ),
    },
)


class FleetServicer(service_grpc.FleetServiceServicer):
    """Keeps fleets."""

    def __init__(self, gateway: Gateway) -> None:
        self._fleets = gateway.fleets
        self._once = gateway.once

    async def CreateFleet(self, request: service.CreateFleetRequest, context: _Context) -> service.CreateFleetResponse:
        caller = current_caller()

        async def create() -> service.CreateFleetResponse:
            row = await self._fleets.create(caller, _wanted(request, request.description))
            return service.CreateFleetResponse(fleet=_message(row))

        return await once(self._once, caller, request, service.CreateFleetResponse, create)

    async def UpdateFleet(self, request: service.UpdateFleetRequest, context: _Context) -> service.UpdateFleetResponse:
        description = request.description if request.HasField("description") else None
        row = await self._fleets.update(current_caller(), _wanted(request, description), etag=request.etag)
        return service.UpdateFleetResponse(fleet=_message(row))

    async def GetFleet(self, request: service.GetFleetRequest, context: _Context) -> service.GetFleetResponse:
        fields = SHAPE.chosen(request.read_mask, SHAPE.all)
        row = await self._fleets.get(current_caller(), request.name)
        return service.GetFleetResponse(fleet=SHAPE.write(row, fields))

    async def ListFleets(self, request: service.ListFleetsRequest, context: _Context) -> service.ListFleetsResponse:
        call = list_call(request, SHAPE)
        fleets, token = await call.answer(lambda page: self._fleets.page(current_caller(), page))
        return service.ListFleetsResponse(fleets=fleets, next_page_token=token)

    async def DeleteFleet(self, request: service.DeleteFleetRequest, context: _Context) -> service.DeleteFleetResponse:
        await self._fleets.delete(current_caller(), request.name, etag=request.etag)
        return service.DeleteFleetResponse()

    async def ListFleetWorkers(
        self, request: service.ListFleetWorkersRequest, context: _Context
    ) -> service.ListFleetWorkersResponse:
        rows = await self._fleets.workers(
            current_caller(), request.name, execution_id=request.execution_id, ended=request.ended
        )
        return service.ListFleetWorkersResponse(workers=[_worker(request.name, row) for row in rows])


def _wanted(request: service.CreateFleetRequest | service.UpdateFleetRequest, description: str | None) -> FleetRequest:
    return FleetRequest(
        name=request.name,
        driver=_DRIVER_TEXTS.get(request.driver),
        template=request.template.encode(),
        description=description,
        most_workers=request.most_workers or None,
        slots=request.slots or None,
        idle_seconds=request.idle_seconds or None,
        scope=scope_text(request.scope),
    )


def _message(row: Row) -> messages.Fleet:
    return SHAPE.write(row, SHAPE.all)


def _worker(fleet: str, row: Row) -> messages.FleetWorker:
    return messages.FleetWorker(
        id=row["id"],
        worker_id=f"{fleet}-{row['id']}",
        execution_id=row["execution_id"],
        state=_STATES[row["state"]],
        handle=row["handle"],
        reason=row["reason"],
        created_at=timestamp(row["created_at"]),
        ended_at=timestamp(row["ended_at"]),
    )
