"""A worker: a process, or a part of one, that offers actions and runs them."""

import asyncio
import contextlib
import logging
import signal
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from mistral_sdk.actions import Action, actions_in, define
from mistral_sdk.codec import PayloadCodec
from mistral_sdk.connection import TLS, Connection, Token
from mistral_sdk.running.core import Core
from mistral_sdk.running.observer import Observer
from mistral_sdk.settings import Settings
from mistral_sdk.stubs import worker_pb2

F = TypeVar("F", bound=Callable[..., Any])
_LOGGER = logging.getLogger("mistral_sdk.worker")
_SDK = "mistral-python"
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Worker:
    """Offers actions to workflows, and runs them.

    Whatever is not given is taken from the environment; the variable stands in brackets.

    Args:
        address: Of the gateway, ``host:port`` (``MISTRAL_GRPC_ADDRESS``; ``127.0.0.1:50051``).
        actions: Functions with the decorator `action`, modules with such functions, or instances with such methods.
        id: Name that stays the same over restarts (``MISTRAL_WORKER_ID``; made of host and process).
        slots: Most runs at once, 1 to 10,000 (``MISTRAL_SLOTS``; 16).
        token: API key or token, or what returns one (``MISTRAL_TOKEN``, ``MISTRAL_API_KEY``).
        project: To work for, where one may choose (``MISTRAL_PROJECT``).
        queues: To serve (``MISTRAL_QUEUES``; the default one).
        namespaces: Of workflows to work for (``MISTRAL_NAMESPACES``; all).
        labels: That tasks may ask for (``MISTRAL_LABELS``, ``gpu=yes,zone=a``).
        tls: Files of `TLS`, or True for the authorities of the system (``MISTRAL_TLS_CA``, ``_CERT``, ``_KEY``).
        codec: Encrypts and decrypts marked values (``MISTRAL_CODEC_KEYS``, ``MISTRAL_CODEC_KID``).
        drain_seconds: How long a shutdown waits for what runs (``MISTRAL_DRAIN_SECONDS``; 30).
        idle_seconds: End after so long without a run (``MISTRAL_IDLE_SECONDS``; 0: never).
        observer: Is told of runs, for metrics.
        channel_options: Options of gRPC.
    """

    def __init__(
        self,
        address: str = "",
        *,
        actions: Iterable[Any] = (),
        id: str = "",
        slots: int | None = None,
        token: Token = "",
        project: str = "",
        queues: Sequence[str] | None = None,
        namespaces: Sequence[str] | None = None,
        labels: Mapping[str, str] | None = None,
        tls: TLS | bool | None = None,
        codec: PayloadCodec | None = None,
        drain_seconds: float | None = None,
        idle_seconds: float | None = None,
        observer: Observer | None = None,
        channel_options: Sequence[tuple[str, Any]] = (),
    ) -> None:
        self.connection = Connection.to(address, token=token, project=project, tls=tls, options=channel_options)
        self.settings = Settings.read(
            id=id,
            slots=slots,
            queues=queues,
            namespaces=namespaces,
            labels=labels,
            drain_seconds=drain_seconds,
            idle_seconds=idle_seconds,
            codec=codec,
        )
        self._actions: dict[str, Action] = {}
        self._observer = _Ready(observer or Observer())
        self._core: Core | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked: float | None = None
        self.add(*actions)

    @property
    def id(self) -> str:
        """Name of the worker."""
        return self.settings.id

    @property
    def actions(self) -> Mapping[str, Action]:
        """What it offers, by name."""
        return self._actions

    def action(self, name: Any = "", /, **options: Any) -> Any:
        """Offer the function below; takes what the decorator `mistral_sdk.action` takes, and returns the function."""
        if callable(name):
            return self.action()(name)

        def offered(function: F) -> F:
            self._offer(define(function, name, **options))
            return function

        return offered

    def add(self, *things: Any) -> None:
        """Offer functions with the decorator `action`, or all those of a module, or the methods of an instance.

        Raises:
            ValueError: If there is none, or two have the same name.
        """
        for thing in things:
            found = actions_in(thing)
            if not found:
                raise ValueError(
                    f"{getattr(thing, '__name__', thing)!r} holds no action; the decorator `action` makes one"
                )
            for each in found:
                self._offer(each)

    def _offer(self, action: Action) -> None:
        if action.name in self._actions:
            raise ValueError(f"two actions are named {action.name}")
        if self._core is not None:
            raise ValueError(f"action {action.name}: the worker runs already, and said what it offers")
        self._actions[action.name] = action

    def run(self) -> None:
        """Work until SIGTERM or Ctrl-C, then finish what runs, and return.

        Raises:
            WorkerRefused: If the server does not let the worker in.
            WorkerReplaced: If another process has taken over its id.
        """
        run(self)

    async def serve(self) -> None:
        """Work in this loop until `stop`; raises what `run` does."""
        if self._core is not None:
            raise RuntimeError(f"worker {self.id} runs already")
        self._hold_codec()
        self._loop = asyncio.get_running_loop()
        self._core = Core(self.connection, self._description(), self._actions, self.settings.codec, self._observer)
        if self._asked is not None:
            self._core.drain(self._asked)
        idling = asyncio.create_task(self._end_when_idle(self._core))
        try:
            await self._core.run()
        finally:
            idling.cancel()
            self._core = self._loop = self._asked = None
            self._observer.ready.clear()

    async def _end_when_idle(self, core: Core) -> None:
        patience = self.settings.idle_seconds
        if patience <= 0:
            return
        while True:
            left = patience - core.idle_seconds()
            if left <= 0:
                break
            await asyncio.sleep(left)
        _LOGGER.info("worker %s ends: there was nothing to do for %g seconds", self.id, patience)
        self.stop()

    def stop(self, seconds: float | None = None) -> None:
        """Take nothing further, finish what runs, then end `serve`; may be called from any thread, also twice.

        Args:
            seconds: How long to wait for what runs; what is left is broken off and may be run by others.
        """
        limit = self.settings.drain_seconds if seconds is None else seconds
        self._asked = limit
        core, loop = self._core, self._loop
        if core is not None and loop is not None:
            loop.call_soon_threadsafe(core.drain, limit)

    def wait_ready(self, timeout: float | None = None) -> bool:
        """Wait in a thread until the worker was welcomed; returns whether it was in time."""
        return self._observer.ready.wait(timeout)

    @contextmanager
    def background(self, timeout: float = 30) -> Iterator["Worker"]:
        """Work in a thread while the block runs, for programs with another main part; stops the worker at its end.

        Raises:
            TimeoutError: If the worker is not welcomed so many seconds after its start.
        """
        problems: list[BaseException] = []

        def work() -> None:
            try:
                asyncio.run(self.serve())
            except Exception as error:
                problems.append(error)
                self._observer.ready.set()

        thread = threading.Thread(target=work, name=f"mistral-{self.id}", daemon=True)
        thread.start()
        try:
            if not self.wait_ready(timeout):
                raise TimeoutError(f"worker {self.id} is not connected to {self.connection.address} yet")
            if problems:
                raise problems[0]
            yield self
        finally:
            self.stop()
            thread.join(self.settings.drain_seconds + 10)

    def _hold_codec(self) -> None:
        marked = [action.name for action in self._actions.values() if action.ways]
        if marked and self.settings.codec is None:
            raise ValueError(f"action {marked[0]} marks values for encryption, but the worker has no codec")

    def _description(self) -> worker_pb2.WorkerDescription:
        from mistral_sdk import __version__

        if not self._actions:
            raise ValueError(f"worker {self.id} offers no action")
        return worker_pb2.WorkerDescription(
            id=self.settings.id,
            instance=uuid.uuid4().hex,
            sdk=_SDK,
            sdk_version=__version__,
            namespaces=self.settings.namespaces,
            queues=self.settings.queues,
            actions=[action.offer() for action in self._actions.values()],
            labels=dict(self.settings.labels),
            slots=self.settings.slots,
        )


