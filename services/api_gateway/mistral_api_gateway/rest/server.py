"""Uvicorn inside our own loop: it listens where it is told and leaves the signals to us."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

import uvicorn
from starlette.types import ASGIApp

from mistral_api_gateway.rest.protocol import BoundedProtocol
from mistral_runtime.tls import Tls

_BACKLOG = 2048
# Longer than the clients and proxies that are in use keep an idle connection, so that they close it, not we.
_KEEP_ALIVE_SECONDS = 75


class _Server(uvicorn.Server):
    capture_signals = staticmethod(nullcontext)  # type: ignore[assignment]


@asynccontextmanager
async def http_server(
    app: ASGIApp, listen: str, *, connection_limit: int, drain_seconds: float, tls: Tls | None = None
) -> AsyncIterator[int]:
    """Serve inside the block and yield the bound port.

    Several processes may listen on one port: the system shares the connections out among them.

    Args:
        listen: ``host:port``; port 0 lets the system choose.
        connection_limit: Most connections and requests at once; past it the answer is 503.
        drain_seconds: How long running requests may take to finish on the way out.
        tls: What clients are shown; None serves in clear text.

    Raises:
        OSError: If the address cannot be bound.
    """
    with _listening(listen) as bound:
        server = _Server(_config(app, connection_limit, drain_seconds, tls))
        serving = asyncio.create_task(server.serve(sockets=[bound]), name="http server")
        try:
            while not server.started:
                if serving.done():
                    await serving
                    raise OSError(f"the HTTP server on {listen} ended at once")
                await asyncio.sleep(0.01)
            yield int(bound.getsockname()[1])
        finally:
            server.should_exit = True
            await serving


def _config(app: ASGIApp, connection_limit: int, drain_seconds: float, tls: Tls | None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="none",
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=connection_limit,
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        ssl_certfile=tls.certificate_file if tls is not None else None,
        ssl_keyfile=tls.key_file if tls is not None else None,
        timeout_graceful_shutdown=max(1, round(drain_seconds)),
    )


def _listening(listen: str) -> socket.socket:
    host, _, port = listen.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind((host.strip("[]"), int(port)))
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return bound
