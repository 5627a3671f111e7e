"""A world with a few facts in it, for expressions to look at."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import pytest

from mistral_core.expressions import Scope


class World:
    """Facts that stay the same; UUIDs are counted."""

    def __init__(self, **known: Any) -> None:
        self.known = known
        self.calls = 0

    def env(self) -> Any:
        return self.known.get("env", {"region": "north"})

    def execution(self) -> Any:
        return {"id": "e-1", "name": "wf", "input": {"a": 1}}

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
