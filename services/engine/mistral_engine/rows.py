"""A batch as rows: the last version of every record that it changed, its timers, its history."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from mistral_core.machine.command import Announce
from mistral_core.machine.execution import Execution
from mistral_engine.batch import Batch, Change
from mistral_engine.notices import notices
from mistral_persistence.flush import Rows
from mistral_persistence.records import (
    action_row,
    child_row,
    execution_change,
    execution_head,
    is_stored_alike,
    task_row,
)

_encoder = msgspec.json.Encoder()


class EventData(Struct, omit_defaults=True):
    """One event as the history keeps it and as the bus carries it."""

    execution_id: str
    root_execution_id: str
    workflow_name: str
    event: str
    at: int
    position: int
    state: str
    task_id: str | None = None
    task_name: str | None = None
    type: str | None = None
    state_info: str | None = None


class Told(Struct, frozen=True):
    """One event of the batch: its data as JSON, once for the history and the bus."""

    execution: Execution
    announce: Announce
    position: int
    data: bytes


def rows_of(
    batch: Batch, envelopes: Mapping[str, str], publishers: Sequence[Mapping[str, Any]]
) -> tuple[Rows, list[Told]]:
    """Return the rows to write and the events to publish afterwards.

    Args:
        envelopes: Id of the bus message of every action that is dispatched, by action id.
        publishers: Publishers that every execution notifies.
    """
    rows, told = Rows(), []
    for change in batch.changes.values():
        _records(rows, change, envelopes)
        events = _events(change)
        if events:
            told.extend(events)
            last = events[-1]
            text = "[" + b",".join(event.data for event in events).decode() + "]"
            rows.history.append((change.execution.id, last.position, last.announce.at, text))
            rows.notice.extend(notices(change.execution, [event.announce for event in events], publishers))
    for key, (change, timer) in batch.timers.items():
        execution = change.execution
        rows.timer.append((*key, execution.id, execution.partition, timer.due))
    rows.gone.extend(batch.gone)
    return rows, told


def _records(rows: Rows, change: Change, envelopes: Mapping[str, str]) -> None:
    execution = change.execution
    if change.before is None:
        rows.started.append(execution_head(execution))
    elif not is_stored_alike(change.before, execution):
        rows.execution.append(execution_change(execution))
    tasks = execution.tasks
    specs = execution.definition.tasks
    for task_id in change.tasks:
        task = tasks[task_id]
        spec = specs.get(task.name)
        rows.task.append(task_row(execution, task, spec.tags if spec else ()))
    for task_id, action_id in change.actions:
        action = tasks[task_id].actions[action_id]
        rows.action.append(action_row(execution.id, task_id, action, envelopes.get(action_id)))
    for task_id, child_id in change.children:
        rows.child.append(child_row(execution.id, task_id, tasks[task_id].children[child_id]))


def _events(change: Change) -> list[Told]:
    execution, position, told = change.execution, change.position, []
    for announce in change.announced:
        position += 1
        told.append(Told(execution, announce, position, _encoder.encode(_data(execution, announce, position))))
    change.position = position
    return told


def _data(execution: Execution, announce: Announce, position: int) -> EventData:
    data = EventData(
        execution.id,
        execution.root_id,
        execution.workflow_name,
        announce.event,
        announce.at,
        position,
        announce.state,
        state_info=announce.state_info,
    )
    if announce.task_id is not None:
        task = execution.tasks[announce.task_id]
        data.task_id, data.task_name, data.type = task.id, task.name, task.type
    return data
