"""How an execution stands at one moment, with its tasks and sub-workflows: read from the mesh, drawn elsewhere."""

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

from mistral_cli.connection import Mesh
from mistral_cli.listing import listed
from mistral_cli.record import bare, seconds_of

FINAL = frozenset({"SUCCESS", "ERROR", "CANCELLED", "SKIPPED"})

# More is not drawn anyway.
_MOST_TASKS = 2000
_MOST_CHILDREN = 200
_MOST_ITEMS = 1000
_LONGEST_VALUE = 40

_SECRET = re.compile(r"pass|token|secret|auth|key|credential|cookie", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task at one moment; times in seconds since the epoch, None for what has not happened.

    Attributes:
        changed: When it last changed.
        items: For a with-items task, how many there are.
        done: How many of them ended; None if not counted.
        retries: How often it was tried again.
    """

    id: str
    name: str
    state: str
    info: str
    started: float | None
    finished: float | None
    changed: float = 0.0
    items: int | None = None
    done: int | None = None
    retries: int = 0
    children: tuple["ExecutionView", ...] = ()


@dataclass(frozen=True, slots=True)
class ExecutionView:
    """An execution at one moment.

    Attributes:
        item: For one of several sub-workflows of a task, which it is, by its input.
        message: All that the mesh says of it.
    """

    id: str
    name: str
    state: str
    info: str
    started: float
    finished: float | None
    tasks: tuple[TaskView, ...]
    message: Any = field(compare=False, repr=False)
    changed: float = 0.0
    item: str = ""

    @property
    def is_final(self) -> bool:
        return self.state in FINAL


class Snapshots:
    """Takes views of one execution; what is final is asked for once."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh
        self._final: dict[str, ExecutionView] = {}
        self._children: dict[str, tuple[ExecutionView, ...]] = {}

    def take(self, execution_id: str) -> ExecutionView:
        if execution_id in self._final:
            return self._final[execution_id]
        # The execution before its tasks: if it is final, so are they.
        message = self._mesh.executions.GetExecution(id=execution_id).execution
        tasks = listed(self._mesh.tasks.ListTasks, "tasks", limit=_MOST_TASKS, execution_id=execution_id)
        view = ExecutionView(
            id=execution_id,
            name=message.workflow_name,
            state=_state(message),
            info=message.state_info,
            started=seconds_of(message.created_at),
            finished=_time(message, "finished_at"),
            tasks=tuple(self._task(task) for task in tasks),
            message=message,
            changed=seconds_of(message.updated_at),
        )
        if view.is_final:
            self._final[execution_id] = view
        return view

    def _task(self, message: Any) -> TaskView:
        state = _state(message)
        context = json.loads(message.runtime_context or "{}")
        items = context.get("with_items", {}).get("count")
        children = self._children_of(message.id, state) if _is_workflow(message) else ()
        if items is not None:
            children = tuple(replace(child, item=_item(child.message.input)) for child in children)
        return TaskView(
            id=message.id,
            name=message.name,
            state=state,
            info=message.state_info,
            started=_time(message, "started_at") or _time(message, "created_at"),
            finished=_time(message, "finished_at"),
            changed=seconds_of(message.updated_at),
            items=items,
            done=self._done(message.id, state, items, children),
            retries=int(context.get("retry_task_policy", {}).get("retry_no", 0)),
            children=children,
        )

    def _children_of(self, task_id: str, state: str) -> tuple[ExecutionView, ...]:
        if task_id in self._children:
            return self._children[task_id]
        call = self._mesh.executions.ListExecutions
        found = list(listed(call, "executions", limit=_MOST_CHILDREN, task_execution_id=task_id))
        children = tuple(self.take(child.id) for child in reversed(found))
        if state in FINAL and all(child.is_final for child in children):
            self._children[task_id] = children
        return children

    def _done(self, task_id: str, state: str, items: int | None, children: tuple[ExecutionView, ...]) -> int | None:
        if items is None or state == "SUCCESS":
            return items
        if children:
            return sum(child.is_final for child in children)
        if items > _MOST_ITEMS or state in FINAL:
            return None
        states = [f"STATE_{name}" for name in sorted(FINAL)]
        call = self._mesh.actions.ListActionExecutions
        return sum(1 for _ in listed(call, "action_executions", limit=_MOST_ITEMS, task_id=task_id, states=states))


def _state(message: Any) -> str:
    return bare(message.DESCRIPTOR.fields_by_name["state"].enum_type.values_by_number[message.state].name)


def _item(input: str) -> str:
    """Return a short input in one line, such as ``city=Oslo``; what may be a secret is left out."""
    values = json.loads(input or "{}")
    parts = [
        f"{name}={value}"
        for name, value in values.items()
        if isinstance(value, str | int | float) and len(str(value)) <= _LONGEST_VALUE and not _SECRET.search(name)
    ]
    return " ".join(parts[:3])


def _is_workflow(message: Any) -> bool:
    kind = message.DESCRIPTOR.fields_by_name["type"].enum_type
    return bool(message.type == kind.values_by_name["TASK_TYPE_WORKFLOW"].number)


def _time(message: Any, name: str) -> float | None:
    return seconds_of(getattr(message, name)) if message.HasField(name) else None
