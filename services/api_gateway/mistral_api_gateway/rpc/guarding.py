"""gRPC calls at the gate: every method of every service asks its rule before it is answered.

It stands between the generated code, which hands handlers to the server, and the server itself, so no service can be
forgotten.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import grpc
import grpc.aio
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, MethodDescriptor
from google.protobuf.message import Message

from mistral_api_gateway.access.audit import MOST_IDS
from mistral_api_gateway.access.gate import Gate, Passage
from mistral_api_gateway.access.rules import rule_of_method
from mistral_runtime.errors import status_of

_Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
_Ids: TypeAlias = Callable[[Any, Any], list[str]]

_REQUEST_ID: Final = "x-request-id"
_NAMES: Final = ("id", "identifier", "name", "task_id", "workflow_id", "member_id")


class Guarded:
    """The server as the services see it when they are added: what they hand over is guarded.

    Args:
        gate: What every call passes.
    """

    def __init__(self, server: grpc.aio.Server, gate: Gate) -> None:
        self._server = server
        self._gate = gate

    def add_generic_rpc_handlers(self, handlers: Sequence[Any]) -> None:
        """Take no notice: the same handlers come by name."""

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        """Hand the guarded handlers of a service on."""
        described = descriptor_pool.Default().FindServiceByName(service)
        guarded = {
            name: _guarded(handler, self._gate, described.methods_by_name[name]) for name, handler in handlers.items()
        }
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, guarded),))
        self._server.add_registered_method_handlers(service, guarded)


def _guarded(handler: Any, gate: Gate, method: MethodDescriptor) -> Any:
    assert method.containing_service is not None
    call = f"{method.containing_service.full_name}/{method.name}"
    passage = gate.passage("grpc", call, rule_of_method(call))
    if passage is None:
        return handler
    ids = _ids_of(method)
    codecs = {
        "request_deserializer": handler.request_deserializer,
        "response_serializer": handler.response_serializer,
    }
    wide = "all_projects" in method.input_type.fields_by_name
    if handler.unary_unary is not None:
        return grpc.unary_unary_rpc_method_handler(_around(passage, handler.unary_unary, ids, wide), **codecs)
    if handler.unary_stream is not None:
        return grpc.unary_stream_rpc_method_handler(_around_stream(passage, handler.unary_stream, ids, wide), **codecs)
    if handler.stream_stream is not None:
        # What is said in the stream names no ids, and it is written by hand: whoever began it is asked once.
        around = _around(passage, handler.stream_stream, lambda _request, _response: [], wide=False)
        return grpc.stream_stream_rpc_method_handler(around, **codecs)
    raise TypeError(f"{call} takes a stream and gives one answer, which the gate does not know yet")


def _around(
    passage: Passage, behaviour: Callable[[Any, _Context], Awaitable[Any]], ids: _Ids, wide: bool
) -> Callable[[Any, _Context], Awaitable[Any]]:
    async def call(request: Any, context: _Context) -> Any:
        response, code = None, grpc.StatusCode.OK.name
        try:
            passage.admit(wants_all=wide and request.all_projects)
            response = await behaviour(request, context)
            return response
        except BaseException as error:
            code = _code(error, context)
            raise
        finally:
            if passage.records:
                passage.record(code, lambda: ids(request, response), _sent_id(context))

    return call


def _around_stream(
    passage: Passage, behaviour: Callable[[Any, _Context], AsyncIterator[Any]], ids: _Ids, wide: bool
) -> Callable[[Any, _Context], AsyncGenerator[Any, None]]:
    async def stream(request: Any, context: _Context) -> AsyncGenerator[Any, None]:
        code = grpc.StatusCode.OK.name
        told: list[str] = []
        try:
            passage.admit(wants_all=wide and request.all_projects)
            async for response in behaviour(request, context):
                if passage.records and len(told) < MOST_IDS:
                    told += ids(request, response)
                yield response
        except BaseException as error:
            code = _code(error, context)
            raise
        finally:
            if passage.records:
                passage.record(code, lambda: told, _sent_id(context))

    return stream


def _code(error: BaseException, context: _Context) -> str:
    if isinstance(error, Exception) and (known := status_of(error)):
        return known[0].name
    if isinstance(error, grpc.aio.AbortError):
        code: Any = context.code()
        return code.name if isinstance(code, grpc.StatusCode) else str(code)
    return grpc.StatusCode.INTERNAL.name if isinstance(error, Exception) else grpc.StatusCode.CANCELLED.name


def _sent_id(context: _Context) -> str | None:
    for name, value in context.invocation_metadata() or ():
        if name == _REQUEST_ID and isinstance(value, str):
            return value
    return None


def _ids_of(method: MethodDescriptor) -> _Ids:
    """Return what finds the ids that a request names, or else those of what the response shows."""
    named = [name for name in _NAMES if name in method.input_type.fields_by_name]
    shown = _paths(method.output_type, 2)

    def ids(request: Any, response: Any) -> list[str]:
        given = [str(value) for name in named if (value := getattr(request, name))]
        if given or response is None:
            return given
        return [found for path in shown for found in _at(response, path)]

    return ids


def _paths(message: Descriptor, depth: int) -> list[tuple[str, ...]]:
    """Return the ways from a message to the ids within it."""
    if "id" in message.fields_by_name:
        return [("id",)]
    inner = [(field.name, field.message_type) for field in message.fields if field.message_type] if depth else []
    return [(name, *path) for name, below in inner for path in _paths(below, depth - 1)]


def _at(value: Any, path: tuple[str, ...]) -> list[str]:
    if not path:
        return [value] if value else []
    inner = getattr(value, path[0])
    several = [inner] if isinstance(inner, Message | str) else inner
    return [found for each in several for found in _at(each, path[1:])]
