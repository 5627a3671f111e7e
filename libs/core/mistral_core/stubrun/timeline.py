"""What happened when: the run as a list of moments, for people who want to know why."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mistral_core.stubrun.model import UNSAID


class Happening(StrEnum):
    """What kind of moment it is."""

    EXECUTION = "execution"
    TASK = "task"
    CALL = "call"
    REQUEST = "request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Something that happened.

    Attributes:
        at: Seconds of virtual time since the start.
        path: Path of the task, or of the execution: "" for the root.
        id: Id of the execution or the task.
        what: The new state, the name of the called action, or what was asked for.
        note: Why, in one line; "" if there is nothing to say.
        input: What a call was given; ``answer`` what came of it, if anything, after ``takes`` seconds.
    """

    at: float
    happening: Happening
    path: str
    what: str
    id: str = ""
    note: str = ""
    input: Any = None
    answer: Any = UNSAID
    takes: float = 0.0
