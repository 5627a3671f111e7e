"""What expressions see: the layers for each place where one may stand, and the facts behind functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from mistral_core.expressions import Scope
from mistral_core.machine import context as contexts
from mistral_core.machine.context import Context
from mistral_core.machine.document import execution_document, task_document
from mistral_core.machine.draft import Draft
from mistral_core.machine.execution import TaskExecution, TaskType
from mistral_core.machine.surroundings import ExecutionsQuery, MoreFactsNeeded, Query, TasksQuery


class View:
    """The facts of one draft, from inside one task or from none."""

    __slots__ = ("draft", "task_id")

    def __init__(self, draft: Draft, task_id: str | None = None) -> None:
        self.draft = draft
        self.task_id = task_id

    def env(self) -> Mapping[str, Any]:
        """Return the environment of the root execution."""
        return self.draft.execution.env

    def execution(self) -> Mapping[str, Any]:
        """Return what ``execution()`` shows."""
        return execution_document(self.draft.execution)

    def task(self, name: str | None) -> Mapping[str, Any] | None:
        """Return the current task for its own name or None, otherwise the newest of that name."""
        draft = self.draft
        current = None if self.task_id is None else draft.tasks[self.task_id]
        if name is None or (current is not None and current.name == name):
            return None if current is None else self._document(current)
        newest = draft.newest(name)
        return None if newest is None else self._document(newest)

    def tasks(
        self, execution_id: str | None, recursive: bool, state: str | None, flat: bool
    ) -> Sequence[Mapping[str, Any]]:
        """Return what ``tasks()`` lists; other executions are asked for from outside."""
        draft = self.draft
        if execution_id == draft.before.id:
            found = list(draft.in_order())
            if all(task.type is TaskType.ACTION for task in found) or not (recursive or flat):
                return [self._document(task) for task in found if state is None or task.state.value == state]
        return self._answer(TasksQuery(draft.before.project, execution_id, bool(recursive), state, bool(flat)))

    def executions(self, **filters: Any) -> Sequence[Mapping[str, Any]]:
        """Return what ``executions()`` lists."""
        given = tuple(sorted((name, str(value)) for name, value in filters.items()))
        return self._answer(ExecutionsQuery(self.draft.before.project, given))

    def global_(self, name: str) -> Any:
        """Return a global variable or one of ``vars``, or None."""
        execution = self.draft.execution
        return execution.globals.get(name, execution.vars.get(name))

    def uuid(self) -> str:
        """Return an id that nothing else of the execution has."""
        return self.draft.next_id()

    def now(self) -> datetime:
        """Return the time of the event."""
        return datetime.fromtimestamp(self.draft.at / 1_000_000, UTC)

    def _document(self, task: TaskExecution) -> dict[str, Any]:
        known = self.draft.documents.get(task.id)
        if known is not None and known[0] is task:
            return known[1]
        execution = self.draft.before
        document = task_document(task, execution.id, execution.definition)
        self.draft.documents[task.id] = (task, document)
        return document

    def _answer(self, query: Query) -> Sequence[Mapping[str, Any]]:
        answer = self.draft.surroundings.answers.get(query)
        if answer is None:
            raise MoreFactsNeeded(query)
        return answer


def entry(task: TaskExecution) -> Context:
    """Return the branch variables that a task began with."""
    return task.context or contexts.EMPTY


def outbound(task: TaskExecution) -> Context:
    """Return the branch variables that a task leaves to what follows."""
    return contexts.publish(entry(task), task.published)


def task_scope(
    draft: Draft, task: TaskExecution, *, items: Mapping[str, Any] | None = None, variables: Context | None = None
) -> Scope:
    """Return the scope of a task's expressions.

    Args:
        items: Variables of one item; a branch variable of the same name hides one.
        variables: Branch variables to see in place of those that the task began with.
    """
    execution = draft.execution
    system = {
        "__task_execution": {"id": task.id, "name": task.name},
        "__env": execution.env,
        "__execution": {"id": execution.id},
    }
    values = (variables or task.context or contexts.EMPTY).values
    if items is None:
        layers: tuple[Any, ...] = (system, values, execution.globals, execution.vars, execution.input)
    else:
        layers = (system, values, items, execution.globals, execution.vars, execution.input)
    return Scope(layers, View(draft, task.id))


def end_scope(draft: Draft, variables: Context) -> Scope:
    """Return the scope of a workflow's output and of its ``vars``: no task is current."""
    execution = draft.execution
    system = {"__env": execution.env, "__execution": {"id": execution.id}}
    return Scope((variables.values, system, execution.globals, execution.vars, execution.input), View(draft))


def input_scope(draft: Draft, data: Any, task: TaskExecution | None) -> Scope:
    """Return the scope inside an ad-hoc action: its own input over everything of the workflow but branch variables."""
    execution = draft.execution
    system = {"__env": execution.env, "__execution": {"id": execution.id}}
    layers = (data, system, execution.globals, execution.vars, execution.input)
    return Scope(layers, View(draft, None if task is None else task.id))


class ValueScope(Scope):
    """A scope whose ``$`` is one value of any type, as the output of an ad-hoc action sees its base's result."""

    __slots__ = ("_value",)

    def __init__(self, value: Any, draft: Draft, task: TaskExecution | None) -> None:
        super().__init__((value,) if isinstance(value, Mapping) else (), View(draft, None if task is None else task.id))
        self._value = value

    def flatten(self) -> Any:
        """Return the value itself."""
        return self._value
