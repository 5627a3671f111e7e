"""Answers that are asked for again and again, kept for a while: so many at most, and each found once at a time."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

_Answer = TypeVar("_Answer")


class Remembered(Generic[_Answer]):
    """A bounded memory of answers by key. Whoever asks while one is being found waits for the same.

    Args:
        most: Answers kept; the one that was asked for least recently goes first.
        clock: Seconds that only grow.
    """

    def __init__(self, most: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._kept: OrderedDict[Any, tuple[_Answer, float]] = OrderedDict()
        self._asked: dict[Any, asyncio.Task[_Answer]] = {}

    async def get(self, key: Any, find: Callable[[], Awaitable[tuple[_Answer, float]]]) -> _Answer:
        """Return the answer that is kept, or find it.

        Args:
            find: Gives the answer and for how many seconds it holds; what it raises is not kept.
        """
        kept = self._kept.get(key)
        if kept is not None and kept[1] > self._clock():
            self._kept.move_to_end(key)
            return kept[0]
        task = self._asked.get(key)
        if task is None:
            task = self._asked[key] = asyncio.create_task(self._find(key, find))
            task.add_done_callback(lambda done: self._done(key, done))
        # One who gives up waiting must not take the answer from the others.
        return await asyncio.shield(task)

    def forget(self) -> None:
        """Forget all answers, those too that are being found."""
        self._kept.clear()
        self._asked.clear()

    async def _find(self, key: Any, find: Callable[[], Awaitable[tuple[_Answer, float]]]) -> _Answer:
        answer, seconds = await find()
        if seconds > 0 and self._asked.get(key) is asyncio.current_task():
            self._kept[key] = answer, self._clock() + seconds
            self._kept.move_to_end(key)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return answer

    def _done(self, key: Any, task: "asyncio.Task[_Answer]") -> None:
        if self._asked.get(key) is task:
            del self._asked[key]
        if not task.cancelled():
            # Asked for, so that nobody complains of an error for which nobody waited in the end.
            task.exception()
