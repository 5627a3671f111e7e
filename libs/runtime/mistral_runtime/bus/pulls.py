"""The bookkeeping of outstanding pulls of one consumer: how much was asked for, and is anyone still answering."""

import time
from collections.abc import Mapping
from enum import Enum, auto

import msgspec
from nats.aio.client import Client

_SECOND = 1_000_000_000
PULL_SECONDS = 30.0
HEARTBEAT_SECONDS = 5.0
# The server's word that a pull has expired may be lost; this long after it should have come it is taken as said.
_GRACE_SECONDS = 5.0

_ENDED = frozenset({"404", "408"})


class Word(Enum):
    """What the server's word on a pull means: all is well, the consumer is gone, or nothing any more."""

    WELL = auto()
    LOST = auto()
    STALE = auto()


class Pulls:
    """Keeps up to ``window`` messages asked for, counting those that wait to be taken."""

    def __init__(self, client: Client, stream: str, name: str, window: int) -> None:
        self._client = client
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}"
        self._widest = self._window = window
        self._inbox = client.new_inbox()
        self._epoch = 0
        self._count = 0
        self._outstanding = 0
        self._expires = 0.0
        self._heard = time.monotonic()

    @property
    def interest(self) -> str:
        """What to subscribe to: messages and statuses of all pulls."""
        return f"{self._inbox}.>"

    @property
    def patience(self) -> float:
        """Seconds after which silence means that something is wrong."""
        return 2.5 * HEARTBEAT_SECONDS

    def narrow(self, window: int) -> None:
        """Keep fewer asked for, or more again; what was asked for already may still come."""
        self._window = max(1, min(window, self._widest))

    def silent(self) -> bool:
        return self._outstanding > 0 and time.monotonic() - self._heard > self.patience

    def wanting(self, buffered: int) -> bool:
        """Whether so little is left that another pull is due."""
        return self._outstanding + buffered <= self._window // 2

    def arrived(self) -> None:
        self._heard = time.monotonic()
        if self._outstanding:
            self._outstanding -= 1

    def forget(self) -> None:
        """Nothing is outstanding any more; what is still said about older pulls is not heard."""
        self._epoch += 1
        self._outstanding = 0
        self._heard = time.monotonic()

    async def renew(self, buffered: int) -> None:
        """Ask for more if little is left."""
        now = time.monotonic()
        if self._outstanding and now > self._expires:
            self._outstanding = 0
        if not self.wanting(buffered):
            return
        batch = self._window - self._outstanding - buffered
        self._count += 1
        body = msgspec.json.encode(
            {"batch": batch, "expires": int(PULL_SECONDS * _SECOND), "idle_heartbeat": int(HEARTBEAT_SECONDS * _SECOND)}
        )
        await self._client.publish(self._subject, body, reply=f"{self._inbox}.{self._epoch}.{self._count}")
        self._outstanding += batch
        self._expires = now + PULL_SECONDS + _GRACE_SECONDS

    def status(self, subject: str, headers: Mapping[str, str]) -> Word:
        """Take note of what the server says about a pull."""
        if int(subject.rsplit(".", 2)[-2]) != self._epoch:
            return Word.STALE
        self._heard = time.monotonic()
        code = headers.get("Status", "")
        if code == "100":
            return Word.WELL
        if code in _ENDED:
            left = int(headers.get("Nats-Pending-Messages", self._outstanding))
            self._outstanding = max(0, self._outstanding - left)
            return Word.WELL
        return Word.LOST
