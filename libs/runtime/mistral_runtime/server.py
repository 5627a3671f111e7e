"""The gRPC server of a service, with health, reflection, and what every call needs around it."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from mistral_runtime.interception import Admit, Interceptor
from mistral_runtime.tls import Tls

MAX_MESSAGE_BYTES = 16 * 1024 * 1024

_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.http2.max_ping_strikes", 0),
)


@asynccontextmanager
async def grpc_server(
    listen: str,
    register: Callable[[grpc.aio.Server], Sequence[str]],
    *,
    drain_seconds: float = 5.0,
    share_port: bool = False,
    admit: Admit | None = None,
    tls: Tls | None = None,
) -> AsyncIterator[int]:
    """Serve inside the block and yield the bound port.

    On the way out health says NOT_SERVING, no new call is taken, and running calls have ``drain_seconds`` to finish.

    Args:
        listen: ``host:port``; port 0 lets the system choose.
        register: Adds the servicers to the server and returns their full service names.
        share_port: Whether several processes may listen on the port and share the connections out among them.
        admit: Asked before every call but those of the health service; reflection, which only says what there is,
            is open too. None admits everybody.
        tls: What it shows, and whether clients must show a certificate; None serves in clear text.

    Raises:
        OSError: If the address cannot be bound.
    """
    server = grpc.aio.server(
        interceptors=[Interceptor(admit)], options=(*_OPTIONS, ("grpc.so_reuseport", int(share_port)))
    )
    names = tuple(register(server))
    servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    reflection.enable_server_reflection((*names, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
    try:
        port = server.add_secure_port(listen, tls.for_server()) if tls else server.add_insecure_port(listen)
    except RuntimeError as error:
        raise OSError(f"cannot listen on {listen}: {error}") from error
    await server.start()
    try:
        for name in ("", *names):
            await servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
        yield port
    finally:
        await servicer.enter_graceful_shutdown()
        await server.stop(drain_seconds)
