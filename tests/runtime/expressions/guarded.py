"""Evaluating under guard as a service does, for the tests beside."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from mistral_core.expressions import Scope, evaluate
from mistral_core.machine.surroundings import MoreFactsNeeded, TasksQuery
from mistral_runtime.expressions import (
    Evaluators,
    ExpressionSettings,
    Known,
    NotYet,
    guarded,
    remembering,
)

ENDLESS = (
    "{% set n = namespace(a=[1], b=[1]) %}"
    "{% for i in range(90) %}{% set n.a = [n.a, n.a] %}{% set n.b = [n.b, n.b] %}{% endfor %}{{ n.a == n.b }}"
)


class Facts:
    """Facts that count how often they were asked."""

    def __init__(self) -> None:
        self.drawn = 0
        self.answers: dict[str, Any] = {}

    def env(self) -> Any:
        return {"region": "north"}

    def execution(self) -> Any:
        return {"id": "e-1", "name": "wf"}

    def task(self, name: str | None) -> Any:
        return {"name": name or "me", "result": {"y": 5}}

    def tasks(self, execution_id: str | None, recursive: bool, state: str | None, flat: bool) -> Any:
        if "tasks" not in self.answers:
            raise MoreFactsNeeded(TasksQuery("p", execution_id))
        return self.answers["tasks"]

    def executions(self, **filters: Any) -> Any:
        return [{"filters": filters}]

    def global_(self, name: str) -> Any:
        raise ValueError(f"no {name!r} here")

    def uuid(self) -> str:
        self.drawn += 1
        return f"{self.drawn:036}"

    def now(self) -> datetime:
        return datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)


async def awaited(text: str, facts: Facts | None = None, **data: Any) -> Any:
    """Evaluate as an engine does: again and again until nothing is lacking."""
    known: Known = {}
    facts = facts or Facts()
    while True:
        try:
            with remembering(known):
                return evaluate(text, Scope([data], facts))
        except NotYet as wait:
            await wait.into(known)


@asynccontextmanager
async def evaluators(**settings: Any) -> AsyncIterator[Evaluators]:
    with guarded(ExpressionSettings(**settings), owner=lambda scope: scope.get("owner", "")) as found:
        yield found
