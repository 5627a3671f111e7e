"""Until when the caller waits for an answer, known to whatever is done on the way."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, TypeAlias

Left: TypeAlias = Callable[[], float | None]
"""Says how many seconds are left; None for as many as one likes."""

_LEFT: Final[ContextVar[Left | None]] = ContextVar("seconds left", default=None)
_SHORTEST: Final = 0.001


def answer_within(left: Left) -> None:
    """Remember, for the rest of this task and those that it begins, how long the caller waits."""
    _LEFT.set(left)


@contextmanager
def unhurried() -> Iterator[None]:
    """Forget the caller inside the block, for what must be done also when he is gone."""
    before = _LEFT.set(None)
    try:
        yield
    finally:
        _LEFT.reset(before)


def seconds_left(most: float) -> float:
    """Return how many seconds something may take: at most ``most``, and not longer than the caller waits."""
    left = _asked()
    return most if left is None else max(_SHORTEST, min(most, left))


def seconds_to_wait(wanted: float) -> float:
    """Return how long to wait for something so that there is still time to answer."""
    left = _asked()
    return wanted if left is None else max(0.0, min(wanted, left - min(1.0, max(0.05, left / 10))))


def _asked() -> float | None:
    ask = _LEFT.get()
    return None if ask is None else ask()
