"""Every public rpc by its descriptor: what there is, and how to call it."""

import importlib
import pkgutil
from typing import Any

import grpc
import grpc.aio
from google.protobuf import descriptor_pool, message_factory
from google.rpc import error_details_pb2, status_pb2

import mistral.v1

DETAILS = (
    error_details_pb2.ErrorInfo,
    error_details_pb2.BadRequest,
    error_details_pb2.ResourceInfo,
    error_details_pb2.RetryInfo,
)


def methods() -> list[Any]:
    """The descriptors of all rpcs of ``mistral.v1``."""
    pool = descriptor_pool.Default()
    found = []
    for module in sorted(one.name for one in pkgutil.iter_modules(mistral.v1.__path__)):
        if module.endswith("_service_pb2"):
            loaded = importlib.import_module(f"mistral.v1.{module}")
            for service in loaded.DESCRIPTOR.services_by_name.values():
                found += pool.FindServiceByName(service.full_name).methods
    return found


def method(name: str) -> Any:
    """The descriptor of the rpc of that name."""
    return next(one for one in methods() if one.name == name)


def request_class(rpc: Any) -> Any:
    """The class of its request."""
    return message_factory.GetMessageClass(rpc.input_type)


class Api:
    """Calls any rpc by its name, with the fields of its request."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel

    def __getattr__(self, name: str) -> Any:
        rpc = method(name)

        def call(request: Any = None, timeout: float | None = 20, **fields: Any) -> Any:
            sent = request if request is not None else request_class(rpc)(**fields)
            return self.callable(rpc)(sent, timeout=timeout)

        return call

    def callable(self, rpc: Any) -> Any:
        """The callable of an rpc."""
        make = self._channel.unary_stream if rpc.server_streaming else self._channel.unary_unary
        return make(
            f"/{rpc.containing_service.full_name}/{rpc.name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=message_factory.GetMessageClass(rpc.output_type).FromString,
        )


def details(error: grpc.aio.AioRpcError) -> dict[str, Any]:
    """The details of a failed call by the names of their types."""
    found = {}
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            for packed in status_pb2.Status.FromString(value).details:
                for kind in DETAILS:
                    one = kind()
                    if packed.Unpack(one):
                        found[kind.__name__] = one
    return found


def field_of(error: grpc.aio.AioRpcError) -> str:
    """The one field that a failed call complains of."""
    (violation,) = details(error)["BadRequest"].field_violations
    return str(violation.field)
