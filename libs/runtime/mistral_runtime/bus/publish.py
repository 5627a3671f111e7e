"""Publishing to streams with confirmation: one inbox for all PubAcks, a future for each message."""

import asyncio
from collections.abc import Mapping

import msgspec
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from mistral_runtime.bus.errors import BusClosed, BusRefused, BusUnavailable, MessageTooLarge
from mistral_runtime.bus.inlet import receive
from mistral_runtime.bus.streams import Streams
from mistral_runtime.telemetry import TRACEPARENT, recorded_traceparent

MESSAGE_ID = "Nats-Msg-Id"

# A PubAck usually takes less than a millisecond; one that takes longer than this is given up and asked for again.
ATTEMPT_SECONDS = 2.0
PUBLISH_SECONDS = 30.0
_RETRY_SECONDS = 0.1


class _Problem(msgspec.Struct, frozen=True):
    code: int = 0
    err_code: int = 0
    description: str = ""


class _PubAck(msgspec.Struct, frozen=True):
    stream: str = ""
    seq: int = 0
    duplicate: bool = False
    error: _Problem | None = None


class _Again(Exception):
    """This attempt is lost; another may succeed."""


class _Unanswered(_Again):
    """The server said nothing at all."""


class _NoStream(_Again):
    """No stream takes the subject, yet or any longer."""


_decode = msgspec.json.Decoder(_PubAck).decode


class Publisher:
    """Publishes and waits for PubAcks; many at once share one inbox and one timer."""

    def __init__(self, client: Client, streams: Streams) -> None:
        self._client = client
        self._streams = streams
        self._prefix = client.new_inbox() + "."
        self._next = 0
        self._waiting: dict[str, tuple[asyncio.Future[None], float]] = {}
        self._connected = asyncio.Event()
        self._connected.set()
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    async def start(self) -> None:
        await receive(self._client, self._prefix + "*", self._acknowledged)

    async def publish(self, subject: str, data: bytes, headers: dict[str, str] | None) -> None:
        """Return once the stream has the message; see ``Bus.publish``."""
        deadline = self._loop.time() + PUBLISH_SECONDS
        while True:
            try:
                await self._attempt(subject, data, headers)
                return
            except _Again as lost:
                self._tell(lost, subject)
                if self._loop.time() >= deadline:
                    raise BusUnavailable(f"no confirmation for a message to {subject}: {lost}") from None
            await self._pause(deadline)

    def _tell(self, lost: _Again, subject: str) -> None:
        match lost:
            case _Unanswered():
                self._streams.suspect(subject)
            case _NoStream():
                self._streams.check_soon()

    def interrupted(self) -> None:
        """The connection is lost: what is waiting will get no answer."""
        self._connected.clear()
        waiting, self._waiting = self._waiting, {}
        for future, _ in waiting.values():
            if not future.done():
                future.set_exception(_Again("the connection was lost"))

    def resumed(self) -> None:
        self._connected.set()

    async def _attempt(self, subject: str, data: bytes, headers: dict[str, str] | None) -> None:
        if not self._connected.is_set():
            raise _Again("there is no connection")
        self._next += 1
        reply = self._prefix + str(self._next)
        future: asyncio.Future[None] = self._loop.create_future()
        self._waiting[reply] = (future, self._loop.time() + ATTEMPT_SECONDS)
        if self._timer is None:
            self._timer = self._loop.call_later(ATTEMPT_SECONDS, self._expire)
        try:
            await self._client.publish(subject, data, reply=reply, headers=headers)
            await future
        except nats.errors.MaxPayloadError:
            raise MessageTooLarge(f"{len(data)} bytes for {subject}") from None
        except nats.errors.ConnectionClosedError:
            raise BusClosed(f"cannot publish to {subject}") from None
        except nats.errors.OutboundBufferLimitError:
            raise _Again("there is no connection") from None
        finally:
            self._waiting.pop(reply, None)

    async def _pause(self, deadline: float) -> None:
        if self._connected.is_set():
            await asyncio.sleep(_RETRY_SECONDS)
            return
        try:
            async with asyncio.timeout_at(deadline):
                await self._connected.wait()
        except TimeoutError:
            pass

    def _acknowledged(self, message: Msg) -> None:
        entry = self._waiting.get(message.subject)
        if entry is None or entry[0].done():
            return
        if (problem := _problem(message)) is None:
            entry[0].set_result(None)
        else:
            entry[0].set_exception(problem)

    def _expire(self) -> None:
        now = self._loop.time()
        for future, until in self._waiting.values():
            if until <= now and not future.done():
                future.set_exception(_Unanswered("no answer in time"))
        first = min((until for future, until in self._waiting.values() if not future.done()), default=None)
        self._timer = None if first is None else self._loop.call_at(first, self._expire)


def _problem(message: Msg) -> Exception | None:
    if not message.data:
        return _NoStream("no stream takes it")
    error = _decode(message.data).error
    if error is None:
        return None
    if error.code >= 500:
        return _Again(error.description)
    return BusRefused(f"{error.description} ({error.err_code})")


def headed(headers: Mapping[str, str] | None, message_id: str | None) -> dict[str, str] | None:
    """The headers to send: the given ones, the id for deduplication, and the trace context of a recorded trace."""
    complete = dict(headers) if headers else {}
    if message_id is not None:
        complete[MESSAGE_ID] = message_id
    if TRACEPARENT not in complete and (traceparent := recorded_traceparent()):
        complete[TRACEPARENT] = traceparent
    return complete or None
