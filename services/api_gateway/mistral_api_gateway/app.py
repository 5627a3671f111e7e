"""The gateway as a service: everything it is made of, inside one block."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from mistral_api_gateway.access.assembly import Access, access
from mistral_api_gateway.access.audit import audit_file
from mistral_api_gateway.access.binding import check_exposure
from mistral_api_gateway.access.gate import Gate
from mistral_api_gateway.gateway import Gateway, gateway
from mistral_api_gateway.live.hub import Hub, listening
from mistral_api_gateway.live.presence import noticing
from mistral_api_gateway.live.standing import keeping_fresh
from mistral_api_gateway.live.worker_sessions import WorkerSessions, worker_sessions
from mistral_api_gateway.operations.engine_calls import Engines
from mistral_api_gateway.operations.executors import Executors
from mistral_api_gateway.operations.lists import Lists, list_settings
from mistral_api_gateway.operations.store import Store
from mistral_api_gateway.operations.worker_routes import worker_routes
from mistral_api_gateway.operations.workers import Workers
from mistral_api_gateway.rest.application import application
from mistral_api_gateway.rest.server import http_server
from mistral_api_gateway.rpc.register import register
from mistral_api_gateway.settings import GatewaySettings
from mistral_persistence.database import connected, migrate
from mistral_runtime import bus
from mistral_runtime.channel import channel
from mistral_runtime.expressions import bounded
from mistral_runtime.lifecycle import supervised
from mistral_runtime.metrics import metrics_server
from mistral_runtime.presence import bound, present
from mistral_runtime.server import grpc_server
from mistral_runtime.telemetry import telemetry


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the gateway listens."""

    http: int
    grpc: int


@asynccontextmanager
async def running(settings: GatewaySettings) -> AsyncIterator[Ports]:
    """Run the gateway inside the ``async with`` block and yield its ports.

    On the way out streams and waiting calls are let go first, then running calls drain; the bus and the pool close
    after them.

    Raises:
        SettingError: If it shall be reached from elsewhere while authentication is off, the policy cannot be
            understood, or the audit log not be written.
    """
    check_exposure(settings)
    gate = settings.gate.gate()
    service = settings.service
    async with AsyncExitStack() as stack:
        stack.enter_context(telemetry(service))
        stack.enter_context(audit_file(settings.gate.audit_file))
        stack.enter_context(bounded(settings.expressions))
        await stack.enter_async_context(metrics_server(service.metrics_port))
        pool = await stack.enter_async_context(
            connected(settings.database_url, size=settings.pool_size, application=service.name)
        )
        await migrate(pool)
        connection = await stack.enter_async_context(bus.connect(service.nats_url, service.name))
        tasks = await stack.enter_async_context(supervised())
        store = Store(pool, await _lists(settings, stack))
        hub = await stack.enter_async_context(listening(connection, store, tasks))
        admitting = await stack.enter_async_context(access(settings.access, store))
        recheck = admitting.doors.rpc if admitting.doors is not None else None
        sessions = await stack.enter_async_context(worker_sessions(recheck, tasks))
        parts = await _parts(settings, stack, store, connection, hub, admitting, gate, sessions)
        stack.push_async_callback(parts.executions.close)
        await stack.enter_async_context(keeping_fresh(parts.maintenance, connection, tasks))
        ports = await _served(settings, stack, parts, admitting)
        address = bound(service.listen, ports.grpc)
        await stack.enter_async_context(present(connection, kind="api_gateway", name=service.name, address=address))
        stack.callback(hub.leave)
        stack.callback(sessions.leave)
        yield ports


async def _served(settings: GatewaySettings, stack: AsyncExitStack, parts: Gateway, admitting: Access) -> Ports:
    """Open both doors; REST closes first."""
    service = settings.service
    grpc_port = await stack.enter_async_context(
        grpc_server(
            service.listen,
            partial(register, parts),
            drain_seconds=service.drain_seconds,
            share_port=True,
            admit=admitting.doors.rpc if admitting.doors is not None else None,
            tls=settings.public_tls,
        )
    )
    http_port = await stack.enter_async_context(
        http_server(
            application(parts, body_limit=settings.body_limit, doors=admitting.doors),
            settings.http_listen,
            connection_limit=settings.connection_limit,
            tls=settings.public_tls,
            drain_seconds=service.drain_seconds,
        )
    )
    return Ports(http_port, grpc_port)


async def _lists(settings: GatewaySettings, stack: AsyncExitStack) -> Lists:
    pool = connected(
        settings.database_url,
        size=settings.list_pool_size,
        application=f"{settings.service.name} lists",
        settings=list_settings(settings.list_seconds),
    )
    return Lists(await stack.enter_async_context(pool), settings.list_seconds)


async def _parts(
    settings: GatewaySettings,
    stack: AsyncExitStack,
    store: Store,
    connection: bus.Bus,
    hub: Hub,
    admitting: Access,
    gate: Gate,
    sessions: WorkerSessions,
) -> Gateway:
    opened = (
        await stack.enter_async_context(channel(settings.engines, settings.service.tls)) if settings.engines else None
    )
    offering = (
        await stack.enter_async_context(channel(settings.executors, settings.service.tls))
        if settings.executors
        else None
    )
    presence = await stack.enter_async_context(noticing(connection))
    routes = worker_routes(presence, settings.executors, settings.service.tls)
    return gateway(
        store,
        connection,
        settings,
        engines=Engines(opened),
        executors=Executors(offering),
        hub=hub,
        presence=presence,
        gate=gate,
        keys=admitting.keys,
        workers=Workers(await stack.enter_async_context(routes)),
        worker_sessions=sessions,
    )
