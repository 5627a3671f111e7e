"""A plain message of the bus."""

from collections.abc import Mapping

from mistral_runtime.bus.outbox import Outbox

NO_HEADERS: Mapping[str, str] = {}


class Message:
    """A message of core NATS: delivered at most once, to whoever listens."""

    __slots__ = ("_outbox", "_reply", "data", "headers", "subject")

    def __init__(
        self, outbox: Outbox, subject: str, data: bytes, headers: Mapping[str, str] | None, reply: str
    ) -> None:
        self.subject = subject
        self.data = data
        self.headers: Mapping[str, str] = headers or NO_HEADERS
        self._reply = reply
        self._outbox = outbox

    def respond(self, data: bytes) -> None:
        """Answer the asker, if it waits for an answer; does not wait for the server."""
        if self._reply:
            self._outbox.send(self._reply, data)
