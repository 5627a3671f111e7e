"""The executor put together: bus, runner, results, intakes and the gRPC server, started and ended in order."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import grpc.aio

from mistral.internal.v1.executor_service_pb2_grpc import add_ExecutorServiceServicer_to_server
from mistral.v1.worker_service_pb2_grpc import add_WorkerServiceServicer_to_server
from mistral_executor import measures, servicer
from mistral_executor.actions.dynamic import DynamicActions, dynamic_workers
from mistral_executor.actions.javascript import Scripts, script_workers
from mistral_executor.actions.registry import Registry, installed
from mistral_executor.attempts import Leases
from mistral_executor.calling import Caller
from mistral_executor.census import CANCEL, CENSUS, Answers
from mistral_executor.consumer import Intake
from mistral_executor.drain import drain
from mistral_executor.engine import EngineClient, engine_client
from mistral_executor.http_workers.caller import Caller as ApplicationCaller
from mistral_executor.http_workers.registrations import Registrations
from mistral_executor.identity import Heart, Identity
from mistral_executor.results import Results
from mistral_executor.running import Runner
from mistral_executor.sandbox.worker import hide_from_children
from mistral_executor.settings import ExecutorSettings
from mistral_executor.workers import servicer as worker_servicer
from mistral_executor.workers.floor import Floor
from mistral_runtime import bus as bus_library
from mistral_runtime import logs
from mistral_runtime.bus import Bus
from mistral_runtime.egress import Allowed
from mistral_runtime.lifecycle import supervised
from mistral_runtime.metrics import metrics_server
from mistral_runtime.presence import bound, present
from mistral_runtime.server import grpc_server
from mistral_runtime.settings import SettingError
from mistral_runtime.telemetry import telemetry

_RENEW_SECONDS = 1.0
# Most kilobytes of a result when there is no engine to take what is too large for the bus.
_BUS_LIMIT_KB = 900


@asynccontextmanager
async def running(settings: ExecutorSettings, registry: Registry | None = None) -> AsyncIterator[int]:
    """Run the executor inside the ``async with`` block and yield the port of its gRPC server.

    On the way out it leaves in good order, see ``drain``.

    Args:
        registry: The actions it offers; by default those of all installed packages.
    """
    service = settings.service
    logs.configure(service.name, service.log_level, service.log_format)
    # They write URLs, commands and more of what actions are given, with whatever secrets are in it.
    for library in ("httpx", "asyncssh"):
        logging.getLogger(library).setLevel(logging.WARNING)
    # What it calls an error is one of the action's, and raised.
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)
    offered = _installed(settings) if registry is None else registry
    async with AsyncExitStack() as stack:
        stack.enter_context(telemetry(service))
        await stack.enter_async_context(metrics_server(service.metrics_port))
        bus = await stack.enter_async_context(bus_library.connect(service.nats_url, service.name))
        await bus.streams.ensure_streams()
        engine = await stack.enter_async_context(engine_client(settings.engines, service.tls))
        workers = script_workers(settings.scripts, answer_kb=_limit_kb(settings))
        scripts = Scripts(await stack.enter_async_context(workers), settings.scripts)
        dynamic = await stack.enter_async_context(_dynamic(settings, engine))
        offered = {**offered, **scripts.actions}
        port = await stack.enter_async_context(_serving(settings, offered, dynamic, bus, engine))
        address = bound(service.listen, port)
        await stack.enter_async_context(present(bus, kind="executor", name=service.name, address=address))
        yield port


@asynccontextmanager
async def _dynamic(settings: ExecutorSettings, engine: EngineClient) -> AsyncIterator[DynamicActions | None]:
    if not settings.dynamic.enabled:
        yield None
        return
    if not engine.known:
        raise SettingError("MISTRAL_ENGINE_ADDRESSES", None, "set when MISTRAL_DYNAMIC_ACTIONS is on")
    hide_from_children()
    async with dynamic_workers(settings.dynamic, answer_kb=_limit_kb(settings)) as workers:
        yield DynamicActions(engine, workers, settings.dynamic)


@asynccontextmanager
async def _serving(
    settings: ExecutorSettings, registry: Registry, dynamic: DynamicActions | None, bus: Bus, engine: EngineClient
) -> AsyncIterator[int]:
    service, results, leases = settings.service, Results(bus, engine), Leases()
    runner = Runner(registry, _caller(settings), results, engine, slots=settings.slots, dynamic=dynamic)
    identity = Identity(name=settings.service.name, queues=settings.queues)
    intakes = [Intake(bus, queue, runner, results, leases) for queue in settings.queues]

    async with supervised() as tasks:
        floor = Floor(bus, results, engine, identity, tasks, settings.workers)
        register = _registering(servicer.ExecutorService(registry, runner, identity), floor)
        async with grpc_server(service.listen, register, drain_seconds=service.drain_seconds, tls=service.tls) as port:
            host, _, _ = settings.service.listen.rpartition(":")
            heart = Heart(bus, identity.reached_at(f"{host}:{port}"), runner)
            bus.streams.on_reset(results.stream_reset)
            answers = Answers(runner, results, identity, floor)
            subscriptions = [
                await bus.subscribe(CENSUS, answers.census),
                await bus.subscribe(CANCEL, answers.cancel),
            ]
            tasks.start(results.watch(), name="results")
            tasks.start(_renew(leases, runner), name="leases")
            tasks.start(heart.beat(), name="heartbeat")
            await floor.start()
            calling = ApplicationCaller(Allowed(settings.egress_allowed), largest=settings.workers.largest_bytes)
            tasks.start(Registrations(floor, engine, calling, tasks).run(), name="HTTP workers")
            for intake in intakes:
                await intake.start()
                tasks.start(intake.run(), name="intake")
            try:
                yield port
            finally:
                heart.leave()
                await floor.leave(service.drain_seconds)
                await calling.close()
                await drain(intakes, runner, results, leases, service.drain_seconds)
                floor.give_up()
                heart.tell()
                for subscription in subscriptions:
                    await subscription.unsubscribe()


def _registering(service: servicer.ExecutorService, floor: Floor) -> Callable[[grpc.aio.Server], tuple[str, ...]]:
    def register(server: grpc.aio.Server) -> tuple[str, ...]:
        add_ExecutorServiceServicer_to_server(service, server)
        add_WorkerServiceServicer_to_server(worker_servicer.WorkerService(floor), server)
        return servicer.NAME, worker_servicer.NAME

    return register


def _caller(settings: ExecutorSettings) -> Caller:
    egress = Allowed(settings.egress_allowed)
    return Caller(egress, limit_kb=_limit_kb(settings), threads=settings.threads, ssh=settings.ssh)


def _installed(settings: ExecutorSettings) -> Registry:
    return installed(mistral_lib=settings.mistral_lib_actions, config_file=settings.mistral_lib_config)


async def _renew(leases: Leases, runner: Runner) -> None:
    while True:
        await asyncio.sleep(_RENEW_SECONDS)
        leases.renew()
        runner.tally.flush()
        measures.RUNNING.set(runner.running)
        measures.HELD.set(len(leases))


def _limit_kb(settings: ExecutorSettings) -> int:
    if settings.engines or 0 <= settings.field_limit_kb < _BUS_LIMIT_KB:
        return settings.field_limit_kb
    return _BUS_LIMIT_KB
