"""The states of executions, tasks and actions, and which changes between them are allowed."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class State(StrEnum):
    """State of an execution, a task or an action; the text is what users see."""

    IDLE = "IDLE"
    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DELAYED = "DELAYED"
    PAUSED = "PAUSED"
    SUCCESS = "SUCCESS"
    ERROR = "ERROR"
    CANCELLED = "CANCELLED"
    SKIPPED = "SKIPPED"


FINAL: Final = frozenset({State.SUCCESS, State.ERROR, State.CANCELLED, State.SKIPPED})
"""States in which nothing more happens by itself; only a person can take a record out of them."""

_ALLOWED: Final[Mapping[State, frozenset[State]]] = {
    State.IDLE: frozenset({State.RUNNING, State.ERROR, State.CANCELLED}),
    State.WAITING: frozenset({State.RUNNING}),
    State.RUNNING: frozenset({State.PAUSED, State.DELAYED, State.SUCCESS, State.ERROR, State.CANCELLED}),
    State.DELAYED: frozenset({State.RUNNING, State.ERROR, State.CANCELLED}),
    State.PAUSED: frozenset({State.RUNNING, State.ERROR, State.CANCELLED}),
    State.SUCCESS: frozenset(),
    State.CANCELLED: frozenset({State.RUNNING}),
    State.ERROR: frozenset({State.RUNNING, State.SKIPPED}),
    State.SKIPPED: frozenset(),
}


def may_change(current: State, wanted: State) -> bool:
    """Tell whether an execution or action may go from one state to another; staying is always allowed."""
    return current is wanted or wanted in _ALLOWED[current]
