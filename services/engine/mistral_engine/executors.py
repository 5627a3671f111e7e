"""What the engine knows of the executors: who lives, who died, and who holds an action."""

import asyncio
import time
from collections.abc import Iterable

from mistral.internal.v1 import envelope_pb2
from mistral_runtime.bus import Bus, Message

_SILENT_SECONDS = 4.0
_CENSUS_SECONDS = 0.5
_PER_CENSUS = 500


class Executors:
    """Heartbeats of the executors since this engine began to listen.

    An executor counts as dead when it fell silent without having said that it leaves.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._seen: dict[str, float] = {}
        self.watching_since = time.time()
        self.last_death = 0.0

    async def listen(self) -> None:
        """Begin to listen to heartbeats."""
        await self._bus.subscribe("mistral.executors.heartbeat", self._heard)

    async def watch(self) -> None:
        """Notice deaths, for ever."""
        while True:
            await asyncio.sleep(1.0)
            now = time.monotonic()
            for instance in [i for i, seen in self._seen.items() if now - seen > _SILENT_SECONDS]:
                del self._seen[instance]
                self.last_death = time.time()

    @property
    def alive(self) -> int:
        return len(self._seen)

    def unchanged_since(self, moment: float) -> bool:
        """Tell whether no executor can have died since ``moment`` (seconds since the epoch)."""
        return self.watching_since < moment and self.last_death < moment - _SILENT_SECONDS

    async def holding(self, attempts: Iterable[tuple[str, int]]) -> set[tuple[str, int]]:
        """Ask all executors which of these (action id, attempt) they run, hold or have unrecorded results of.

        Raises:
            BusUnavailable: If they cannot be asked.
        """
        wanted = list(attempts)
        held: set[tuple[str, int]] = set()
        for first in range(0, len(wanted), _PER_CENSUS):
            some = [envelope_pb2.Attempt(action_id=i, attempt=n) for i, n in wanted[first : first + _PER_CENSUS]]
            request = envelope_pb2.CensusRequest(attempts=some).SerializeToString()
            for answer in await self._bus.request_all("mistral.executors.census", request, _CENSUS_SECONDS):
                reply = envelope_pb2.CensusReply.FromString(answer)
                held.update((each.action_id, each.attempt) for each in reply.held)
        return held

    async def _heard(self, message: Message) -> None:
        beat = envelope_pb2.ExecutorHeartbeat.FromString(message.data)
        if beat.leaving:
            self._seen.pop(beat.instance, None)
        else:
            self._seen[beat.instance] = time.monotonic()
