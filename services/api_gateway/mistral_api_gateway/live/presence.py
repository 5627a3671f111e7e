"""Which engines and executors there are: engines from their leases, executors by the signs of life that they send."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from mistral.internal.v1.envelope_pb2 import ExecutorHeartbeat
from mistral_api_gateway.operations.store import Store
from mistral_core.priority import queue_token
from mistral_persistence import leases
from mistral_runtime.bus import Bus, Message

_HEARTBEAT: Final = "mistral.executors.heartbeat"
_SILENT_SECONDS: Final = 4.0


class Presence:
    """The services that live; get a listening one from ``noticing``."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: dict[str, tuple[str, float, frozenset[str]]] = {}
        self._since = time.monotonic()

    async def engines(self) -> list[str]:
        """Return the names of the living engines. Raises Unavailable if Postgres is away."""
        return sorted(await self._store.read(leases.engines))

    def executors(self) -> list[str]:
        """Return the addresses of the executors that were heard in the last seconds."""
        now = time.monotonic()
        return sorted(address for address, seen, _ in self._seen.values() if now - seen < _SILENT_SECONDS)

    def served(self) -> frozenset[str] | None:
        """Return the queues that executors serve, as they are called on the bus; None while that is not known yet."""
        now = time.monotonic()
        if now - self._since < _SILENT_SECONDS:
            return None
        living = (queues for _, seen, queues in self._seen.values() if now - seen < _SILENT_SECONDS)
        return frozenset[str]().union(*living)

    async def heard(self, message: Message) -> None:
        """Take note of an executor."""
        beat = ExecutorHeartbeat.FromString(message.data)
        now = time.monotonic()
        self._seen = {instance: one for instance, one in self._seen.items() if now - one[1] < _SILENT_SECONDS}
        self._seen.pop(beat.instance, None)
        if not beat.leaving:
            queues = frozenset(queue_token(queue) for queue in beat.queues)
            self._seen[beat.instance] = beat.address or beat.instance, now, queues


@asynccontextmanager
async def noticing(bus: Bus, store: Store) -> AsyncIterator[Presence]:
    """Yield what hears the executors inside the block."""
    presence = Presence(store)
    subscription = await bus.subscribe(_HEARTBEAT, presence.heard)
    try:
        yield presence
    finally:
        await subscription.unsubscribe()
