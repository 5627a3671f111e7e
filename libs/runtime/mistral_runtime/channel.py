"""Channels to the other services: all replicas behind one, with retries, keepalive and the trace context."""

import asyncio
import ipaddress
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio

from mistral_runtime import telemetry
from mistral_runtime.errors import error_from
from mistral_runtime.server import MAX_MESSAGE_BYTES
from mistral_runtime.tls import Tls

__all__ = ["channel", "direct", "error_from"]

# Safe for every method but one: a repeat of a call that was done after all changes nothing. A start without an id
# would start twice, so whoever starts says for himself what may be repeated.
_SERVICE_CONFIG = json.dumps(
    {
        "loadBalancingConfig": [{"round_robin": {}}],
        "methodConfig": [
            {
                "name": [{}],
                "retryPolicy": {
                    "maxAttempts": 4,
                    "initialBackoff": "0.05s",
                    "maxBackoff": "1s",
                    "backoffMultiplier": 3,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            },
            {"name": [{"service": "mistral.internal.v1.EngineService", "method": "StartExecutions"}]},
        ],
    }
)

_OPTIONS = (
    ("grpc.service_config", _SERVICE_CONFIG),
    ("grpc.enable_retries", 1),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    # A replica that stands still keeps its connections; within this time its calls fail and others are asked.
    ("grpc.keepalive_time_ms", 2_000),
    ("grpc.keepalive_timeout_ms", 3_000),
    ("grpc.http2.ping_timeout_ms", 3_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)
# How long a connection may take to be made: showing certificates to each other takes a while on a busy machine.
_CLEAR, _SECURE = ("grpc.min_reconnect_backoff_ms", 100), ("grpc.min_reconnect_backoff_ms", 3_000)


@asynccontextmanager
async def channel(targets: str, tls: Tls | None = None) -> AsyncIterator[grpc.aio.Channel]:
    """Open a channel for the length of the block.

    Calls go round the replicas that answer; one that fails as UNAVAILABLE is tried up to three times more.

    Args:
        targets: One ``host:port`` or several with commas between; several names are looked up once, here.
        tls: What we show, and whom we believe; None speaks in clear text.

    Raises:
        OSError: If one of several names is unknown.
    """
    target = await _target(targets)
    async with _opened(target, targets, tls) as opened:
        yield opened


def direct(address: str, tls: Tls | None = None) -> grpc.aio.Channel:
    """Open a channel to one replica for what is passed on as it is: no repeats, no trace context, bytes untouched.

    Whoever opens it closes it.
    """
    plain = tuple(option for option in _OPTIONS if option[0] not in ("grpc.service_config", "grpc.enable_retries"))
    options = (*plain, ("grpc.enable_retries", 0))
    if tls is None:
        return grpc.aio.insecure_channel(address, options=(*options, _CLEAR))
    options = (*options, _SECURE, ("grpc.ssl_target_name_override", _named(address, tls)))
    return grpc.aio.secure_channel(address, tls.for_channel(), options=options)


def _opened(target: str, targets: str, tls: Tls | None) -> grpc.aio.Channel:
    if tls is None:
        return grpc.aio.insecure_channel(target, options=(*_OPTIONS, _CLEAR), interceptors=_interceptors())
    options = (*_OPTIONS, _SECURE, ("grpc.ssl_target_name_override", _named(targets, tls)))
    return grpc.aio.secure_channel(target, tls.for_channel(), options=options, interceptors=_interceptors())


def _named(targets: str, tls: Tls) -> str:
    """Return the name that certificates must bear; all replicas bear the same."""
    return tls.name or targets.partition(",")[0].strip().rpartition(":")[0].strip("[]")


async def _target(targets: str) -> str:
    addresses = [address for part in targets.split(",") if (address := part.strip())]
    if not addresses:
        raise ValueError("no address to connect to")
    if len(addresses) == 1:
        return addresses[0]
    # A target of several addresses takes numbers only.
    return "ipv4:" + ",".join([await _number(address) for address in addresses])


async def _number(address: str) -> str:
    host, _, port = address.rpartition(":")
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        found = await asyncio.get_running_loop().getaddrinfo(host, int(port), family=socket.AF_INET)
        host = str(found[0][4][0])
    return f"{host}:{port}"


def _with_trace(details: grpc.aio.ClientCallDetails) -> grpc.aio.ClientCallDetails:
    traceparent = telemetry.current_traceparent()
    if traceparent is None:
        return details
    metadata = grpc.aio.Metadata(*(details.metadata or ()))
    metadata.add(telemetry.TRACEPARENT, traceparent)
    return grpc.aio.ClientCallDetails(
        details.method, details.timeout, metadata, details.credentials, details.wait_for_ready
    )


class _UnaryUnary(grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(
        self, continuation: Callable[..., Awaitable[Any]], client_call_details: grpc.aio.ClientCallDetails, request: Any
    ) -> Any:
        return await continuation(_with_trace(client_call_details), request)


class _UnaryStream(grpc.aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(
        self, continuation: Callable[..., Awaitable[Any]], client_call_details: grpc.aio.ClientCallDetails, request: Any
    ) -> Any:
        return await continuation(_with_trace(client_call_details), request)


class _StreamUnary(grpc.aio.StreamUnaryClientInterceptor):
    async def intercept_stream_unary(
        self,
        continuation: Callable[..., Awaitable[Any]],
        client_call_details: grpc.aio.ClientCallDetails,
        request_iterator: Any,
    ) -> Any:
        return await continuation(_with_trace(client_call_details), request_iterator)


class _StreamStream(grpc.aio.StreamStreamClientInterceptor):
    async def intercept_stream_stream(
        self,
        continuation: Callable[..., Awaitable[Any]],
        client_call_details: grpc.aio.ClientCallDetails,
        request_iterator: Any,
    ) -> Any:
        return await continuation(_with_trace(client_call_details), request_iterator)


def _interceptors() -> list[grpc.aio.ClientInterceptor]:
    return [_UnaryUnary(), _UnaryStream(), _StreamUnary(), _StreamStream()]
