"""Keeping what might never end, or take all memory, away from the process that asks for it.

The core knows no clock and no processes. A shell that has them lends both here: a
bound on the time of what is done in place, and another process for everything that
is not surely harmless. Without a shell all is done in place, within ``Limits`` alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from mistral_core.expressions.limits import LimitReached
from mistral_core.expressions.scope import Scope

_T = TypeVar("_T")

Bounded = Callable[[Callable[[], Any]], Any]
Outside = Callable[[str, Scope], Any]

# Longer texts are not even parsed here where another process can do it.
SHORT_TEXT = 4096


class TimeIsUp(LimitReached):
    """What was to be done in place takes too long."""


@dataclass(frozen=True, slots=True)
class Isolation:
    """What a shell lends.

    Attributes:
        bounded: Calls a function and returns what it returns, or raises ``TimeIsUp`` after a while.
        outside: Returns what ``evaluate`` would return or raises what it would raise, evaluated elsewhere. Only a
            ``BaseException`` that is no ``Exception`` may come out of it besides.
        waiting: The same for where nobody could let go and come back: it returns or raises ``ExpressionFailed``.
    """

    bounded: Bounded | None = None
    outside: Outside | None = None
    waiting: Outside | None = None


_in_force = Isolation()


def isolate(isolation: Isolation) -> Isolation:
    """Use what a shell lends from now on, also in what was compiled before; return what was in use until now."""
    global _in_force
    before, _in_force = _in_force, isolation
    return before


def outside() -> Outside | None:
    """Return how to evaluate elsewhere, or None."""
    return _in_force.outside


def patiently(run: Callable[[], _T]) -> _T:
    """Call a function that evaluates; it stands and waits for what is evaluated elsewhere."""
    before = isolate(replace(_in_force, outside=_in_force.waiting))
    try:
        return run()
    finally:
        isolate(before)


def bounded(run: Callable[[], _T]) -> _T:
    """Call a function.

    Raises:
        TimeIsUp: If it takes too long and there is a clock.
    """
    clock = _in_force.bounded
    result: _T = run() if clock is None else clock(run)
    return result


def isolated(text: str, here: Callable[[Scope], Any]) -> Callable[[Scope], Any]:
    """Return what evaluates a text elsewhere if there is such a place, otherwise by ``here``."""

    def evaluate(scope: Scope) -> Any:
        elsewhere = _in_force.outside
        return here(scope) if elsewhere is None else elsewhere(text, scope)

    return evaluate
