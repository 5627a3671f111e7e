"""Putting an engine together: what it is made of, in which order it starts and stops."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import grpc.aio

from mistral.internal.v1 import engine_service_pb2, engine_service_pb2_grpc
from mistral_core.machine import Surroundings
from mistral_engine.calls import Calls
from mistral_engine.care import Care
from mistral_engine.definitions import Definitions
from mistral_engine.executors import Executors
from mistral_engine.ids import new_id
from mistral_engine.lane import Lane
from mistral_engine.outgoing import Outgoing
from mistral_engine.ownership import Ownership
from mistral_engine.routing import Routing
from mistral_engine.servicer import Engine
from mistral_engine.settings import Settings
from mistral_engine.starting import Starting
from mistral_engine.starts import Starts
from mistral_persistence import database
from mistral_persistence.leases import Leases
from mistral_runtime import bus, lifecycle, logs, metrics, telemetry
from mistral_runtime.server import grpc_server

_SERVICE = engine_service_pb2.DESCRIPTOR.services_by_name["EngineService"].full_name


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[int]:
    """Run an engine inside the ``async with`` block and yield the port of its gRPC server.

    On the way out calls drain first, then what is half done is committed, then the partitions are given back.
    """
    service = settings.service
    logs.configure(service.name, service.log_level, service.log_format)
    async with AsyncExitStack() as stack:
        stack.enter_context(telemetry.telemetry(service))
        await stack.enter_async_context(metrics.metrics_server(service.metrics_port))
        url = service.database_url or ""
        pool = await stack.enter_async_context(
            database.connected(url, size=settings.lanes + 6, application=service.name)
        )
        await database.migrate(pool)
        connection = await stack.enter_async_context(bus.connect(service.nats_url, service.name))
        await connection.streams.ensure_streams()
        tasks = await stack.enter_async_context(lifecycle.supervised())

        incarnation = new_id()
        held = Leases(pool, name=service.name, incarnation=incarnation, ttl_seconds=settings.lease_seconds)
        ownership = Ownership(pool, held, name=service.name, renew_seconds=settings.lease_seconds / 3)
        outgoing = Outgoing(connection)
        definitions = Definitions(pool)
        executors = Executors(connection)
        lanes = [
            Lane(
                number,
                pool=pool,
                definitions=definitions,
                surroundings=Surroundings(),
                ownership=ownership,
                outgoing=outgoing,
                settings=settings,
                incarnation=incarnation[:18],
            )
            for number in range(settings.lanes)
        ]
        care = Care(pool, connection, executors, ownership, outgoing, lanes, settings, tasks, name=service.name)
        routing = Routing(pool, ownership, lanes, stack)
        calls = Calls(pool, lanes, ownership, outgoing)
        engine = Engine(
            name=service.name,
            starting=Starting(Starts(pool, definitions, ownership, lanes), ownership, routing),
            routing=routing,
            calls=calls,
        )

        def register(server: grpc.aio.Server) -> list[str]:
            engine_service_pb2_grpc.add_EngineServiceServicer_to_server(engine, server)
            return [_SERVICE]

        await definitions.adhoc.refresh()
        tasks.start(definitions.adhoc.watch(), name="ad-hoc actions")
        stack.push_async_callback(outgoing.finish)
        for lane in lanes:
            tasks.start(lane.run(), name=f"lane {lane.number}")
        await executors.listen()
        tasks.start(executors.watch(), name="executors")
        ownership.on_change(care.moved, care.recover)
        stack.push_async_callback(ownership.leave)
        port = await stack.enter_async_context(
            grpc_server(service.listen, register, drain_seconds=service.drain_seconds)
        )
        held.address = f"{service.listen.rpartition(':')[0]}:{port}"
        await ownership.refresh()
        tasks.start(ownership.keep(), name="leases")
        tasks.start(ownership.balance(), name="balance")
        for sweeper in care.sweepers:
            tasks.start(sweeper.run(), name="sweeper")
        yield port
