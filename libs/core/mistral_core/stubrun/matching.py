"""Whether a value is what was expected, and where it is not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from mistral_core.errors import ExpressionFailed
from mistral_core.expressions import Scope, evaluate, render
from mistral_core.language.grammar import is_whole_expression
from mistral_core.stubrun.model import UNSAID

Difference = tuple[str, Any, Any]
"""Path below the compared value, what was expected there and what is; UNSAID for what is not there."""


def named(pattern: str | None, *names: str | None) -> bool:
    """Tell whether one of the names fits a pattern in which ``*`` stands for any characters; None fits all."""
    return pattern is None or any(name is not None and _glob(pattern).fullmatch(name) for name in names)


def differences(expected: Any, actual: Any, *, exact: bool, path: str = "") -> Iterator[Difference]:
    """Yield where a value is not as expected; an expected expression must be true of the actual value.

    Args:
        exact: Whether mappings may have nothing else than what is expected.
    """
    if is_whole_expression(expected):
        if not _holds(expected, actual):
            yield path, expected, actual
    elif isinstance(expected, Mapping) and isinstance(actual, Mapping):
        yield from _in_mappings(expected, actual, exact=exact, path=path)
    elif isinstance(expected, list) and isinstance(actual, list | tuple):
        yield from _in_lists(expected, actual, exact=exact, path=path)
    elif expected != actual or isinstance(expected, bool) is not isinstance(actual, bool):
        yield path, expected, actual


def matches(expected: Any, actual: Any) -> bool:
    """Tell whether a value holds at least what is expected."""
    return next(differences(expected, actual, exact=False), None) is None


@lru_cache(maxsize=1024)
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)


def filled(value: Any, subject: Any) -> Any:
    """Return the value with its expressions evaluated over the subject.

    Raises:
        ExpressionFailed: If one of them fails.
    """
    return render(value, About(subject))


def _in_mappings(
    expected: Mapping[str, Any], actual: Mapping[str, Any], *, exact: bool, path: str
) -> Iterator[Difference]:
    for key, value in expected.items():
        below = f"{path}.{key}" if path else str(key)
        if key in actual:
            yield from differences(value, actual[key], exact=exact, path=below)
        else:
            yield below, value, UNSAID
    if exact:
        for key in actual:
            if key not in expected:
                yield f"{path}.{key}" if path else str(key), UNSAID, actual[key]


def _in_lists(expected: Sequence[Any], actual: Sequence[Any], *, exact: bool, path: str) -> Iterator[Difference]:
    for index in range(max(len(expected), len(actual))):
        below = f"{path}[{index}]"
        if index >= len(actual):
            yield below, expected[index], UNSAID
        elif index >= len(expected):
            yield below, UNSAID, actual[index]
        else:
            yield from differences(expected[index], actual[index], exact=exact, path=below)


def _holds(expression: str, actual: Any) -> bool:
    try:
        return bool(evaluate(expression, About(actual)))
    except ExpressionFailed:
        return False


class About(Scope):
    """A scope whose ``$`` is one value of any type."""

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        super().__init__((value,) if isinstance(value, Mapping) else (), _NoFacts())
        self._value = value

    def flatten(self) -> Any:
        """Return the value itself."""
        return self._value


class _NoFacts:
    """Test files stand outside of any execution: what is asked about one is unknown."""

    def env(self) -> Mapping[str, Any]:
        return {}

    def execution(self) -> Mapping[str, Any]:
        raise LookupError("a test file knows no execution()")

    def task(self, name: str | None) -> Mapping[str, Any] | None:
        raise LookupError("a test file knows no task()")

    def tasks(
        self, execution_id: str | None, recursive: bool, state: str | None, flat: bool
    ) -> Sequence[Mapping[str, Any]]:
        raise LookupError("a test file knows no tasks()")

    def executions(self, **filters: Any) -> Sequence[Mapping[str, Any]]:
        raise LookupError("a test file knows no executions()")

    def global_(self, name: str) -> Any:
        raise LookupError("a test file knows no global()")

    def uuid(self) -> str:
        raise LookupError("a test file has no uuid()")

    def now(self) -> datetime:
        return datetime.fromtimestamp(0, UTC)
