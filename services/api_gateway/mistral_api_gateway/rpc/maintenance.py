"""MaintenanceService of ``mistral.v1``, and what all other services answer while the mesh is in maintenance."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import grpc
import grpc.aio

from mistral.v1 import maintenance_pb2 as messages
from mistral.v1 import maintenance_service_pb2 as service
from mistral.v1 import maintenance_service_pb2_grpc as service_grpc
from mistral.v1 import state_pb2
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.maintenance import Maintenance
from mistral_api_gateway.rpc.states import timestamp
from mistral_persistence.maintenance import Standing, Status

_Context = grpc.aio.ServicerContext[Any, Any]
_Behaviour = Callable[[Any, Any], Awaitable[Any]]

_READING: Final = ("Get", "List", "Watch", "Validate", "Report", "Find", "Count", "Describe", "Preview")
_ALWAYS: Final = ("EnterMaintenance", "LeaveMaintenance")


class MaintenanceServicer(service_grpc.MaintenanceServiceServicer):
    """Begins and ends maintenance."""

    def __init__(self, gateway: Gateway) -> None:
        self._maintenance = gateway.maintenance

    async def GetMaintenance(
        self, request: service.GetMaintenanceRequest, context: _Context
    ) -> service.GetMaintenanceResponse:
        now = await self._maintenance.get(current_caller())
        return service.GetMaintenanceResponse(maintenance=_message(now))

    async def EnterMaintenance(
        self, request: service.EnterMaintenanceRequest, context: _Context
    ) -> service.EnterMaintenanceResponse:
        now = await self._maintenance.enter(current_caller())
        return service.EnterMaintenanceResponse(maintenance=_message(now))

    async def LeaveMaintenance(
        self, request: service.LeaveMaintenanceRequest, context: _Context
    ) -> service.LeaveMaintenanceResponse:
        now = await self._maintenance.leave(current_caller())
        return service.LeaveMaintenanceResponse(maintenance=_message(now))


class Waiting:
    """The server as the services see it when they are added: what changes something waits for the end of maintenance.

    Args:
        server: The server, or what else stands before it.
    """

    def __init__(self, server: Any, maintenance: Maintenance) -> None:
        self._server = server
        self._maintenance = maintenance

    def add_generic_rpc_handlers(self, handlers: Sequence[Any]) -> None:
        """Take no notice: the same handlers come by name."""

    def add_registered_method_handlers(self, name: str, handlers: Mapping[str, Any]) -> None:
        """Hand the handlers of a service on, those that change something with a check before them."""
        checked = {method: self._checked(method, handler) for method, handler in handlers.items()}
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, checked),))
        self._server.add_registered_method_handlers(name, checked)

    def _checked(self, method: str, handler: Any) -> Any:
        if method.startswith((*_READING, *_ALWAYS)):
            return handler
        codecs = {
            "request_deserializer": handler.request_deserializer,
            "response_serializer": handler.response_serializer,
        }
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(self._call(method, handler.unary_unary), **codecs)
        return grpc.unary_stream_rpc_method_handler(self._stream(method, handler.unary_stream), **codecs)

    def _call(self, method: str, behaviour: _Behaviour) -> _Behaviour:
        maintenance = self._maintenance

        async def call(request: Any, context: Any) -> Any:
            if maintenance.status is not Status.RUNNING:
                self._check(method, request)
            return await behaviour(request, context)

        return call

    def _stream(self, method: str, behaviour: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        async def stream(request: Any, context: Any) -> Any:
            self._check(method, request)
            async for answer in behaviour(request, context):
                yield answer

        return stream

    def _check(self, method: str, request: Any) -> None:
        match method:
            case "CompleteActionExecution":
                # What runs may still come to its end.
                self._maintenance.check(unless=self._maintenance.status is Status.PAUSING)
            case "StopExecution" | "BulkStopExecutions":
                self._maintenance.check(unless=request.state == state_pb2.STATE_CANCELLED)
            case _:
                self._maintenance.check()


def _message(now: Standing) -> messages.Maintenance:
    return messages.Maintenance(
        status=messages.MaintenanceStatus.Value(f"MAINTENANCE_STATUS_{now.status}"),
        changed_at=timestamp(now.since),
        paused_executions=now.paused,
        running=now.running,
    )
