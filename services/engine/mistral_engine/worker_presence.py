"""Which pools have workers: what executors tell every second of those that are connected to them."""

import time

from mistral.internal.v1 import worker_pool_pb2
from mistral_runtime.bus import Bus, Message
from mistral_runtime.worker_pools import pool_from

_SILENT_SECONDS = 4.0
_SURE_SECONDS = 3.0


class WorkerPresence:
    """What was heard lately. Until it has listened for a while it tells of no pool that it has no workers."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._heard: dict[str, tuple[float, frozenset[str]]] = {}
        self._since = self._asked = time.monotonic()
        bus.on_reconnect(self._reconnected)

    async def listen(self) -> None:
        """Begin to listen."""
        self._since = self._asked = time.monotonic()
        await self._bus.subscribe("mistral.workers.present", self._present)

    def served(self) -> frozenset[str] | None:
        """Return the tokens of the pools that have workers; None while that is not known. To be asked every second."""
        moment, before = time.monotonic(), self._asked
        self._asked = moment
        if moment - before > _SURE_SECONDS:
            # We were held up, and what was told meanwhile may still have to be read.
            self._since = moment
        if moment - self._since < _SURE_SECONDS:
            return None
        for instance in [i for i, (at, _) in self._heard.items() if moment - at > _SILENT_SECONDS]:
            del self._heard[instance]
        return frozenset[str]().union(*(tokens for _, tokens in self._heard.values()))

    async def _present(self, message: Message) -> None:
        told = worker_pool_pb2.WorkersPresent.FromString(message.data)
        if told.leaving:
            self._heard.pop(told.instance, None)
            return
        tokens = frozenset(pool_from(each.pool).token for each in told.pools if each.workers)
        self._heard[told.instance] = time.monotonic(), tokens

    def _reconnected(self) -> None:
        # While the bus was away nobody could be heard.
        self._since = time.monotonic()
        self._heard = {}
