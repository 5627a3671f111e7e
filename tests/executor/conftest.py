"""An engine's side of the bus: gives actions to an executor and takes its results, over a real NATS."""

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import uvloop

from mistral.internal.v1 import envelope_pb2 as pb2
from mistral_executor.actions.registry import Registry, described, installed
from mistral_executor.app import running
from mistral_executor.settings import ExecutorSettings
from mistral_executor.workers.terms import WorkerTerms
from mistral_runtime import bus as bus_library
from mistral_runtime.bus import Bus, BusClosed, PullConsumer
from mistral_runtime.settings import ServiceSettings

_numbers = count(1)


def _beside(name: str) -> Any:
    """Load a module of this folder: test modules cannot import each other, fixtures hand out what they have."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


_site_server = _beside("site_server")
_ssh_server = _beside("ssh_server")
_rabbit_server = _beside("rabbit_server")
_certificates = _beside("certificates")


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that executors run on: not everything the standard one can do is in it."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
def new_site() -> Any:
    """Call it for a further HTTP server, as an ``async with`` block."""
    return _site_server.site


@pytest.fixture
async def site() -> AsyncIterator[Any]:
    """An HTTP server on loopback that remembers what it was asked."""
    async with _site_server.site() as it:
        yield it


@pytest.fixture
def certificate(tmp_path: Path) -> Any:
    """A certificate for 127.0.0.1, with the key to it."""
    return _certificates.certificate(tmp_path)


@pytest.fixture(scope="session")
def new_sshd() -> Any:
    """Call it with a new folder for a real SSH server, as a ``with`` block; without one here the test is skipped."""
    return _ssh_server.sshd


@pytest.fixture(scope="module")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """``host:port`` of a real RabbitMQ, shared by the module; without one here the test is skipped."""
    with _rabbit_server.rabbit(tmp_path_factory.mktemp("rabbit")) as place:
        yield place


@pytest.fixture(scope="session")
def sshd_path() -> str:
    return str(_ssh_server.program())


class Engine:
    """Publishes envelopes to a queue of its own and gathers what comes back."""

    def __init__(self, bus: Bus, number: int) -> None:
        self.bus = bus
        self.queue = f"test{number}"
        self.partition = 1000 + number
        self.results: dict[tuple[str, int], pb2.ActionResult] = {}
        self.counts: dict[tuple[str, int], int] = {}
        self.envelopes: list[pb2.EngineEnvelope] = []
        self._news = asyncio.Condition()

    def task(self, action: str, given: dict[str, Any] | None = None, **more: Any) -> pb2.ActionTask:
        fields = {"action_id": f"action-{next(_numbers)}", "attempt": 1, "partition": self.partition, **more}
        return pb2.ActionTask(action=action, input=json.dumps(given).encode() if given is not None else b"", **fields)

    async def give(
        self, *tasks: pb2.ActionTask, traceparent: str = "", doubtful: bool = False, priority: str = "normal"
    ) -> None:
        envelope = pb2.TaskEnvelope(tasks=tasks, traceparent=traceparent, doubtful=doubtful)
        await self.bus.publish(f"mistral.tasks.{self.queue}.{priority}", envelope.SerializeToString())

    async def run(self, action: str, given: dict[str, Any] | None = None, **more: Any) -> tuple[str, Any]:
        """Run one action and return its outcome and value."""
        task = self.task(action, given, **more)
        await self.give(task)
        return await self.result(task)

    async def result(self, task: pb2.ActionTask, seconds: float = 15.0) -> tuple[str, Any]:
        key = (task.action_id, task.attempt)
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: key in self.results)
        result = self.results[key]
        outcome = pb2.ActionOutcome.Name(result.outcome).removeprefix("ACTION_OUTCOME_")
        return outcome, json.loads(result.value) if result.value else None

    async def gather(self, consumer: PullConsumer) -> None:
        while True:
            try:
                deliveries = await consumer.take(100)
            except BusClosed:
                return
            for delivery in deliveries:
                envelope = pb2.EngineEnvelope.FromString(delivery.data)
                delivery.ack()
                self.envelopes.append(envelope)
                for result in envelope.results:
                    key = (result.action_id, result.attempt)
                    self.results[key] = result
                    self.counts[key] = self.counts.get(key, 0) + 1
            async with self._news:
                self._news.notify_all()


@asynccontextmanager
async def engine_at(url: str) -> AsyncIterator[Engine]:
    async with bus_library.connect(url, "test-engine") as bus:
        await bus.streams.ensure_streams()
        engine = Engine(bus, next(_numbers))
        consumer = PullConsumer(
            bus,
            "ENGINE",
            f"test_{engine.partition}",
            (f"mistral.engine.{engine.partition}",),
            ack_wait_seconds=30,
            max_ack_pending=1000,
        )
        await consumer.start()
        gathering = asyncio.create_task(engine.gather(consumer))
        try:
            yield engine
        finally:
            await consumer.stop(delete=True)
            await gathering


@pytest.fixture
async def engine(nats: str) -> AsyncIterator[Engine]:
    async with engine_at(nats) as engine:
        yield engine


def settings_of(url: str, queue: str, **more: Any) -> ExecutorSettings:
    service = {"name": "executor-test", "nats_url": url, "drain_seconds": 5.0, "log_format": "text"}
    for name in [name for name in more if name in ServiceSettings.__dataclass_fields__]:
        service[name] = more.pop(name)
    more.setdefault("queues", (queue,))
    return ExecutorSettings(service=ServiceSettings(**service), **more)  # type: ignore[arg-type]


Start = Callable[..., Awaitable[AsyncExitStack]]


@pytest.fixture
async def start(nats: str, engine: Engine) -> AsyncIterator[Start]:
    """Call it to start an executor for the engine's queue; closing what it returns stops it."""
    stacks: list[AsyncExitStack] = []

    async def starting(registry: Registry | None = None, **more: Any) -> AsyncExitStack:
        stack = AsyncExitStack()
        port = await stack.enter_async_context(running(settings_of(nats, engine.queue, **more), registry))
        stack.port = port  # type: ignore[attr-defined]
        stacks.append(stack)
        return stack

    yield starting
    for stack in reversed(stacks):
        await stack.aclose()


