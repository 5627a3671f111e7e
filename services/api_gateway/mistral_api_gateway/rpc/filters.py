"""The filter language of lists: ``field operator value``, several joined by ``AND``.

It is read here and nothing more; which fields there are and how they compare is said elsewhere.
"""

import re
from dataclasses import dataclass
from typing import Final

from mistral_core.errors import InvalidInput
from mistral_persistence.listing import Operator

LONGEST: Final = 4096
MOST_CONDITIONS: Final = 32
MOST_VALUES: Final = 500

_OPERATORS: Final = {
    "=": Operator.EQ,
    "!=": Operator.NEQ,
    "<": Operator.LT,
    "<=": Operator.LTE,
    ">": Operator.GT,
    ">=": Operator.GTE,
    ":": Operator.HAS,
}
_TOKEN: Final = re.compile(
    r"""\s*(?:
    (?P<quoted>"(?:[^"\\]|\\.)*")
  | (?P<operator><=|>=|!=|=|<|>|:)
  | (?P<mark>[(),])
  | (?P<word>[^\s"<>=!:(),]+)
  )""",
    re.VERBOSE | re.DOTALL,
)
# A value may hold what ends a name, such as the colons of a time.
_VALUE: Final = re.compile(r"\s*(?P<word>[^\s\"(),]+)")
_NAME: Final = re.compile(r"[a-z_][a-z0-9_]*\Z")


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition; ``values`` is empty if the field must have no value."""

    field: str
    operator: Operator
    values: tuple[str, ...]


def conditions_of(text: str, *, field: str = "filter") -> list[Condition]:
    """Read a filter; an empty one has no conditions.

    Args:
        field: Field of the request that it stands in, for errors.

    Raises:
        InvalidInput: If it is malformed; the message says where.
    """
    if len(text) > LONGEST:
        raise InvalidInput(f"The {field} has more than {LONGEST} characters", field=field)
    return _Reader(text, field).all()


class _Reader:
    def __init__(self, text: str, field: str) -> None:
        self._text = text
        self._field = field
        self._at = 0

    def all(self) -> list[Condition]:
        found: list[Condition] = []
        while self._more():
            if found:
                self._joined()
            found.append(self._condition())
            if len(found) > MOST_CONDITIONS:
                raise InvalidInput(f"The {self._field} has more than {MOST_CONDITIONS} conditions", field=self._field)
        return found

    def _condition(self) -> Condition:
        name = self._word("the name of a field")
        if not _NAME.match(name):
            raise self._fault(f"expected the name of a field instead of {name!r}")
        kind, operator = self._next("an operator such as = or IN")
        if kind == "operator":
            return self._compared(name, _OPERATORS[operator])
        word = operator.upper() if kind == "word" else ""
        if word == "NOT":
            word = f"NOT {self._word('IN').upper()}"
        if word not in ("IN", "NOT IN"):
            raise self._fault(f"expected an operator such as = or IN after {name!r}")
        return Condition(name, Operator.IN if word == "IN" else Operator.NIN, self._several())

    def _compared(self, name: str, operator: Operator) -> Condition:
        value, quoted = self._value()
        if value != "null" or quoted:
            return Condition(name, operator, (value,))
        if operator is not Operator.EQ:
            raise self._fault("null can only be compared by =; quote it if it is a text")
        return Condition(name, operator, ())

    def _several(self) -> tuple[str, ...]:
        if self._next("(") != ("mark", "("):
            raise self._fault("expected ( and values with commas between after IN")
        values = [self._value()[0]]
        while (found := self._next(") or a comma")) == ("mark", ","):
            values.append(self._value()[0])
        if found != ("mark", ")"):
            raise self._fault("expected ) or a comma after a value")
        if len(values) > MOST_VALUES:
            raise InvalidInput(f"IN takes at most {MOST_VALUES} values", field=self._field)
        return tuple(values)

    def _value(self) -> tuple[str, bool]:
        """Return a value and whether it was in quotes."""
        if (found := _VALUE.match(self._text, self._at)) is not None:
            self._at = found.end()
            return found["word"], False
        kind, text = self._next("a value")
        if kind != "quoted":
            raise self._fault(f"expected a value instead of {text!r}")
        return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL), True

    def _joined(self) -> None:
        word = self._word("AND")
        if word.upper() == "OR":
            raise self._fault("conditions are joined by AND only; use IN for one of several values")
        if word.upper() != "AND":
            raise self._fault(f"expected AND instead of {word!r}")

    def _word(self, what: str) -> str:
        kind, text = self._next(what)
        if kind != "word":
            raise self._fault(f"expected {what} instead of {text!r}")
        return text

    def _next(self, what: str) -> tuple[str, str]:
        if not self._more():
            raise self._fault(f"expected {what} at the end")
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            raise self._fault(f"cannot read what follows, expected {what}")
        self._at = found.end()
        kind = found.lastgroup or ""
        return kind, found[kind]

    def _more(self) -> bool:
        return bool(self._text[self._at :].strip())

    def _fault(self, what: str) -> InvalidInput:
        return InvalidInput(f"The {self._field} is malformed at character {self._at}: {what}", field=self._field)
