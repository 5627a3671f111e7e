"""Messages sent without confirmation (acks, answers, wake-ups): put down at once, written by one task.

Acks are written a little later, many at once. JetStream begins a new file whenever the last message of a file is
acked; for a queue that is mostly empty, as ours are, that would be a file made and a file deleted for every message,
and more work than all else that the server does for it.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping

import nats.errors
from nats.aio.client import Client

_log = logging.getLogger(__name__)

_CAPACITY = 100_000
_FLUSH_SECONDS = 2
ACK_LINGER_SECONDS = 0.1
_MOST_LINGERING = 256

_Entry = tuple[str, bytes, dict[str, str] | None]


class Outbox:
    """Kept in order, at most 100,000 messages while the connection is down; beyond that the newest are dropped."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._entries: deque[_Entry] = deque()
        self._acks: list[_Entry] = []
        self._timer: asyncio.TimerHandle | None = None
        self._wake = asyncio.Event()
        self._open = True
        self._dropped = 0

    def send(self, subject: str, data: bytes, headers: Mapping[str, str] | None = None) -> None:
        if len(self._entries) >= _CAPACITY:
            self._dropped += 1
            return
        self._entries.append((subject, data, dict(headers) if headers else None))
        self._wake.set()

    def ack(self, subject: str, data: bytes) -> None:
        """Send an ack within a tenth of a second; after a crash in between, what it was for is delivered again."""
        self._acks.append((subject, data, None))
        if len(self._acks) >= _MOST_LINGERING:
            self.settle()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(ACK_LINGER_SECONDS, self.settle)

    def settle(self) -> None:
        """Send the acks that linger."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        acks, self._acks = self._acks, []
        for subject, data, headers in acks:
            self.send(subject, data, headers)

    def hold(self) -> None:
        """Write nothing for now: the connection is down, or the streams have not been checked after it was."""
        self._open = False

    def release(self) -> None:
        self._open = True
        self._wake.set()
        if self._dropped:
            _log.warning("%d messages were dropped while the bus was away", self._dropped)
            self._dropped = 0

    def drop_acks(self, stream: str) -> None:
        """Forget acks for a stream that was made anew: its sequence numbers mean other messages now."""
        prefix = f"$JS.ACK.{stream}."
        self.settle()
        self._entries = deque(entry for entry in self._entries if not entry[0].startswith(prefix))

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._write()

    async def drain(self) -> None:
        """Write what is left and wait until the server has it, for up to two seconds."""
        self.settle()
        if not (self._open and self._client.is_connected):
            return
        try:
            await self._write()
            await self._client.flush(_FLUSH_SECONDS)
        except nats.errors.Error as error:
            _log.warning("the last messages may be lost: %s", type(error).__name__)

    async def _write(self) -> None:
        entries, publish = self._entries, self._client.publish
        while entries and self._open:
            subject, data, headers = entries.popleft()
            try:
                await publish(subject, data, headers=headers)
            except nats.errors.OutboundBufferLimitError:
                self._entries.appendleft((subject, data, headers))
                return
            except nats.errors.ConnectionClosedError:
                return
            except (nats.errors.MaxPayloadError, nats.errors.BadSubjectError) as error:
                _log.error("dropped a message to %r: %s", subject, type(error).__name__)
            entries = self._entries