class _Ready(Observer):
    """Passes on what it is told, and remembers whether the worker was welcomed."""

    def __init__(self, observer: Observer) -> None:
        self.ready = threading.Event()
        self._observer = observer
        for name in ("disconnected", "received", "ended", "sent", "recorded", "rejected"):
            setattr(self, name, getattr(observer, name))

    def connected(self, session: str, executor: str) -> None:
        self.ready.set()
        self._observer.connected(session, executor)


def run(*workers: Worker) -> None:
    """Let workers of one process work until SIGTERM or Ctrl-C; they finish what runs. A second signal ends at once.

    Raises:
        WorkerRefused: If the server does not let one in; the others are stopped.
        WorkerReplaced: If another process has taken over the id of one.
    """
    asyncio.run(_run(workers))


async def _run(workers: Sequence[Worker]) -> None:
    loop = asyncio.get_running_loop()
    asked = 0

    def stop() -> None:
        nonlocal asked
        asked += 1
        _LOGGER.info("asked to end" if asked == 1 else "asked to end at once")
        for worker in workers:
            worker.stop(None if asked == 1 else 0)

    for number in _SIGNALS:
        _heed(number, stop, loop)
    try:
        async with asyncio.TaskGroup() as group:
            for worker in workers:
                group.create_task(worker.serve())
    except ExceptionGroup as problems:
        raise problems.exceptions[0] from None
    finally:
        for number in _SIGNALS:
            with contextlib.suppress(NotImplementedError):
                loop.remove_signal_handler(number)


def _heed(number: signal.Signals, act: Callable[[], None], loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.add_signal_handler(number, act)
    except NotImplementedError:
        # Loops of Windows do not take any.
        signal.signal(number, lambda *_: (loop.call_soon_threadsafe(act), None)[1])


__all__ = ["TLS", "Worker", "run"]
