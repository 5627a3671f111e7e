"""One type: how it looks in JSON, and how it is read from it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from mistral_sdk.failures import Misfit


@dataclass(frozen=True, slots=True)
class Shape:
    """How values of a type are told and read.

    Attributes:
        schema: JSON Schema; references point into the ``$defs`` of its `Shapes`.
        read: Turns a JSON value into the type; raises `Misfit`.
        marks: Ways to the values in it that are marked for encryption: names and ``*`` for any item; empty for itself.
    """

    schema: Mapping[str, Any]
    read: Callable[[Any], Any]
    marks: tuple[tuple[str, ...], ...] = ()

    def marks_below(self, step: str) -> tuple[tuple[str, ...], ...]:
        """Return the marks as seen from the value around."""
        return tuple((step, *mark) for mark in self.marks)


def refuse(wanted: str, value: Any) -> NoReturn:
    """Say that something else was wanted, without telling the value: it may be a secret."""
    raise Misfit(f"must be {wanted}, not {_called(value)}")


def _called(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            return type(value).__name__
