"""Conditions of subscriptions: expressions over the payload, evaluated under guard and within a short time."""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NoReturn

from mistral_core.errors import ExpressionFailed
from mistral_core.expressions import Scope, evaluate
from mistral_runtime.expressions import ExpressionSettings, Known, NotYet, remembering

LONGEST_SECONDS: Final = 1.0
_SLOW_SECONDS: Final = 0.25
_STRIKES: Final = 3
_MOST_WAITS: Final = 20


def short(settings: ExpressionSettings) -> ExpressionSettings:
    """Return the settings with the time that a condition may take."""
    return replace(settings, seconds=min(settings.seconds, LONGEST_SECONDS))


class Conditions:
    """Knows which conditions hold, and which of them take too long to be asked again.

    Args:
        slow_seconds: What takes longer is slow.
    """

    def __init__(self, *, slow_seconds: float = _SLOW_SECONDS) -> None:
        self._slow_seconds = slow_seconds
        self._strikes: dict[tuple[str, str], int] = {}

    async def holds(self, owner: str, condition: str, payload: Mapping[str, Any]) -> bool:
        """Tell whether a condition holds for a payload; one that fails does not.

        Args:
            owner: Whose it is; all that is slow of it counts.
        """
        began = time.monotonic()
        try:
            return bool(await _evaluated(condition, payload))
        except ExpressionFailed:
            return False
        finally:
            key = owner, condition
            if time.monotonic() - began > self._slow_seconds:
                self._strikes[key] = self._strikes.get(key, 0) + 1
            else:
                self._strikes.pop(key, None)

    def too_slow(self, owner: str, condition: str) -> bool:
        """Tell whether a condition took long several times, one after the other; then it is forgotten."""
        if self._strikes.get((owner, condition), 0) < _STRIKES:
            return False
        del self._strikes[owner, condition]
        return True


async def _evaluated(condition: str, payload: Mapping[str, Any]) -> Any:
    known: Known = {}
    for _ in range(_MOST_WAITS):
        try:
            with remembering(known):
                return evaluate(condition, Scope([payload], _NoFacts()))
        except NotYet as wait:
            waits = wait
        await waits.into(known)
    raise ExpressionFailed("", condition, "it asks for too much")


class _NoFacts:
    """A condition sees its payload and nothing of any execution."""

    def env(self) -> Mapping[str, Any]:
        return {}

    def execution(self) -> NoReturn:
        _nothing("execution()")

    def task(self, name: str | None) -> NoReturn:
        _nothing("task()")

    def tasks(self, execution_id: str | None, recursive: bool, state: str | None, flat: bool) -> NoReturn:
        _nothing("tasks()")

    def executions(self, **filters: Any) -> NoReturn:
        _nothing("executions()")

    def global_(self, name: str) -> NoReturn:
        _nothing("global()")

    def uuid(self) -> NoReturn:
        _nothing("uuid()")

    def now(self) -> datetime:
        _nothing("now()")


def _nothing(function: str) -> NoReturn:
    raise LookupError(f"{function} says nothing in a condition of a subscription")
