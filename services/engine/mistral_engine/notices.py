"""Who is to be told of an event: one row per publisher that wants it, written with the event itself."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from mistral_core.machine.command import Announce, Lifecycle
from mistral_core.machine.execution import Execution
from mistral_persistence.records import to_json
from mistral_persistence.standalone import WORKFLOW_ID

_SILENT = frozenset({Lifecycle.TASK_DELAYED, Lifecycle.TASK_WAITING})
"""Events that watchers see but nobody is notified of."""


def notices(
    execution: Execution, announced: Sequence[Announce], publishers: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, str, str, str]]:
    """Yield (execution id, event, payload, publisher) for each event and publisher that wants it."""
    wanted = execution.params.get("notify")
    entries = [*(wanted if isinstance(wanted, list) else ()), *publishers]
    if not entries or execution.workflow_id == WORKFLOW_ID:
        return
    for announce in announced:
        if announce.event in _SILENT:
            continue
        payload = None
        for entry in entries:
            if isinstance(entry, Mapping) and _wants(entry, announce.event):
                payload = payload or to_json(_payload(execution, announce))
                yield execution.id, announce.event.value, payload, to_json(entry)


def _wants(publisher: Mapping[str, Any], event: Lifecycle) -> bool:
    types = publisher.get("event_types")
    return not types or event.value in types


def _payload(execution: Execution, announce: Announce) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "event": announce.event.value,
        "workflow_name": execution.workflow_name,
        "workflow_namespace": execution.workflow_namespace,
        "workflow_id": execution.workflow_id,
        "project_id": execution.project,
        "state": announce.state.value,
        "state_info": announce.state_info,
    }
    if announce.task_id is None:
        return payload | {
            "id": execution.id,
            "name": execution.workflow_name,
            "task_execution_id": execution.parent.task_id if execution.parent else None,
            "root_execution_id": execution.root_id if execution.parent else None,
            "created_at": _text(execution.created_at),
            "updated_at": _text(execution.updated_at),
        }
    task = execution.tasks[announce.task_id]
    return payload | {
        "id": task.id,
        "name": task.name,
        "type": task.type.value,
        "workflow_execution_id": execution.id,
        "created_at": _text(task.created_at),
        "updated_at": _text(task.updated_at),
        "started_at": _text(task.started_at),
        "finished_at": _text(task.finished_at),
    }


def _text(micros: int | None) -> str | None:
    return None if micros is None else datetime.fromtimestamp(micros / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S")
