"""The scheduler put together: store, bus, the firing loop and the gRPC server."""

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from mistral.internal.v1.engine_service_pb2_grpc import EngineServiceStub
from mistral_persistence import database
from mistral_runtime import bus
from mistral_runtime.channel import channel
from mistral_runtime.lifecycle import supervised
from mistral_runtime.metrics import metrics_server
from mistral_runtime.presence import bound, present
from mistral_runtime.server import grpc_server
from mistral_runtime.telemetry import telemetry
from mistral_scheduler.cron import Cron
from mistral_scheduler.events.assembly import events
from mistral_scheduler.firing import WAKE_SUBJECT, Firing
from mistral_scheduler.fleets.assembly import fleets
from mistral_scheduler.maintenance import maintain
from mistral_scheduler.retention import Retention
from mistral_scheduler.servicer import Servicer
from mistral_scheduler.settings import SchedulerSettings
from mistral_scheduler.standstill import WAKE_SUBJECT as STANDSTILL_SUBJECT
from mistral_scheduler.standstill import Standstill

_log = logging.getLogger(__name__)


@asynccontextmanager
async def running(settings: SchedulerSettings) -> AsyncIterator[int]:
    """Run the scheduler inside the block and yield its gRPC port; claimed timers are given back on the way out."""
    service = settings.service
    async with AsyncExitStack() as stack:
        stack.enter_context(telemetry(service))
        await stack.enter_async_context(metrics_server(service.metrics_port))
        pool = await stack.enter_async_context(
            database.connected(settings.database_url, size=8, application=service.name)
        )
        await database.migrate(pool)
        connection = await stack.enter_async_context(bus.connect(service.nats_url, service.name))
        await connection.streams.ensure_streams()
        firing = Firing(pool, connection)
        stack.push_async_callback(firing.release)
        await connection.subscribe(WAKE_SUBJECT, firing.woken)
        tasks = await stack.enter_async_context(supervised())
        tasks.start(firing.run(), name="firing")
        if settings.engines:
            engines = await stack.enter_async_context(channel(settings.engines, service.tls))
            stub = EngineServiceStub(engines)
            tasks.start(Cron(pool, stub).run(), name="cron")
            standstill = Standstill(pool, connection, stub, firing.stand_still)
            await connection.subscribe(STANDSTILL_SUBJECT, standstill.woken)
            tasks.start(standstill.run(), name="standstill")
            await stack.enter_async_context(events(pool, connection, stub, tasks, settings.events, owner=service.name))
        else:
            _log.warning("no engine is known by address: no trigger fires, nothing is paused for maintenance")
        temporary = await stack.enter_async_context(fleets(pool, connection, settings.fleets))
        tasks.start(temporary.run(), name="fleets")
        if settings.retention.interval_minutes:
            tasks.start(Retention(pool, settings.retention).run(), name="retention")
        tasks.start(maintain(pool, history_days=settings.history_days), name="maintenance")
        servicer = Servicer(service.name, pool, firing)
        port = await stack.enter_async_context(
            grpc_server(service.listen, servicer.register, drain_seconds=service.drain_seconds, tls=service.tls)
        )
        address = bound(service.listen, port)
        await stack.enter_async_context(present(connection, kind="scheduler", name=service.name, address=address))
        yield port
