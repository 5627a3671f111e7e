"""Publishing to streams with confirmation, again and again until it is there or too late."""

import asyncio
from collections.abc import Mapping

import msgspec

from mistral_runtime.bus.errors import BusRefused, BusUnavailable
from mistral_runtime.bus.replies import NoReply, Replies, Silence
from mistral_runtime.bus.streams import Streams
from mistral_runtime.metrics import counter
from mistral_runtime.telemetry import TRACEPARENT, recorded_traceparent

MESSAGE_ID = "Nats-Msg-Id"

# A PubAck usually takes less than a millisecond; one that takes longer than this is given up and asked for again.
ATTEMPT_SECONDS = 2.0
PUBLISH_SECONDS = 30.0
_RETRY_SECONDS = 0.1

_repeats = counter("bus_publish_repeats", "Messages that were published again for want of a confirmation")


class _Problem(msgspec.Struct, frozen=True):
    code: int = 0
    err_code: int = 0
    description: str = ""


class _PubAck(msgspec.Struct, frozen=True):
    error: _Problem | None = None


class _NotNow(NoReply):
    """The server answered that it cannot store the message now."""


_decode = msgspec.json.Decoder(_PubAck).decode


class Publisher:
    """Publishes and waits for PubAcks."""

    def __init__(self, replies: Replies, streams: Streams) -> None:
        self._replies = replies
        self._streams = streams
        self._ready = asyncio.Event()
        self._ready.set()

    async def publish(self, subject: str, data: bytes, headers: dict[str, str] | None) -> None:
        """Return once the stream has the message; see ``Bus.publish``."""
        deadline = asyncio.get_running_loop().time() + PUBLISH_SECONDS
        while True:
            try:
                return await self._attempt(subject, data, headers)
            except NoReply as lost:
                _repeats.inc()
                if isinstance(lost, Silence):
                    self._streams.suspect(subject)
                if asyncio.get_running_loop().time() >= deadline:
                    raise BusUnavailable(f"no confirmation for a message to {subject}: {lost}") from None
            await self._pause(deadline)

    def interrupted(self) -> None:
        """The connection is lost: wait for ``resumed()``."""
        self._ready.clear()

    def resumed(self) -> None:
        """The connection is back and the streams are there."""
        self._ready.set()

    async def _attempt(self, subject: str, data: bytes, headers: dict[str, str] | None) -> None:
        if not self._ready.is_set():
            raise NoReply("there is no connection")
        answer = await self._replies.ask(subject, data, headers, seconds=ATTEMPT_SECONDS)
        if not answer.data:
            self._streams.check_soon()
            raise _NotNow("no stream takes it")
        error = _decode(answer.data).error
        if error is None:
            return
        if error.code >= 500:
            raise _NotNow(error.description)
        raise BusRefused(f"{error.description} ({error.err_code})")

    async def _pause(self, deadline: float) -> None:
        if self._ready.is_set():
            await asyncio.sleep(_RETRY_SECONDS)
            return
        try:
            async with asyncio.timeout_at(deadline):
                await self._ready.wait()
        except TimeoutError:
            pass


def headed(headers: Mapping[str, str] | None, message_id: str | None) -> dict[str, str] | None:
    """The headers to send: the given ones, the id for deduplication, and the trace context of a recorded trace."""
    complete = dict(headers) if headers else {}
    if message_id is not None:
        complete[MESSAGE_ID] = message_id
    if TRACEPARENT not in complete and (traceparent := recorded_traceparent()):
        complete[TRACEPARENT] = traceparent
    return complete or None
