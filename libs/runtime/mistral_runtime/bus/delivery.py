"""One message of a stream, and the four answers it can be given. None of them waits for the server."""

from collections.abc import Mapping

from mistral_runtime.bus.message import NO_HEADERS
from mistral_runtime.bus.outbox import Outbox

_PLAIN_TOKENS = 9


class Origin:
    """The incarnation of the stream that deliveries come from; answers to a gone one are dropped.

    For a stream that keeps its messages it also knows where a consumer made anew has to begin. A work queue keeps
    just what is not acked, so there that is always the beginning.
    """

    __slots__ = ("_next", "_open", "gone", "outbox")

    def __init__(self, outbox: Outbox, position: int | None = None) -> None:
        self.outbox = outbox
        self.gone = False
        self._next = position
        self._open: dict[int, None] = {}

    @property
    def position(self) -> int | None:
        """The first message that is not settled, None for a work queue."""
        return next(iter(self._open), self._next)

    def arrived(self, delivery: "Delivery") -> None:
        if self._next is None:
            return
        sequence = delivery.sequence
        if sequence >= self._next:
            self._next = sequence + 1
            self._open[sequence] = None

    def settled(self, delivery: "Delivery") -> None:
        if self._next is not None:
            self._open.pop(delivery.sequence, None)


class Delivery:
    """A message that is delivered again unless it is acked within the consumer's ack wait."""

    __slots__ = ("_origin", "_reply", "data", "headers", "subject")

    def __init__(
        self, origin: Origin, subject: str, data: bytes, headers: Mapping[str, str] | None, reply: str
    ) -> None:
        self.subject = subject
        self.data = data
        self.headers: Mapping[str, str] = headers or NO_HEADERS
        self._reply = reply
        self._origin = origin

    @property
    def num_delivered(self) -> int:
        """1 for the first time."""
        return self._number(0)

    @property
    def sequence(self) -> int:
        """The message's number in its stream."""
        return self._number(1)

    def ack(self) -> None:
        """Done: never deliver it again."""
        self._origin.settled(self)
        if not self._origin.gone:
            self._origin.outbox.ack(self._reply, b"")

    def nak(self, delay: float | None = None) -> None:
        """Deliver it again, at once or after ``delay`` seconds."""
        self._answer(b"-NAK" if not delay else b'-NAK {"delay": %d}' % int(delay * 1_000_000_000))

    def in_progress(self) -> None:
        """Begin the ack wait anew."""
        self._answer(b"+WPI")

    def term(self) -> None:
        """Never deliver it again although it was not handled."""
        self._origin.settled(self)
        self._answer(b"+TERM")

    def _answer(self, body: bytes) -> None:
        if not self._origin.gone:
            self._origin.outbox.send(self._reply, body)

    def _number(self, offset: int) -> int:
        # $JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>...; longer forms have domain and account in front.
        tokens = self._reply.split(".")
        return int(tokens[(4 if len(tokens) == _PLAIN_TOKENS else 6) + offset])
