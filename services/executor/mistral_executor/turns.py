"""Whose turn it is among those that wait for a slot: the urgent first, but not for ever at the cost of the others."""

from __future__ import annotations

from collections import deque
from typing import Final, Generic, TypeVar

from mistral_core.priority import Priority

T = TypeVar("T")

MOST_AHEAD: Final = 8
"""How many of higher priority go ahead before one of a lower has its turn."""


class Turns(Generic[T]):
    """One line for each priority; within a line the oldest is first."""

    def __init__(self) -> None:
        self._lines: tuple[deque[T], ...] = tuple(deque() for _ in Priority)
        self._ahead = [0] * len(self._lines)

    def __bool__(self) -> bool:
        return any(self._lines)

    def add(self, item: T, rank: int) -> None:
        self._lines[rank].append(item)

    def next(self) -> T | None:
        """Take out the one whose turn it is, or return None if nobody waits."""
        first = None
        for rank, line in enumerate(self._lines):
            if line and (first is None or self._ahead[rank] >= MOST_AHEAD):
                if first is not None:
                    return self._take(rank)
                first = rank
        return None if first is None else self._take(first)

    def owed(self) -> list[int]:
        """Return the ranks that may have something waiting although all slots are taken, each once for its turn.

        That is the highest always, and a lower one of which nobody waits while enough others went ahead.
        """
        found = [0]
        for rank in range(1, len(self._lines)):
            if not self._lines[rank] and self._ahead[rank] >= MOST_AHEAD:
                self._ahead[rank] = 0
                found.append(rank)
        return found

    def _take(self, rank: int) -> T:
        self._ahead[rank] = 0
        for lower in range(rank + 1, len(self._lines)):
            self._ahead[lower] += 1
        return self._lines[rank].popleft()
