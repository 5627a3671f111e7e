"""When to look into the store again: as late as precision allows, and never in a frenzy. Pure; time is passed in."""

# Timers are claimed this long before their time and then held, so that one look serves many.
HORIZON_SECONDS = 0.25
POLL_SECONDS = 1.0
# Under a steady stream of timers looks are this far apart; half the horizon is left to be on time.
_APART_SECONDS = HORIZON_SECONDS / 2
# However often we are woken.
_LEAST_SECONDS = 0.005


class Pace:
    """Decides the time of the next look, in seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._last = float("-inf")
        self.look_at = float("-inf")

    def looking(self) -> None:
        """Note that a look begins; it may not see what is stored from now on."""
        self.look_at = float("inf")

    def looked(self, now: float, *, next_turn_in: float | None, more: bool) -> None:
        """Note that the look has ended.

        Args:
            next_turn_in: Seconds until the next turn past the horizon, None if there is none.
            more: Whether there was more to claim than one look takes.
        """
        self._last = now
        if more:
            self.look_at = now
            return
        wanted = now + POLL_SECONDS if next_turn_in is None else now + next_turn_in - HORIZON_SECONDS
        self.look_at = min(self.look_at, max(wanted, now + _APART_SECONDS), now + POLL_SECONDS)

    def failed(self, now: float) -> None:
        """Note a look that came to nothing because the store is away."""
        self._last = now
        self.look_at = now + _APART_SECONDS

    def woken(self, now: float, *, due_in: float) -> bool:
        """Note that a timer was stored which is due in so many seconds; true if the next look comes sooner by it."""
        wanted = max(now + due_in - HORIZON_SECONDS, now, self._last + _LEAST_SECONDS)
        if wanted >= self.look_at:
            return False
        self.look_at = wanted
        return True
