"""What every call of the public API has around it: its deadline, and errors that say what they are about.

It stands between the generated code, which hands handlers to the server, and the server, so no service is forgotten.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

import grpc
from google.protobuf.message import Message

from mistral_api_gateway.operations.deadline import answer_within
from mistral_core.errors import Conflict, Forbidden, IllegalState, Invalid, InvalidDefinition, NotFound, WorkflowError

_NAMES: Final = ("id", "identifier", "name", "workflow")
_ABOUT_A_THING: Final = (NotFound, Conflict, Forbidden, IllegalState)
# What the engine finds fault with is what was sent for the workflow or the action.
_SENT: Final = ("input", "env", "output")
_WORD: Final = re.compile(r"[a-z_]+")


class Door:
    """The server as the services see it when they are added.

    Args:
        server: The server, or what else stands before it.
    """

    def __init__(self, server: Any) -> None:
        self._server = server

    def add_generic_rpc_handlers(self, handlers: Sequence[Any]) -> None:
        """Take no notice: the same handlers come by name."""

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        """Hand the handlers of a service on, each with what is around it."""
        resource = service.removesuffix("Service")
        around = {name: _around(handler, resource) for name, handler in handlers.items()}
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, around),))
        self._server.add_registered_method_handlers(service, around)


def _around(handler: Any, resource: str) -> Any:
    codecs = {
        "request_deserializer": handler.request_deserializer,
        "response_serializer": handler.response_serializer,
    }
    if handler.unary_unary is not None:
        return grpc.unary_unary_rpc_method_handler(_around_call(handler.unary_unary, resource), **codecs)
    if handler.stream_stream is not None:
        # A stream of requests is no message that an error could be about.
        return handler
    return grpc.unary_stream_rpc_method_handler(_around_stream(handler.unary_stream, resource), **codecs)


def _around_call(
    behaviour: Callable[[Any, Any], Awaitable[Any]], resource: str
) -> Callable[[Any, Any], Awaitable[Any]]:
    async def call(request: Any, context: Any) -> Any:
        answer_within(context.time_remaining)
        try:
            return await behaviour(request, context)
        except WorkflowError as error:
            explain(error, request, resource)
            raise

    return call


def _around_stream(behaviour: Callable[[Any, Any], AsyncIterator[Any]], resource: str) -> Callable[[Any, Any], Any]:
    async def stream(request: Any, context: Any) -> AsyncIterator[Any]:
        try:
            async for answer in behaviour(request, context):
                yield answer
        except WorkflowError as error:
            explain(error, request, resource)
            raise

    return stream


def explain(error: WorkflowError, request: Message, resource: str) -> None:
    """Add to an error which field of the request it comes from and which thing it is about, where it does not say."""
    fields = request.DESCRIPTOR.fields_by_name
    if isinstance(error, InvalidDefinition) and not error.field and "definition" in fields:
        error.field = "definition"
    elif isinstance(error, Invalid) and not error.field:
        error.field = _field_in_fault(error, request)
    if isinstance(error, _ABOUT_A_THING) and error.resource is None:
        name = next((getattr(request, name) for name in _NAMES if name in fields and getattr(request, name)), "")
        if name:
            error.resource = resource, name


def _field_in_fault(error: Invalid, request: Message) -> str:
    """Return the field that an error must be about: one that holds NUL, else one that the message names."""
    names = list(request.DESCRIPTOR.fields_by_name)
    words = frozenset(_WORD.findall(str(error).lower()))
    named = (name for name in names if name in words or name.removesuffix("s") in words)
    sent = (name for name in _SENT if name in names)
    return next(chain(_fields_with_nul(request), named, sent), "")


def _fields_with_nul(message: Message) -> Iterator[str]:
    """Yield the ways to texts that hold the character NUL, which no store takes."""
    for field, value in message.ListFields():
        if field.message_type is not None and not field.is_repeated:
            yield from (f"{field.name}.{inner}" for inner in _fields_with_nul(value))
        elif field.cpp_type == field.CPPTYPE_STRING and "\0" in ("".join(value) if field.is_repeated else value):
            yield field.name
