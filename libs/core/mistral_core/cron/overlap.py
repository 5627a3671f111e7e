"""What becomes of a due time while earlier runs of the same schedule are still open. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar

MOST_WAITING: Final = 1000
"""Runs of one schedule that wait for others at most."""

K = TypeVar("K")


class Overlap(StrEnum):
    """What a schedule does when a time is due and a run before is not over."""

    ALLOW = "allow"
    """Start it beside the others."""
    SKIP = "skip"
    """Leave it out."""
    BUFFER_ONE = "buffer_one"
    """Start it once the others are over; what is due while one waits is left out."""
    BUFFER_ALL = "buffer_all"
    """Start it once the others are over, one after the other; at most a thousand wait."""
    CANCEL_OTHER = "cancel_other"
    """Cancel the others and start it once they are over."""
    TERMINATE_OTHER = "terminate_other"
    """End the others as failed and start it once they are over."""


STOPS: Final = frozenset({Overlap.CANCEL_OTHER, Overlap.TERMINATE_OTHER})


class Outcome(StrEnum):
    """What becomes of a run that is due."""

    START = "start"
    WAIT = "wait"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Plan(Generic[K]):
    """What becomes of runs that are due.

    Attributes:
        outcomes: One for each due run, in their order, with the reason if it is left out.
        superseded: Runs that waited and are left out for a later one.
    """

    outcomes: tuple[tuple[Outcome, str], ...]
    superseded: tuple[K, ...] = ()


def plan(overlap: Overlap, due: Sequence[K], *, busy: bool, waiting: Sequence[K] = ()) -> Plan[K]:
    """Decide about runs that are due, oldest first.

    Args:
        busy: Whether a run is open, or about to be started.
        waiting: Runs that wait already.
    """
    if overlap is Overlap.ALLOW:
        return Plan(((Outcome.START, ""),) * len(due))
    outcomes: list[tuple[Outcome, str]] = []
    free = not busy and not waiting
    if overlap in STOPS:
        return _newest_alone(due, free=free, waiting=waiting)
    room = {Overlap.SKIP: 0, Overlap.BUFFER_ONE: 1}.get(overlap, MOST_WAITING) - len(waiting)
    for _ in due:
        if free:
            free = False
            outcomes.append((Outcome.START, ""))
        elif room > 0:
            room -= 1
            outcomes.append((Outcome.WAIT, ""))
        else:
            outcomes.append((Outcome.SKIP, _REASONS[overlap]))
    return Plan(tuple(outcomes))


def _newest_alone(due: Sequence[K], *, free: bool, waiting: Sequence[K]) -> Plan[K]:
    if not due:
        return Plan(())
    last = (Outcome.START if free else Outcome.WAIT, "")
    earlier = ((Outcome.SKIP, SUPERSEDED),) * (len(due) - 1)
    return Plan((*earlier, last), tuple(waiting))


SUPERSEDED: Final = "a later run took its place"
_REASONS: Final = {
    Overlap.SKIP: "a run before was still open",
    Overlap.BUFFER_ONE: "a run before was still open, and one waited already",
    Overlap.BUFFER_ALL: f"{MOST_WAITING} runs waited already",
}
