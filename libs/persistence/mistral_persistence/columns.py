"""What lists are made of: columns as readers know them, conditions on them, and a statement under construction.

How conditions become SQL is ``filtering``, how pages do is ``listing``, which offers all of this.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from typing import Any, Final


class Kind(Enum):
    """How the values of a column compare."""

    TEXT = auto()
    UUID = auto()
    TIME = auto()
    FLAG = auto()
    NUMBER = auto()
    JSON = auto()
    TAGS = auto()


class Operator(StrEnum):
    """What a filter may ask for; ``has`` looks for a part of the text."""

    EQ = "eq"
    NEQ = "neq"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IN = "in"
    NIN = "nin"
    HAS = "has"


VALUES: Final = "$values"

# What stands for NULL in the order of a nullable column.
_NULLS: Mapping[Kind, str] = {
    Kind.TEXT: "''",
    Kind.TIME: "'-infinity'::timestamptz",
    Kind.NUMBER: "-1",
    Kind.UUID: "'00000000-0000-0000-0000-000000000000'::uuid",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column as readers know it.

    Attributes:
        sql: Expression that gives the stored value.
        shown: Expression for the result when it differs from ``sql``, such as an id as text.
        absent: Condition that there is no value, when that is not simply NULL.
        guard: Condition implied by being equal to some values, so that an index serves; ``VALUES`` in it stands for
            the array of them.
        grouped: Whether an index begins with it: the rows of a value, or of a span of time, are found at once.
    """

    sql: str
    kind: Kind = Kind.TEXT
    shown: str = ""
    absent: str = ""
    guard: str = ""
    nullable: bool = False
    grouped: bool = False

    @property
    def select(self) -> str:
        """The expression for the result."""
        return self.shown or (f"{self.sql}::text" if self.kind is Kind.UUID else self.sql)

    @property
    def order(self) -> str:
        """The expression to sort by, never NULL."""
        if self.kind in (Kind.JSON, Kind.TAGS):
            return f"coalesce({self.sql}::text, '')"
        return f"coalesce({self.sql}, {_NULLS[self.kind]})" if self.nullable and self.kind in _NULLS else self.sql


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on a column; several values only for ``in`` and ``nin``, and for tags (all of them)."""

    column: str
    operator: Operator
    values: tuple[str, ...]


@dataclass(slots=True)
class Statement:
    """SQL under construction: conditions, and the arguments they number."""

    conditions: list[str] = field(default_factory=list)
    arguments: list[Any] = field(default_factory=list)

    def bind(self, value: Any) -> str:
        """Add an argument and return its placeholder."""
        self.arguments.append(value)
        return f"${len(self.arguments)}"
