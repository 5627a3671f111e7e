"""One evaluation that is done elsewhere: what is asked for, what it wanted to know, and what came of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from mistral_core.errors import ExpressionFailed
from mistral_core.expressions import Scope, failure_of
from mistral_core.expressions.faults import wording
from mistral_runtime.expressions import frames

_METHODS = frozenset(["env", "execution", "executions", "global_", "now", "task", "tasks", "uuid"])

BROKE_OFF = "it takes too much memory or is nested too deep"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A value, or why there is none."""

    value: Any = None
    failure: ExpressionFailed | None = None

    def result(self) -> Any:
        """Return the value or raise the failure."""
        if self.failure is not None:
            raise self.failure
        return self.value


@dataclass(frozen=True, slots=True)
class Question:
    """What an evaluation wanted to know, and the answer as it was packed."""

    name: str
    args: list[Any]
    named: dict[str, Any]
    answer: bytes


@dataclass(slots=True)
class Evaluation:
    """A text to be evaluated in a scope.

    Attributes:
        body: The same for the same text and data.
        questions: What it wanted to know so far.
    """

    text: str
    scope: Scope
    body: bytes = b""
    questions: list[Question] = field(default_factory=list)

    def pack(self) -> None:
        """Make the body.

        Raises:
            ExpressionFailed: If the data cannot be sent.
        """
        try:
            self.body = frames.packed((self.text, frames.root_of(self.scope.flatten())))
        except Exception as error:
            raise self.failed(wording(error)) from None

    def failed(self, error: str) -> ExpressionFailed:
        """Return the failure of this text for a reason."""
        return failure_of(self.text, error)

    def answer(self, body: bytes) -> bytes:
        """Return the frame that answers a question.

        Raises:
            BaseException: Whatever the facts raise to break off the decision.
        """
        name, args, named = json.loads(body)
        if name not in _METHODS:
            return frames.frame(frames.REFUSE, frames.packed("there is no such question"))
        try:
            answer = self._packed(name, args, named)
        # Facts raise what they like; it fails the expression there.
        except Exception as error:
            return frames.frame(frames.REFUSE, frames.packed(wording(error)))
        self.questions.append(Question(name, args, named, answer))
        return frames.frame(frames.REPLY, answer)

    def holds(self, questions: list[Question]) -> bool:
        """Tell whether all questions have the same answers now."""
        return all(self._packed(each.name, each.args, each.named) == each.answer for each in questions)

    def outcome(self, kind: bytes, body: bytes) -> Outcome:
        """Return what a final frame says."""
        said = json.loads(body)
        if kind == frames.VALUE:
            return Outcome(value=said)
        return Outcome(failure=self.failed(BROKE_OFF) if said is None else ExpressionFailed(*map(str, said)))

    def _packed(self, name: str, args: list[Any], named: dict[str, Any]) -> bytes:
        answer = getattr(self.scope.facts, name)(*args, **named)
        return frames.packed(int(answer.timestamp() * 1_000_000) if name == "now" else answer)
