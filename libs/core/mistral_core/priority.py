"""How urgent actions are: which names there are, and what queues and their priorities are called on the bus."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any, Final

from mistral_core.errors import Invalid

DEFAULT_QUEUE: Final = "default"
"""Queue of the actions that no target sends elsewhere."""

_NO_TOKEN: Final = re.compile(r"[.*>/\\\s\0]")


class Priority(StrEnum):
    """How urgent an action is, the most urgent first; the text stands in subjects and definitions."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def rank(self) -> int:
        """Return 0 for the most urgent, and so on."""
        return _RANKS[self]


_RANKS: Final = {priority: rank for rank, priority in enumerate(Priority)}


def priority_of(value: Any) -> str | None:
    """Return the priority that a definition or a caller names; None for the normal one.

    Raises:
        Invalid: If there is no such priority.
    """
    if value is None or value == Priority.NORMAL:
        return None
    if value not in (Priority.HIGH, Priority.LOW):
        shown = f"'{value}'" if isinstance(value, str) else f"a value of type {type(value).__name__}"
        raise Invalid(f"The priority must be one of {', '.join(Priority)}, not {shown}.")
    return str(value)


def consumer_of(place: str) -> str:
    """Return the name of the consumer that executors share for ``<queue>.<priority>``."""
    queue, _, priority = place.rpartition(".")
    return f"executors_{queue}" if priority == Priority.NORMAL else f"executors-{priority}_{queue}"


def queue_token(target: str) -> str:
    """Return what a queue is called in subjects and names, which have no blanks, dots or wildcards."""
    return _NO_TOKEN.sub("_", target)
