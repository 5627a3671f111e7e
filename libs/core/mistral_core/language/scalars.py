"""Plain YAML scalars as values: the rules of YAML 1.1, as far as the results fit into JSON.

Dates stay text, because the language has no dates, and so do numbers too long to be meant as numbers.
"""

import re
from collections.abc import Callable
from typing import Final, TypeAlias

Scalar: TypeAlias = str | int | float | bool | None

_LONGEST_NUMBER: Final = 300

_CONSTANTS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
}

_MAY_BEGIN_NUMBER: Final = frozenset("+-.0123456789")


def _sixties(text: str, number: Callable[[str], int | float]) -> int | float:
    """Read ``1:30:00``, where each part counts sixty times the one after it."""
    sign = -1 if text.startswith("-") else 1
    total: int | float = 0
    for part in text.lstrip("+-").split(":"):
        total = total * 60 + number(part)
    return sign * total


_NUMBERS: Final[tuple[tuple[re.Pattern[str], Callable[[str], int | float]], ...]] = (
    (re.compile(r"[-+]?(?:0|[1-9][0-9_]*)"), int),
    (re.compile(r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"), float),
    (re.compile(r"[-+]?0[0-7_]+"), lambda text: int(text, 8)),
    (re.compile(r"[-+]?0x[0-9a-fA-F_]+"), lambda text: int(text, 16)),
    (re.compile(r"[-+]?0b[01_]+"), lambda text: int(text, 2)),
    (re.compile(r"[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+"), lambda text: _sixties(text, int)),
    (re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*"), lambda text: _sixties(text, float)),
)

_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def plain_value(text: str) -> Scalar:
    """Return what an unquoted scalar means.

    Raises:
        ValueError: If it is an infinity or not a number, which JSON cannot hold.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _MAY_BEGIN_NUMBER or len(text) > _LONGEST_NUMBER:
        return text
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is not a number that JSON can hold; quote it if it is text")
    return _number(text)


def _number(text: str) -> Scalar:
    for pattern, read in _NUMBERS:
        if pattern.fullmatch(text):
            try:
                return _finite(read(text.replace("_", "")), text)
            except ValueError:
                # Digits were missing, as in "0x_": not a number after all.
                return text
    return text


def _finite(number: int | float, text: str) -> Scalar:
    return text if number in (float("inf"), float("-inf")) else number
