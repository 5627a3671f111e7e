"""The notifier put together: store, bus, publishers, the delivery loop and the gRPC server."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from mistral_notifier.conditions import short
from mistral_notifier.delivery import Retries
from mistral_notifier.dispatch import WAKE_SUBJECT, Dispatch
from mistral_notifier.fan_out import FanOut
from mistral_notifier.publishers import Publishers
from mistral_notifier.servicer import Servicer
from mistral_notifier.settings import NotifierSettings
from mistral_persistence import database
from mistral_runtime import bus
from mistral_runtime.expressions import guarded
from mistral_runtime.lifecycle import supervised
from mistral_runtime.metrics import metrics_server
from mistral_runtime.presence import bound, present
from mistral_runtime.server import grpc_server
from mistral_runtime.telemetry import telemetry


@asynccontextmanager
async def running(settings: NotifierSettings) -> AsyncIterator[int]:
    """Run the notifier inside the block and yield its gRPC port; what is not delivered is left to others."""
    service = settings.service
    async with AsyncExitStack() as stack:
        stack.enter_context(telemetry(service))
        await stack.enter_async_context(metrics_server(service.metrics_port))
        pool = await stack.enter_async_context(
            database.connected(settings.database_url, size=5, application=service.name)
        )
        await database.migrate(pool)
        connection = await stack.enter_async_context(bus.connect(service.nats_url, service.name))
        publishers = Publishers(settings.environment)
        stack.push_async_callback(publishers.close)
        retries = Retries(settings.attempts, settings.backoff_seconds)
        dispatch = Dispatch(pool, publishers, retries, slots=settings.slots)
        stack.push_async_callback(dispatch.stop)
        stack.enter_context(guarded(short(settings.expressions)))
        await connection.subscribe(WAKE_SUBJECT, dispatch.woken)
        tasks = await stack.enter_async_context(supervised())
        dispatch.start(tasks)
        fan_out = FanOut(pool, dispatch.wake)
        tasks.start(fan_out.run(), name="fan-out")
        tasks.start(fan_out.trim(), name="trimming logs")
        servicer = Servicer(service.name, pool, dispatch)
        port = await stack.enter_async_context(
            grpc_server(service.listen, servicer.register, drain_seconds=service.drain_seconds, tls=service.tls)
        )
        address = bound(service.listen, port)
        await stack.enter_async_context(present(connection, kind="notifier", name=service.name, address=address))
        yield port