@pytest.fixture
async def executor(start: Start) -> AsyncExitStack:
    return await start()


@pytest.fixture
def with_actions() -> Callable[..., Registry]:
    """Call it with names and functions for a registry of the standard actions and those."""

    def make(**functions: Any) -> Registry:
        return {**installed(), **{name: described(name, function) for name, function in functions.items()}}

    return make


@pytest.fixture
def new_engine() -> Any:
    """Call it with the URL of a NATS for an engine there, as an ``async with`` block."""
    return engine_at


@pytest.fixture
def start_at() -> Any:
    """Call it with the URL of a NATS and a queue for an executor there, as an ``async with`` block."""
    return lambda url, queue, registry=None, **more: running(settings_of(url, queue, **more), registry)


@pytest.fixture
def process(nats: str) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Call it with a queue to start an executor as a process of its own."""
    processes: list[subprocess.Popen[bytes]] = []

    def begin(queue: str, **environment: str) -> subprocess.Popen[bytes]:
        settings = {
            "MISTRAL_NATS_URL": nats,
            "MISTRAL_EXECUTOR_QUEUES": queue,
            "MISTRAL_EGRESS_ALLOWED": "127.0.0.0/8",
            **environment,
        }
        begun = subprocess.Popen([sys.executable, "-m", "mistral_executor"], env={**os.environ, **settings})
        processes.append(begun)
        return begun

    yield begin
    for begun in processes:
        begun.kill()
        begun.wait()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package for mistral_lib, installed into a folder of its own as any package is, but without asking anybody."""
    target = tmp_path_factory.mktemp("site")
    source = Path(__file__).with_name("mistral_lib_package")
    uv = [sys.executable, "-m", "uv", "pip", "install", "--offline", "--no-deps", "--no-build-isolation", "--quiet"]
    subprocess.run([*uv, "--python", sys.executable, "--target", str(target), str(source)], check=True)
    return target


_worker_client = _beside("worker_client")
_worker_stage = _beside("worker_stage")


@pytest.fixture
async def workers(engine: Engine, start: Start) -> Any:
    """An executor that workers can connect to, with short leases."""
    stack = await start(workers=WorkerTerms(lease_seconds=2.0, cancel_seconds=1.0, token_key=b"tests"))
    return _worker_stage.Workers(engine, stack.port, _worker_client)  # type: ignore[attr-defined]
