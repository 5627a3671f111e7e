"""Rate limits: how many runs of a pool may begin in a second."""

from __future__ import annotations


class Bucket:
    """Fills with permissions at a rate and holds those of a second, at least one.

    Args:
        rate: Permissions a second; 0 for no limit.
    """

    __slots__ = ("_at", "_left", "rate", "share")

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.share = 1.0
        self._left = 1.0
        self._at = 0.0

    def take(self, now: float) -> bool:
        """Take a permission if there is one; ``now`` in seconds."""
        if not self.rate:
            return True
        self._fill(now)
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True

    def wait(self, now: float) -> float:
        """Return the seconds until there is one."""
        if not self.rate:
            return 0.0
        self._fill(now)
        return max(0.0, (1.0 - self._left) / (self.rate * self.share))

    def _fill(self, now: float) -> None:
        rate = self.rate * self.share
        if self._at:
            self._left = min(max(rate, 1.0), self._left + (now - self._at) * rate)
        self._at = now
