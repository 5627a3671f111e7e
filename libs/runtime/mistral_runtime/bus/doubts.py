"""Whether a stream that seems to be there has stopped storing: two unanswered messages and nothing stored between."""

import time

# Two doubts nearer to each other than this come from one hiccup; further apart they have nothing to do with each other.
_NEAR_SECONDS = 1.5
_FAR_SECONDS = 15.0


class Doubts:
    """Doubts about streams, and what each had stored when it was doubted first."""

    def __init__(self) -> None:
        self._raised: set[str] = set()
        self._first: dict[str, tuple[float, int]] = {}

    def raised(self, stream: str) -> None:
        self._raised.add(stream)

    def are_true(self, stream: str, last_sequence: int) -> bool:
        """Judge what was raised since the last call, now that the server has said how far the stream is."""
        if stream not in self._raised:
            return False
        self._raised.discard(stream)
        now = time.monotonic()
        since, sequence = self._first.get(stream, (0.0, -1))
        if sequence != last_sequence or now - since > _FAR_SECONDS:
            self._first[stream] = now, last_sequence
            return False
        if now - since < _NEAR_SECONDS:
            return False
        del self._first[stream]
        return True
