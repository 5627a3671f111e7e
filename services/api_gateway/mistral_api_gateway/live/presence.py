"""Which services live, and which queues executors serve: known by the signs of life that they send."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from mistral.internal.v1.envelope_pb2 import ExecutorHeartbeat, ServiceHeartbeat
from mistral.internal.v1.worker_pool_pb2 import WorkersPresent
from mistral_core.priority import queue_token
from mistral_runtime.bus import Bus, Message
from mistral_runtime.presence import EVERY_SECONDS, SILENT_SECONDS, SUBJECT

_EXECUTORS: Final = "mistral.executors.heartbeat"
_WORKERS: Final = "mistral.workers.present"
# By then all have been heard that lived when listening began.
_HEARD_SECONDS: Final = EVERY_SECONDS + 0.5


@dataclass(frozen=True, slots=True, order=True)
class Living:
    """A service that lives; ``started`` is in microseconds since the epoch."""

    kind: str
    name: str
    address: str
    started: int


class Presence:
    """The services that live; get a listening one from ``noticing``."""

    def __init__(self) -> None:
        self._services: dict[str, tuple[float, Living]] = {}
        self._queues: dict[str, tuple[float, frozenset[str]]] = {}
        self._workers: dict[str, tuple[float, WorkersPresent]] = {}
        self._since = time.monotonic()

    def workers(self, project: str, action: str) -> dict[str, list[str]]:
        """Return the ids of the workers that offer an action, by queue; not all if there are thousands."""
        now, found = time.monotonic(), dict[str, set[str]]()
        for seen, present in self._workers.values():
            if now - seen < SILENT_SECONDS:
                for each in present.pools:
                    if each.pool.project_id == project and each.pool.action == action:
                        found.setdefault(each.pool.queue, set()).update(each.worker_ids)
        return {queue: sorted(ids) for queue, ids in found.items()}

    async def services(self) -> list[Living]:
        """Return the services that were heard in the last seconds, by kind and name.

        One that has just begun to listen takes until everybody had the chance to be heard.
        """
        await asyncio.sleep(max(0.0, self._since + _HEARD_SECONDS - time.monotonic()))
        now = time.monotonic()
        return sorted(living for seen, living in self._services.values() if now - seen < SILENT_SECONDS)

    def served(self) -> frozenset[str] | None:
        """Return the queues that executors serve, as they are called on the bus; None while that is not known yet."""
        now = time.monotonic()
        if now - self._since < SILENT_SECONDS:
            return None
        living = (queues for seen, queues in self._queues.values() if now - seen < SILENT_SECONDS)
        return frozenset[str]().union(*living)

    async def heard_service(self, message: Message) -> None:
        """Take note of a service."""
        beat = ServiceHeartbeat.FromString(message.data)
        now = time.monotonic()
        self._services = {key: one for key, one in self._services.items() if now - one[0] < SILENT_SECONDS}
        self._services.pop(beat.instance, None)
        if not beat.leaving:
            started = beat.started_at.ToMicroseconds()
            self._services[beat.instance] = now, Living(beat.kind, beat.name, beat.address, started)

    async def heard_executor(self, message: Message) -> None:
        """Take note of the queues of an executor."""
        beat = ExecutorHeartbeat.FromString(message.data)
        now = time.monotonic()
        self._queues = {key: one for key, one in self._queues.items() if now - one[0] < SILENT_SECONDS}
        self._queues.pop(beat.instance, None)
        if not beat.leaving:
            self._queues[beat.instance] = now, frozenset(queue_token(queue) for queue in beat.queues)

    async def heard_workers(self, message: Message) -> None:
        """Take note of the workers at an executor."""
        present = WorkersPresent.FromString(message.data)
        now = time.monotonic()
        self._workers = {key: one for key, one in self._workers.items() if now - one[0] < SILENT_SECONDS}
        self._workers.pop(present.instance, None)
        if not present.leaving:
            self._workers[present.instance] = now, present


@asynccontextmanager
async def noticing(bus: Bus) -> AsyncIterator[Presence]:
    """Yield what hears the services inside the block."""
    presence = Presence()
    subscriptions = [
        await bus.subscribe(SUBJECT, presence.heard_service),
        await bus.subscribe(_EXECUTORS, presence.heard_executor),
        await bus.subscribe(_WORKERS, presence.heard_workers),
    ]
    try:
        yield presence
    finally:
        for subscription in subscriptions:
            await subscription.unsubscribe()
