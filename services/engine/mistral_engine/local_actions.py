"""Actions that need no executor: those of the standard set that do nothing but give back what they were given.

What they would answer is known as soon as they are to run, so it is applied in the same batch: no message travels, and
one commit holds many steps. Whatever is unusual about a run (a target, a delay, an input that does not fit, a large
value) leaves it to the executors, and so does a batch that has done enough of it: others have a turn then.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from mistral_core.machine.command import RunAction
from mistral_core.machine.event import ActionFinished, Outcome
from mistral_core.machine.execution import Execution
from mistral_engine.ids import now
from mistral_persistence.records import to_json
from mistral_runtime.telemetry import span

NOOP: Final = "std.noop"
ECHO: Final = "std.echo"

MOST_IN_A_BATCH: Final = 2_000
_LARGEST_BYTES: Final = 24 * 1024
_AS_IT_IS: Final = frozenset({bool, int, type(None)})
_decode = msgspec.json.Decoder().decode


class LocalActions:
    """Answers actions for one batch.

    Attributes:
        answered: How many it has answered.
    """

    __slots__ = ("_largest", "_left", "answered")

    def __init__(self, limit_kb: int, most: int = MOST_IN_A_BATCH) -> None:
        self._largest = _LARGEST_BYTES if limit_kb < 0 else min(_LARGEST_BYTES, limit_kb * 1024)
        self._left = most
        self.answered = 0

    def stop(self) -> None:
        """Leave all that comes to executors."""
        self._left = 0

    def answer(self, execution: Execution, run: RunAction, traceparent: str) -> ActionFinished | None:
        """Return what a run comes to; None if an executor is to run it."""
        if run.action not in (NOOP, ECHO) or self.answered >= self._left:
            return None
        action = execution.tasks[run.task_id].actions[run.action_id]
        if action.target or action.needs is not None:
            return None
        try:
            value = self._value(run.action, run.input)
        except _Unusual:
            return None
        self.answered += 1
        if traceparent:
            with span(f"action {run.action}", parent_traceparent=traceparent):
                pass
        return ActionFinished(
            at=now(),
            task_id=run.task_id,
            action_id=run.action_id,
            attempt=run.attempt,
            outcome=Outcome.SUCCESS,
            value=value,
        )

    def _value(self, name: str, given: Mapping[str, Any]) -> Any:
        if name == NOOP:
            if given:
                raise _Unusual
            return None
        if len(given) != 1 or "output" not in given:
            raise _Unusual
        return self._as_it_travels(given["output"])

    def _as_it_travels(self, value: Any) -> Any:
        """Return what a value is after it went to an executor and back, as JSON."""
        kind = type(value)
        if kind in _AS_IT_IS:
            return value
        if kind is float:
            if math.isfinite(value):
                return value
            raise _Unusual
        try:
            text = to_json(value)
            if len(text.encode()) > self._largest:
                raise _Unusual
            return _decode(text)
        except (TypeError, ValueError, RecursionError):
            raise _Unusual from None


class AskedTooLate(Exception):
    """Expressions ask about executions after some steps were made here that nobody could see yet.

    What was asked is read from what is committed, so the batch has to be made anew, with all actions left to executors.
    """


class _Unusual(Exception):
    """The run is to go its usual way."""
