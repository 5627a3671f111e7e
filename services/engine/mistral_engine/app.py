"""An engine as a whole: in which order its parts start and stop."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import grpc.aio

from mistral.internal.v1 import (
    engine_service_pb2,
    engine_service_pb2_grpc,
    worker_state_service_pb2,
    worker_state_service_pb2_grpc,
)
from mistral_core.expressions import Scope
from mistral_core.machine.scope import View
from mistral_engine.assembly import Parts, assembled
from mistral_engine.settings import Settings
from mistral_persistence import database
from mistral_runtime import bus, expressions, lifecycle, logs, metrics, telemetry
from mistral_runtime.lifecycle import Tasks
from mistral_runtime.presence import bound, present
from mistral_runtime.server import grpc_server

_SERVICE = engine_service_pb2.DESCRIPTOR.services_by_name["EngineService"].full_name
_WORKER_STATE = worker_state_service_pb2.DESCRIPTOR.services_by_name["WorkerStateService"].full_name


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[int]:
    """Run an engine inside the ``async with`` block and yield the port of its gRPC server.

    On the way out calls drain first, then what is half done is committed, then the partitions are given back.
    """
    service = settings.service
    logs.configure(service.name, service.log_level, service.log_format)
    async with AsyncExitStack() as stack:
        stack.enter_context(telemetry.telemetry(service))
        stack.enter_context(expressions.guarded(settings.expressions, owner=_owner))
        await stack.enter_async_context(metrics.metrics_server(service.metrics_port))
        pool = await stack.enter_async_context(
            database.connected(service.database_url or "", size=settings.lanes + 6, application=service.name)
        )
        await database.migrate(pool)
        connection = await stack.enter_async_context(bus.connect(service.nats_url, service.name))
        await connection.streams.ensure_streams()
        tasks = await stack.enter_async_context(lifecycle.supervised())
        parts = assembled(settings, pool, connection, tasks, stack)
        stack.push_async_callback(parts.outgoing.finish)
        await _set_going(parts, tasks)
        stack.push_async_callback(parts.ownership.leave)
        server = grpc_server(service.listen, _registering(parts), drain_seconds=service.drain_seconds, tls=service.tls)
        port = await stack.enter_async_context(server)
        parts.leases.address = bound(service.listen, port)
        await _take_partitions(parts, tasks)
        await stack.enter_async_context(
            present(connection, kind="engine", name=service.name, address=parts.leases.address)
        )
        yield port


def _owner(scope: Scope) -> str:
    """Tell whose an expression is, so that one project's do not hold up another's."""
    return scope.facts.draft.before.project if isinstance(scope.facts, View) else ""


async def _set_going(parts: Parts, tasks: Tasks) -> None:
    """Start all that does not need a partition."""
    await parts.definitions.adhoc.refresh()
    tasks.start(parts.definitions.adhoc.watch(), name="ad-hoc actions")
    for lane in parts.lanes:
        tasks.start(lane.run(), name=f"lane {lane.number}")
    await parts.executors.listen()
    tasks.start(parts.executors.watch(), name="executors")
    await parts.worker_presence.listen()
    tasks.start(parts.worker_waits.watch(), name="runs that wait for workers")
    parts.ownership.on_change(parts.care.moved, parts.care.recover)


async def _take_partitions(parts: Parts, tasks: Tasks) -> None:
    """Take our share, now that others can reach us, and look after it."""
    await parts.ownership.refresh()
    tasks.start(parts.ownership.keep(), name="leases")
    tasks.start(parts.ownership.balance(), name="balance")
    for sweeper in parts.care.sweepers:
        tasks.start(sweeper.run(), name="sweeper")


def _registering(parts: Parts) -> Callable[[grpc.aio.Server], list[str]]:
    def register(server: grpc.aio.Server) -> list[str]:
        engine_service_pb2_grpc.add_EngineServiceServicer_to_server(parts.engine, server)
        worker_state_service_pb2_grpc.add_WorkerStateServiceServicer_to_server(parts.worker_state, server)
        return [_SERVICE, _WORKER_STATE]

    return register
