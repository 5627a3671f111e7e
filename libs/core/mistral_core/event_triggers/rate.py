"""How many events of a source are taken in a while: a bucket that fills up again."""


class Bucket:
    """Holds as many as may come in ten seconds at once, at least one, and is refilled evenly.

    Args:
        per_minute: How many come in a minute at most, over a long time.
        now: Seconds of a clock that never goes back, as all times here.
    """

    def __init__(self, per_minute: int, now: float) -> None:
        self._rate = per_minute / 60
        self._most = max(1.0, self._rate * 10)
        self._left = self._most
        self._filled_at = now

    def refused(self, now: float) -> float:
        """Take one and return 0, or take none and return after how many seconds there is one."""
        self._fill(now)
        if self._left < 1:
            return (1 - self._left) / self._rate
        self._left -= 1
        return 0.0

    def reserved(self, now: float) -> float:
        """Take one, even one that is not there yet, and return how many seconds to wait for it."""
        self._fill(now)
        self._left -= 1
        return max(0.0, -self._left / self._rate)

    def _fill(self, now: float) -> None:
        self._left = min(self._most, self._left + (now - self._filled_at) * self._rate)
        self._filled_at = now
