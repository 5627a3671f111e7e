"""A gateway with engine and executor in a thread of its own, for tests whose clients are not asynchronous."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from mistral_api_gateway.app import running as gateway_running
from mistral_api_gateway.settings import GatewaySettings
from mistral_engine.app import running as engine_running
from mistral_engine.settings import Settings as EngineSettings
from mistral_executor.app import running as executor_running
from mistral_executor.settings import ExecutorSettings


async def _serve(database: str, nats: str, port: "Future[int]", over: asyncio.Event) -> None:
    environ = {"MISTRAL_DATABASE_URL": database, "MISTRAL_NATS_URL": nats, "MISTRAL_DRAIN_SECONDS": "1"}
    async with (
        engine_running(EngineSettings.read(environ)) as engine_port,
        executor_running(ExecutorSettings.read({"MISTRAL_NATS_URL": nats})) as executor_port,
        gateway_running(
            GatewaySettings.read(
                {
                    **environ,
                    "MISTRAL_ENGINE_ADDRESSES": f"127.0.0.1:{engine_port}",
                    "MISTRAL_EXECUTOR_ADDRESSES": f"127.0.0.1:{executor_port}",
                    "MISTRAL_HTTP_LISTEN": "127.0.0.1:0",
                    "MISTRAL_DYNAMIC_ACTIONS": "true",
                }
            )
        ) as found,
    ):
        port.set_result(found.grpc)
        await over.wait()


async def _told(database: str, nats: str, port: "Future[int]", over: asyncio.Event) -> None:
    try:
        await _serve(database, nats, port, over)
    except BaseException as error:
        # Whoever waits for the port must not wait for ever.
        if not port.done():
            port.set_exception(error)
        raise


@contextmanager
def whole_gateway(database: str, nats: str) -> Iterator[int]:
    """Serve inside the block and yield the port of gRPC."""
    loop, over, port = asyncio.new_event_loop(), asyncio.Event(), Future[int]()
    served = threading.Thread(target=loop.run_until_complete, args=[_told(database, nats, port, over)])
    served.start()
    try:
        yield port.result(60)
    finally:
        loop.call_soon_threadsafe(over.set)
        served.join(60)
        loop.close()
