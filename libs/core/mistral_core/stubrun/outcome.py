"""What a run came to: its execution and, by path, its tasks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mistral_core.machine.document import result_of
from mistral_core.machine.execution import Execution, TaskExecution
from mistral_core.machine.rehearsal import SECOND
from mistral_core.stubrun.answering import Call
from mistral_core.stubrun.record import Record

_PART: Final = re.compile(r"(.*?)(?:\[(\d+)\])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended. ``execution`` is None if the start was refused, for the reason ``refusal``."""

    record: Record
    executions: Mapping[str, Execution]
    execution: Execution | None = None
    refusal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOutcome:
    """One execution of a task; ``elapsed`` in seconds, None if it did not end."""

    state: str
    info: str | None
    attempts: int
    result: Any
    published: Any
    elapsed: float | None
    calls: Sequence[Call]


def task_outcomes(outcome: Outcome, path: str) -> list[TaskOutcome]:
    """Return all executions of the task of that path, the newest last."""
    owners = [] if outcome.execution is None else [outcome.execution]
    *above, name = path.split("/")
    for part in above:
        owners = [child for owner in owners for child in _children(outcome, owner, part)]
    found = [(task, owner) for owner in owners for task in owner.tasks.values() if task.name == name]
    found.sort(key=lambda pair: (pair[0].created_at, pair[0].number))
    return [_of(task, owner, outcome.record) for task, owner in found]


def _children(outcome: Outcome, owner: Execution, part: str) -> Iterator[Execution]:
    fits = _PART.fullmatch(part)
    name, index = (fits[1], fits[2]) if fits else (part, None)
    for task in owner.tasks.values():
        if task.name == name:
            for child in task.children.values():
                if child.id in outcome.executions and index in (None, str(child.index)):
                    yield outcome.executions[child.id]


def _of(task: TaskExecution, owner: Execution, record: Record) -> TaskOutcome:
    listed = owner.definition.tasks[task.name].with_items is not None
    return TaskOutcome(
        state=task.state.value,
        info=task.state_info,
        attempts=(task.retry_no or 0) + 1,
        result=result_of(task, listed=listed),
        published=task.published,
        elapsed=None if task.finished_at is None else (task.finished_at - task.created_at) / SECOND,
        calls=[call for call in record.calls if call.task_id == task.id],
    )
