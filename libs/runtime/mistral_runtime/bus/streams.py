"""The streams of the mesh: made when missing, and watched, because a stream may come back empty."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from mistral_runtime.bus.api import STREAM_EXISTS, Api, ApiError
from mistral_runtime.bus.doubts import Doubts
from mistral_runtime.bus.errors import BusError, BusUnavailable
from mistral_runtime.metrics import counter

_log = logging.getLogger(__name__)
_resets = counter("bus_stream_resets", "Times a stream was found made anew", ["stream"])

ENGINE = "ENGINE"
TASKS = "TASKS"
EVENTS = "EVENTS"
TRIGGERS = "TRIGGERS"
"""Events from elsewhere, for triggers; not to be confused with what the mesh tells of itself."""
BOOT = "BOOT"
"""Holds nothing. It lives in memory, so it is as old as the server, and tells that to those who are younger."""

_SECOND = 1_000_000_000
_DUPLICATE_WINDOW = 120 * _SECOND
_EVENTS_MAX_AGE = 24 * 3600 * _SECOND
_TRIGGERS_MOST = 1_000_000

CHECK_SECONDS = 1.0
# A server that has just started takes connections before its JetStream is there.
_READY_SECONDS = 10.0
# Between checks that were asked for.
_REST_SECONDS = 0.05

_MOST_CONSUMERS = 1_000_000

ResetListener = Callable[[str, datetime], None]


def _configured(name: str, subjects: str, retention: str, **more: object) -> Mapping[str, object]:
    return MappingProxyType(
        {
            "name": name,
            "subjects": [subjects],
            "retention": retention,
            "storage": "file",
            "discard": "old",
            "num_replicas": 1,
            # Every pool of workers has a consumer of its own; a server allows a thousand unless it is told otherwise.
            "max_consumers": _MOST_CONSUMERS,
            "duplicate_window": _DUPLICATE_WINDOW,
            **more,
        }
    )


STREAMS: tuple[Mapping[str, object], ...] = (
    _configured(ENGINE, "mistral.engine.>", "workqueue"),
    _configured(TASKS, "mistral.tasks.>", "workqueue"),
    _configured(EVENTS, "mistral.events.>", "limits", max_age=_EVENTS_MAX_AGE),
    _configured(TRIGGERS, "mistral.triggers.>", "limits", max_age=_EVENTS_MAX_AGE, max_msgs=_TRIGGERS_MOST),
    _configured(BOOT, "mistral.boot", "limits", storage="memory", max_msgs=1),
)


_WORK_QUEUES = frozenset(str(config["name"]) for config in STREAMS if config["retention"] == "workqueue")


def is_work_queue(stream: str) -> bool:
    """Whether the stream forgets a message once it is acked."""
    return stream in _WORK_QUEUES


class Streams:
    """Makes the streams and tells listeners when one of them has been made anew."""

    def __init__(self, api: Api, connected: Callable[[], bool]) -> None:
        self._api = api
        self._connected = connected
        self._created: dict[str, datetime] = {}
        self._doubts = Doubts()
        self._listeners: list[ResetListener] = []
        self._wanted = False
        self._wake = asyncio.Event()
        self._checking = asyncio.Lock()

    async def ensure_streams(self) -> None:
        """Make the streams that are missing; from then on they are watched and made again when lost.

        Raises:
            BusUnavailable: If JetStream is not ready within ten seconds.
        """
        self._wanted = True
        deadline = asyncio.get_running_loop().time() + _READY_SECONDS
        while True:
            try:
                return await self.check()
            except BusUnavailable:
                if asyncio.get_running_loop().time() >= deadline:
                    raise
            await asyncio.sleep(_REST_SECONDS)

    def created(self, stream: str) -> datetime:
        """When the stream that we know of was made.

        Raises:
            KeyError: Before ``ensure_streams()``.
        """
        return self._created[stream]

    def on_reset(self, listener: ResetListener) -> Callable[[], None]:
        """Call ``listener(stream, created_at)`` whenever a stream turns out to be newer than before.

        What was in the stream is gone by then. Returns a function that ends the listening.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def check_soon(self) -> None:
        """Have the watch look now instead of within a second."""
        self._wake.set()

    def suspect(self, subject: str) -> None:
        """A message to the subject was not answered: look whether its stream can still store anything.

        A server whose files were deleted goes on until it needs a new one; from then on it stores nothing and says
        nothing, although the stream seems to be there.
        """
        for config in STREAMS:
            if subject.startswith(f"mistral.{str(config['name']).lower()}."):
                self._doubts.raised(str(config["name"]))
                self.check_soon()

    async def check(self) -> None:
        """Look at every stream once, making those that are missing."""
        async with self._checking:
            answers = await asyncio.gather(*(self._present(config) for config in STREAMS))
            for config, info in zip(STREAMS, answers, strict=True):
                name = str(config["name"])
                if self._doubts.are_true(name, int(info["state"]["last_seq"])):
                    self._note(name, _created(await self._replace(config)))
                else:
                    self._note(name, _created(info))

    async def mend(self) -> None:
        """Check after a reconnect, if the streams are ours to look after."""
        if self._wanted:
            await self.check()

    async def watch(self) -> None:
        """Check for ever; owned by the connection."""
        while True:
            try:
                async with asyncio.timeout(CHECK_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            if not self._wanted or not self._connected():
                continue
            try:
                await self.check()
            except BusError as error:
                _log.warning("cannot check the streams: %s", error)
            await asyncio.sleep(_REST_SECONDS)

    async def _present(self, config: Mapping[str, object]) -> dict[str, Any]:
        name = config["name"]
        try:
            return await self._api.ask(f"STREAM.INFO.{name}")
        except ApiError as error:
            if not error.missing:
                raise BusUnavailable(str(error)) from error
            return await self._make(config)

    async def _make(self, config: Mapping[str, object]) -> dict[str, Any]:
        name = config["name"]
        try:
            info = await self._api.ask(f"STREAM.CREATE.{name}", dict(config))
        except ApiError as error:
            if error.code != STREAM_EXISTS:
                raise BusUnavailable(str(error)) from error
            # Someone else made it in the meantime, perhaps with settings of its own.
            return await self._api.ask(f"STREAM.INFO.{name}")
        _log.info("made stream %s", name)
        return info

    async def _replace(self, config: Mapping[str, object]) -> dict[str, Any]:
        name = config["name"]
        _log.error("stream %s stores nothing any more: replacing it", name)
        try:
            await self._api.ask(f"STREAM.DELETE.{name}")
        except ApiError as error:
            if not error.missing:
                raise BusUnavailable(str(error)) from error
        return await self._present(config)

    def _note(self, name: str, created: datetime) -> None:
        before = self._created.get(name)
        self._created[name] = created
        if before is None or created == before or name == BOOT:
            return
        _resets.labels(name).inc()
        _log.warning("stream %s was made anew at %s: what was in it is gone", name, created.isoformat())
        for listener in tuple(self._listeners):
            listener(name, created)


def _created(info: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(info["created"])
