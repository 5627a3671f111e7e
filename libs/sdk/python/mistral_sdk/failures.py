"""How a run ends other than well, said by raising."""

from typing import Any


class Failure(Exception):
    """The run has failed.

    Args:
        message: For people.
        type: Kind of error for programs, such as ``CardDeclined``.
        details: More about it, a JSON value.
        permanent: Whether the ``retry`` policy of the task must not try again.
    """

    def __init__(self, message: str, *, type: str = "", details: Any = None, permanent: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.type = type
        self.details = details
        self.permanent = permanent


class Cancelled(Exception):
    """The run is to stop: nobody wants its result any more. One that cleans up raises it again."""


class Misfit(ValueError):
    """A value does not fit what is declared.

    Attributes:
        path: Way to it from the outermost value, such as ``card.number`` or ``lines[2]``; empty for itself.
        problem: What is wrong with it.
    """

    def __init__(self, problem: str, path: str = "") -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem

    def inside(self, step: str) -> "Misfit":
        """Return the same, seen from the value around: ``step`` is a name, or ``[n]`` in a list."""
        joint = "." if self.path and not self.path.startswith("[") else ""
        return Misfit(self.problem, f"{step}{joint}{self.path}")
