"""What an action may answer beyond a value: that somebody else completes it, or that it was cancelled."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Ending(StrEnum):
    """How a run ended for the executor."""

    DONE = "done"
    DEFERRED = "deferred"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Reply:
    """Returned instead of a value; it decides alone, whatever the action's declaration says of being synchronous.

    Attributes:
        value: The result, when it is done.
    """

    ending: Ending
    value: Any = None
