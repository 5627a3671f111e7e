"""How much may go to each destination at once: plenty to a good one, little to one that seems to be away. Pure."""

from dataclasses import dataclass

PER_DESTINATION = 16
FIRST_ROOM = 4
"""What a destination gets before anything has reached it: many that hang must not take all slots together."""

_LONGEST_ASKED_SECONDS = 3600.0
_LONGEST_BLOCK_SECONDS = 30.0
_FORGET_SECONDS = 600.0


@dataclass(slots=True)
class _Destination:
    running: int = 0
    unreachable: int = 0
    reached: int = 0
    blocked_until: float = 0.0
    used: float = 0.0


class Destinations:
    """Knows those destinations that are in use or in trouble; any other has all its room."""

    def __init__(self) -> None:
        self._known: dict[str, _Destination] = {}

    def room(self, now: float) -> dict[str, int]:
        """Return how many more lines each known destination may get; ``FIRST_ROOM`` for the others."""
        for name, destination in tuple(self._known.items()):
            if destination.running == 0 and max(destination.blocked_until, destination.used) + _FORGET_SECONDS < now:
                del self._known[name]
        return {name: self._room(destination, now) for name, destination in self._known.items()}

    def begin(self, name: str) -> None:
        self._known.setdefault(name, _Destination()).running += 1

    def end(self, name: str, now: float, *, unreachable: bool, again_after: float | None = None) -> None:
        """Note the end of a line; one that reached the destination lifts its block, unless it asked for a pause."""
        destination = self._known[name]
        destination.running -= 1
        destination.used = now
        if again_after is not None:
            asked = now + min(again_after, _LONGEST_ASKED_SECONDS)
            destination.blocked_until = max(destination.blocked_until, asked)
        elif unreachable:
            if now < destination.blocked_until:
                # Of the same wave as the one that has led to the block.
                return
            destination.unreachable += 1
            pause = min(2.0 ** min(destination.unreachable - 1, 10), _LONGEST_BLOCK_SECONDS)
            destination.blocked_until = now + pause
        else:
            destination.unreachable, destination.blocked_until = 0, 0.0
            destination.reached += 1

    @staticmethod
    def _room(destination: _Destination, now: float) -> int:
        if now < destination.blocked_until:
            return 0
        allowed = min(FIRST_ROOM + destination.reached, PER_DESTINATION) if destination.unreachable == 0 else 1
        return max(0, allowed - destination.running)
