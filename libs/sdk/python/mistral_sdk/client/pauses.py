"""How long a client pauses before it repeats a call."""

import asyncio
import random
import time


class Pause:
    """Pauses between repeats that grow, within a time."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._next = 0.05

    @property
    def left(self) -> float:
        """Seconds that are left, at least one: the last try must have a chance."""
        return max(1.0, self._end - time.monotonic())

    def length(self) -> float | None:
        """Return how long to pause; None if the time is up."""
        length = self._next * random.uniform(0.5, 1.0)
        self._next = min(2.0, self._next * 2)
        return None if time.monotonic() + length >= self._end else length

    def again(self) -> bool:
        """Pause; False if the time is up."""
        length = self.length()
        if length is None:
            return False
        time.sleep(length)
        return True

    async def again_async(self) -> bool:
        """Pause in a loop; False if the time is up."""
        length = self.length()
        if length is None:
            return False
        await asyncio.sleep(length)
        return True
