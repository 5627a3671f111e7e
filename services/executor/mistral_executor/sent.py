"""Which messages with results were sent lately: the bus may lose what it confirmed, when its store is lost."""

import time
from collections import deque
from collections.abc import Iterable

from mistral.internal.v1.envelope_pb2 import ActionResult, EngineEnvelope
from mistral_executor.attempts import Key

_SECONDS = 60.0
_BYTES = 32 * 1024 * 1024


class Sent:
    """The last minute's messages, at most 32 MiB of them. Searching is slow; it happens after mishaps only."""

    def __init__(self) -> None:
        self._messages: deque[tuple[float, int, bytes]] = deque()
        self._bytes = 0

    def remember(self, partition: int, data: bytes) -> None:
        now = time.monotonic()
        messages = self._messages
        messages.append((now, partition, data))
        self._bytes += len(data)
        while self._bytes > _BYTES or messages[0][0] < now - _SECONDS:
            self._bytes -= len(messages.popleft()[2])

    def messages(self) -> list[tuple[int, bytes]]:
        """Partition and bytes of each, oldest first."""
        return [(partition, data) for _, partition, data in self._messages]

    def find(self, wanted: Iterable[Key]) -> list[tuple[int, ActionResult]]:
        """Partition and result of those attempts that are remembered."""
        keys = set(wanted)
        found: dict[Key, tuple[int, ActionResult]] = {}
        for _, partition, data in self._messages:
            for result in EngineEnvelope.FromString(data).results:
                key = (result.action_id, result.attempt)
                if key in keys:
                    found[key] = (partition, result)
        return list(found.values())
