"""Whose evaluation is next: everybody in turn, and nobody has all processes."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable


class Turns:
    """Waiting evaluations by owner; most wait for nothing, so nearly always there are none.

    Args:
        most: Processes that one owner may keep busy.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._queues: dict[str, deque[asyncio.Future[None]]] = {}
        self._busy: Counter[str] = Counter()

    def may(self, owner: str) -> bool:
        """Tell whether an owner may have one more."""
        return self._busy[owner] < self._most

    def begin(self, owner: str) -> None:
        self._busy[owner] += 1

    def end(self, owner: str) -> None:
        self._busy[owner] -= 1
        if self._busy[owner] <= 0:
            del self._busy[owner]

    def wait(self, owner: str) -> asyncio.Future[None]:
        """Queue up; when the future is done the turn has begun."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(owner, deque()).append(turn)
        return turn

    def grant(self, more: Callable[[], bool]) -> None:
        """Let evaluations begin, one of each owner in turn, while there is ``more`` to give."""
        while more() and (owner := next((each for each in self._queues if self.may(each)), None)) is not None:
            queue = self._queues.pop(owner)
            turn = queue.popleft()
            if queue:
                # At the end of those who wait.
                self._queues[owner] = queue
            if not turn.done():
                self.begin(owner)
                turn.set_result(None)
