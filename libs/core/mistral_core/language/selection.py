"""Selectors in ``requires``: expressions over the tasks of the workflow that give the names of those they mean.

They are resolved when the definition is read, always to the same names: the tasks as written are all they see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

from mistral_core.errors import ExpressionFailed
from mistral_core.expressions import Scope, evaluate, patiently
from mistral_core.language.grammar import check_text, is_whole_expression
from mistral_core.language.kinds import check_unique
from mistral_core.language.node import Node

_FORMS = "the name of a task, or a list of them, or of expressions that select tasks"


class Selection:
    """The tasks of one workflow, to select from.

    Args:
        place: The mapping of tasks as written.
    """

    def __init__(self, place: Node) -> None:
        self._place = place
        self._tasks: list[dict[str, Any]] | None = None

    def required(self, node: Node | None) -> tuple[str, ...]:
        """Return the names that a ``requires`` stands for, each once; they need not exist."""
        if node is None:
            return ()
        entries = list(node.entries()) if isinstance(node.value, list) else [node]
        if not entries:
            node.refuse_kind(_FORMS)
        if isinstance(node.value, list):
            check_unique(node)
        return tuple(dict.fromkeys(name for entry in entries for name in self._names(entry)))

    def _names(self, node: Node) -> Sequence[str]:
        if not isinstance(node.value, str) or not node.value:
            node.refuse_kind(_FORMS)
        if not is_whole_expression(node.value):
            return (node.value,)
        check_text(node, node.value)
        try:
            found = patiently(lambda: evaluate(node.value, _Tasks(self._documents())))
        except ExpressionFailed as error:
            node.refuse(f"The selector of required tasks cannot be evaluated: {error}")
        return [_name(node, each) for each in _listed(found)]

    def _documents(self) -> list[dict[str, Any]]:
        if self._tasks is None:
            self._tasks = [_document(each) for each in self._place.entries()]
        return self._tasks


def _document(task: Node) -> dict[str, Any]:
    written: Mapping[str, Any] = task.value if isinstance(task.value, dict) else {}
    tags = written.get("tags")
    return {
        "name": task.name,
        "tags": tags if isinstance(tags, list) else [],
        "action": written.get("action"),
        "workflow": written.get("workflow"),
        "description": written.get("description"),
    }


def _listed(found: Any) -> Sequence[Any]:
    if found is None:
        return ()
    return found if isinstance(found, list | tuple) else (found,)


def _name(node: Node, found: Any) -> str:
    name = found.get("name") if isinstance(found, Mapping) else found
    if not isinstance(name, str) or not name:
        node.refuse("The selector of required tasks must give tasks or names of tasks")
    return name


class _Tasks(Scope):
    """A scope whose ``$`` is the list of tasks."""

    __slots__ = ("_tasks",)

    def __init__(self, tasks: list[dict[str, Any]]) -> None:
        super().__init__((), _NothingElse(tasks))
        self._tasks = tasks

    def flatten(self) -> Any:
        """Return the list itself."""
        return self._tasks


class _NothingElse:
    """The facts of a workflow that does not run: its tasks, also as ``tasks()``."""

    def __init__(self, tasks: list[dict[str, Any]]) -> None:
        self._tasks = tasks

    def tasks(
        self, execution_id: str | None, recursive: bool, state: str | None, flat: bool
    ) -> Sequence[Mapping[str, Any]]:
        return self._tasks

    def env(self) -> Mapping[str, Any]:
        self._refuse("env()")

    def execution(self) -> Mapping[str, Any]:
        self._refuse("execution()")

    def task(self, name: str | None) -> Mapping[str, Any] | None:
        self._refuse("task()")

    def executions(self, **filters: Any) -> Sequence[Mapping[str, Any]]:
        self._refuse("executions()")

    def global_(self, name: str) -> Any:
        self._refuse("global()")

    def uuid(self) -> str:
        self._refuse("what is new each time")

    def now(self) -> datetime:
        self._refuse("now()")

    def _refuse(self, what: str) -> NoReturn:
        raise ValueError(f"{what} is not known when tasks are selected")
