"""The other executors: who lives, whose workers have what, and word of workers that have moved from one to another."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Final

from mistral.internal.v1.envelope_pb2 import Attempt, CensusReply, CensusRequest, ExecutorHeartbeat
from mistral_executor.attempts import Key
from mistral_executor.census import CENSUS, WAIT_SECONDS
from mistral_runtime.bus import Bus, Message

_SILENT_SECONDS: Final = 4.0
_PER_CENSUS: Final = 500


class Others:
    """What is heard of other executors.

    Args:
        instance: Ours, which is not another one.
    """

    def __init__(self, bus: Bus, instance: str) -> None:
        self._bus = bus
        self._instance = instance
        self._seen: dict[str, float] = {}
        self._since = time.monotonic()

    @property
    def alive(self) -> bool:
        """Whether there may be any: one was heard lately, or we have not listened long enough."""
        now = time.monotonic()
        return now - self._since < _SILENT_SECONDS or any(now - at < _SILENT_SECONDS for at in self._seen.values())

    @property
    def count(self) -> int:
        """How many there are, as far as we have heard."""
        now = time.monotonic()
        return sum(now - at < _SILENT_SECONDS for at in self._seen.values())

    async def heard(self, message: Message) -> None:
        """Take note of a sign of life."""
        beat = ExecutorHeartbeat.FromString(message.data)
        if beat.instance == self._instance:
            return
        now = time.monotonic()
        self._seen = {instance: at for instance, at in self._seen.items() if now - at < _SILENT_SECONDS}
        if not beat.leaving:
            self._seen[beat.instance] = now

    async def census(self, keys: Collection[Key]) -> tuple[dict[Key, int], set[Key]]:
        """Ask which of these are in workers of others, with the epoch of each, and which ended there.

        Raises:
            BusUnavailable: If nobody could be asked.
        """
        in_workers: dict[Key, int] = {}
        recorded: set[Key] = set()
        wanted = list(keys) if self.alive else []
        for first in range(0, len(wanted), _PER_CENSUS):
            some = [Attempt(action_id=action_id, attempt=n) for action_id, n in wanted[first : first + _PER_CENSUS]]
            request = CensusRequest(attempts=some, of_workers=True).SerializeToString()
            for answer in await self._bus.request_all(CENSUS, request, WAIT_SECONDS):
                reply = CensusReply.FromString(answer)
                if reply.instance == self._instance:
                    continue
                for held in reply.in_workers:
                    key = held.action_id, held.attempt
                    in_workers[key] = max(held.epoch, in_workers.get(key, 0))
                recorded.update((each.action_id, each.attempt) for each in reply.recorded)
        return in_workers, recorded
