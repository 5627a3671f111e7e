"""What happens around every call that a service answers: trace context, metrics, and errors turned into statuses."""

# The stubs are generic, the classes themselves are not.
from __future__ import annotations

import asyncio
import inspect
import logging
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing
from typing import Any, TypeAlias

import grpc
import grpc.aio
from google.rpc import status_pb2  # type: ignore[import-untyped]

from mistral_runtime import telemetry
from mistral_runtime.errors import DETAILS_KEY, internal_status, status_of
from mistral_runtime.metrics import histogram

_log = logging.getLogger(__name__)

_SECONDS = histogram("grpc_server_seconds", "Duration of answered calls", ("method", "code"))

_Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

Admit: TypeAlias = Callable[[str, Iterable[tuple[str, str | bytes]]], Awaitable[None]]
"""Called with the full name of the method and the metadata before a call is answered; raises to refuse it.

What it sets in context variables is there for the whole call.
"""

# Whoever keeps a service alive has no credentials, and what calls there are is no secret.
_OPEN = ("/grpc.health.v1.", "/grpc.reflection.")


class Interceptor(grpc.aio.ServerInterceptor):
    """Wraps each handler once and remembers the wrapped one."""

    def __init__(self, admit: Admit | None = None) -> None:
        self._admit = admit
        self._wrapped: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        method: str = handler_call_details.method
        wrapped = self._wrapped.get(method)
        if wrapped is None:
            handler = await continuation(handler_call_details)
            if handler is None:
                return None
            wrapped = self._wrapped[method] = _wrap(method, handler, self._admit)
        return wrapped


def _wrap(method: str, handler: Any, admit: Admit | None) -> grpc.RpcMethodHandler[Any, Any]:
    """Wrap whichever of the four kinds of handler this is."""
    admitted = None if method.startswith(_OPEN) else admit
    codecs = {
        "request_deserializer": handler.request_deserializer,
        "response_serializer": handler.response_serializer,
    }
    for kind, make in (
        ("unary_unary", grpc.unary_unary_rpc_method_handler),
        ("stream_unary", grpc.stream_unary_rpc_method_handler),
        ("unary_stream", grpc.unary_stream_rpc_method_handler),
        ("stream_stream", grpc.stream_stream_rpc_method_handler),
    ):
        behaviour = getattr(handler, kind)
        if behaviour is None:
            continue
        if inspect.isasyncgenfunction(behaviour):
            return make(_around_stream(method, behaviour, admitted), **codecs)
        if inspect.iscoroutinefunction(behaviour):
            return make(_around_call(method, behaviour, admitted), **codecs)
    # The reflection service of grpcio answers from threads: leave it as it is.
    result: grpc.RpcMethodHandler[Any, Any] = handler
    return result


def _around_call(
    method: str, behaviour: Callable[[Any, _Context], Awaitable[Any]], admit: Admit | None
) -> Callable[..., Awaitable[Any]]:
    async def call(request: Any, context: _Context) -> Any:
        begun = time.perf_counter()
        code = grpc.StatusCode.OK
        try:
            with telemetry.span(method, parent_traceparent=_traceparent(context), kind=telemetry.SERVER):
                if admit is not None:
                    await admit(method, context.invocation_metadata() or ())
                return await behaviour(request, context)
        except grpc.aio.AbortError:
            code = _code(context.code())
            raise
        except (asyncio.CancelledError, GeneratorExit):
            code = grpc.StatusCode.CANCELLED
            raise
        except Exception as error:
            code, status = _status(method, error)
            await context.abort(code, status.message, _trailing(status))
        finally:
            _SECONDS.labels(method, code.name).observe(time.perf_counter() - begun)

    return call


def _around_stream(
    method: str, behaviour: Callable[[Any, _Context], AsyncGenerator[Any, None]], admit: Admit | None
) -> Callable[..., AsyncGenerator[Any, None]]:
    async def stream(request: Any, context: _Context) -> AsyncGenerator[Any, None]:
        begun = time.perf_counter()
        code = grpc.StatusCode.OK
        try:
            with telemetry.span(method, parent_traceparent=_traceparent(context), kind=telemetry.SERVER):
                if admit is not None:
                    await admit(method, context.invocation_metadata() or ())
                async with aclosing(behaviour(request, context)) as responses:
                    async for response in responses:
                        yield response
        except grpc.aio.AbortError:
            code = _code(context.code())
            raise
        except (asyncio.CancelledError, GeneratorExit):
            code = grpc.StatusCode.CANCELLED
            raise
        except Exception as error:
            code, status = _status(method, error)
            await context.abort(code, status.message, _trailing(status))
        finally:
            _SECONDS.labels(method, code.name).observe(time.perf_counter() - begun)

    return stream


def _status(method: str, error: Exception) -> tuple[grpc.StatusCode, status_pb2.Status]:
    """What to tell the caller; an unexpected error goes to the log whole and to the caller as a reference."""
    if known := status_of(error):
        return known
    reference = secrets.token_hex(8)
    _log.error("%s failed, reference %s", method, reference, exc_info=error)
    return grpc.StatusCode.INTERNAL, internal_status(reference)


def _trailing(status: status_pb2.Status) -> tuple[tuple[str, bytes]]:
    return ((DETAILS_KEY, status.SerializeToString()),)


def _traceparent(context: _Context) -> str | None:
    for key, value in context.invocation_metadata() or ():
        if key == telemetry.TRACEPARENT:
            return value if isinstance(value, str) else value.decode("ascii", "replace")
    return None


def _code(code: Any) -> grpc.StatusCode:
    """The code that a servicer has set by itself: an enum member, or its number."""
    if isinstance(code, grpc.StatusCode):
        return code
    return next((known for known in grpc.StatusCode if known.value[0] == code), grpc.StatusCode.UNKNOWN)
