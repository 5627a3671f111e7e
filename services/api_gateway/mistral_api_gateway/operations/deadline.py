"""Until when the caller waits for an answer, known to whatever is done on the way."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_DEADLINE: Final[ContextVar[float | None]] = ContextVar("deadline", default=None)
_SHORTEST: Final = 0.001


@contextmanager
def answering_within(seconds: float | None) -> Iterator[None]:
    """Remember inside the block that the caller waits so long; None when he said nothing."""
    if seconds is None:
        yield
        return
    before = _DEADLINE.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _DEADLINE.reset(before)


def seconds_left(most: float) -> float:
    """Return how many seconds something may take: at most ``most``, and not longer than the caller waits."""
    deadline = _DEADLINE.get()
    return most if deadline is None else max(_SHORTEST, min(most, deadline - time.monotonic()))


def seconds_to_wait(wanted: float) -> float:
    """Return how long to wait for something so that there is still time to answer."""
    deadline = _DEADLINE.get()
    if deadline is None:
        return wanted
    left = deadline - time.monotonic()
    return max(0.0, min(wanted, left - min(1.0, max(0.05, left / 10))))
