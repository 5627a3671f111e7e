"""A world with a few facts in it, for expressions to look at."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import pytest

from mistral_core.errors import ExpressionFailed
from mistral_core.expressions import Limits, Scope
from mistral_core.expressions.fast_yaql import BAIL, compile_tree
from mistral_core.expressions.functions import BUILTIN
from mistral_core.expressions.yaql_language import YaqlLanguage


class World:
    """Facts that stay the same; UUIDs are counted."""

    def __init__(self, **known: Any) -> None:
        self.known = known
        self.calls = 0

    def env(self) -> Any:
        return self.known.get("env", {"region": "north"})

    def execution(self) -> Any:
        return {"id": "e-1", "name": "wf", "input": self.known.get("input", {"a": 1})}

    def task(self, name: str | None) -> Any:
        tasks = self.known.get("tasks", {})
        return tasks.get(name if name is not None else self.known.get("current"))

    def tasks(self, execution_id: str | None, recursive: bool, state: str | None, flat: bool) -> Any:
        return [{"name": "listed", "asked": [execution_id, recursive, state, flat]}]

    def executions(self, **filters: Any) -> Any:
        return [{"id": "e-1", "filters": filters}]

    def global_(self, name: str) -> Any:
        return self.known.get("globals", {}).get(name)

    def uuid(self) -> str:
        self.calls += 1
        return str(uuid5(NAMESPACE_DNS, str(self.calls)))

    def now(self) -> datetime:
        return datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.fixture
def scope() -> Callable[..., Scope]:
    """Return a maker of scopes: data by keyword, facts as ``world``."""

    def make(world: dict[str, Any] | None = None, /, **data: Any) -> Scope:
        return Scope([data], World(**(world or {})))

    return make


class Ways:
    """The two ways to evaluate YAQL: the usual one, with its short cuts, and by the library alone."""

    def __init__(self) -> None:
        self._usual = YaqlLanguage(Limits(), BUILTIN)
        self._library = YaqlLanguage(Limits(), BUILTIN, fast=False)

    def usual(self, text: str, data: dict[str, Any]) -> tuple[str, str]:
        return self._outcome(self._usual, text, data)

    def library(self, text: str, data: dict[str, Any]) -> tuple[str, str]:
        return self._outcome(self._library, text, data)

    def is_fast(self, text: str, data: dict[str, Any]) -> bool:
        fast = compile_tree(self._usual.parse(text), Limits())
        assert fast is not None, f"{text} is not compiled"
        try:
            fast(self._scope(data))
        except BAIL:
            return False
        return True

    def _outcome(self, language: YaqlLanguage, text: str, data: dict[str, Any]) -> tuple[str, str]:
        """Return value or error, as text that tells types, order and the sign of zero."""
        program = language.compile(f"<% {text} %>")
        try:
            return "value", repr(program(self._scope(data)))
        except ExpressionFailed as failure:
            return "error", str(failure)

    def _scope(self, data: dict[str, Any]) -> Scope:
        task = {"name": "t", "result": data}
        return Scope([data], World(env=data, globals=data, tasks={None: task, "t": task}, input=data))


@pytest.fixture(scope="module")
def ways() -> Ways:
    return Ways()
