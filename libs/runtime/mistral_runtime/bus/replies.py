"""Requests and their answers: one inbox for all, a future for each, one timer, and an end when the connection ends.

A request of nats-py costs several times as much, and waits for its whole time when the server has died meanwhile.
"""

import asyncio

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from mistral_runtime.bus.errors import BusClosed, MessageTooLarge
from mistral_runtime.bus.inlet import receive


class NoReply(Exception):
    """There was no answer: the connection is down or was lost meanwhile."""


class Silence(NoReply):
    """The connection is there, but no answer came in time."""


class Replies:
    """Asks and waits; many at once are cheap."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._prefix = client.new_inbox() + "."
        self._count = 0
        self._waiting: dict[str, tuple[asyncio.Future[Msg], float]] = {}
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        await receive(self._client, self._prefix + "*", self._arrived)

    async def ask(self, subject: str, data: bytes, headers: dict[str, str] | None = None, *, seconds: float) -> Msg:
        """Return the first answer; one without data says that nobody listens.

        Raises:
            NoReply: If there was no answer.
            MessageTooLarge: If the server takes no message of this size.
            BusClosed: If the connection has been closed.
        """
        if not self._client.is_connected:
            raise NoReply("there is no connection")
        self._count += 1
        reply = self._prefix + str(self._count)
        future: asyncio.Future[Msg] = self._loop.create_future()
        self._waiting[reply] = (future, self._due(seconds))
        try:
            await self._client.publish(subject, data, reply=reply, headers=headers)
            return await future
        except nats.errors.MaxPayloadError:
            raise MessageTooLarge(f"{len(data)} bytes for {subject}") from None
        except nats.errors.ConnectionClosedError:
            raise BusClosed(f"cannot send to {subject}") from None
        except nats.errors.OutboundBufferLimitError:
            raise NoReply("there is no connection") from None
        finally:
            self._waiting.pop(reply, None)

    def interrupted(self) -> None:
        """The connection is lost: what is waiting will get no answer."""
        waiting, self._waiting = self._waiting, {}
        for future, _ in waiting.values():
            if not future.done():
                future.set_exception(NoReply("the connection was lost"))

    def _arrived(self, message: Msg) -> None:
        entry = self._waiting.get(message.subject)
        if entry is not None and not entry[0].done():
            entry[0].set_result(message)

    def _due(self, seconds: float) -> float:
        due = self._loop.time() + seconds
        if self._timer is None or due < self._timer.when():
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(due, self._expire)
        return due

    def _expire(self) -> None:
        now = self._loop.time()
        for future, due in self._waiting.values():
            if due <= now and not future.done():
                future.set_exception(Silence("no answer in time"))
        first = min((due for future, due in self._waiting.values() if not future.done()), default=None)
        self._timer = None if first is None else self._loop.call_at(first, self._expire)
