"""What the outside is told of an event: the payload that receivers of Mistral know, made of a row of history. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from mistral_core.subscribing import action_events
from mistral_persistence.fanout import Source, TaskTimes

_FINAL = frozenset({"SUCCESS", "ERROR", "CANCELLED", "SKIPPED"})


class Happened(msgspec.Struct, frozen=True):
    """One event as a row has it; ``before`` and what is of actions is only there for those.

    Attributes:
        at: Microseconds since the epoch.
        before: State that an action execution had; None if it is new.
    """

    state: str
    at: int
    event: str = ""
    execution_id: str = ""
    workflow_name: str | None = None
    task_id: str | None = None
    task_name: str | None = None
    type: str | None = None
    state_info: str | None = None
    action_id: str | None = None
    name: str | None = None
    attempt: int = 1
    before: str | None = None


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of the execution with each of its events."""

    project_id: str
    workflow_id: str
    workflow_namespace: str
    root_execution_id: str
    task_execution_id: str | None
    created_at: int
    tags: tuple[str, ...] = ()


_events = msgspec.json.Decoder(list[Happened])
_about = msgspec.json.Decoder(About)


def happened(source: Source) -> list[Happened]:
    """Return the events of a row in their order; of an action what its states say."""
    found = []
    for each in _events.decode(source.events):
        if each.action_id is None:
            found.append(each)
            continue
        name = each.workflow_name or source.workflow_name
        for event in action_events(each.before, each.state):
            found.append(msgspec.structs.replace(each, event=event.value, workflow_name=name))
    return found


def about(source: Source) -> About | None:
    """Return what is known of the execution; None if it is gone."""
    if source.about is not None:
        return _about.decode(source.about)
    if source.project_id is None:
        return None
    return About(
        project_id=source.project_id,
        workflow_id=source.workflow_id or "",
        workflow_namespace=source.workflow_namespace or "",
        root_execution_id=source.root_execution_id or "",
        task_execution_id=source.task_execution_id,
        created_at=source.created_at or 0,
        tags=tuple(source.tags or ()),
    )


def payload(source: Source, of: About, event: Happened, tasks: Mapping[str, TaskTimes]) -> dict[str, Any]:
    """Return what is told of an event; no input and no output."""
    told: dict[str, Any] = {
        "event": event.event,
        "workflow_name": event.workflow_name,
        "workflow_namespace": of.workflow_namespace,
        "workflow_id": of.workflow_id,
        "project_id": of.project_id,
        "state": event.state,
        "state_info": event.state_info,
        "updated_at": _text(event.at),
    }
    execution_id = str(source.execution_id)
    if event.action_id is not None:
        return told | {
            "id": event.action_id,
            "name": event.name,
            "task_execution_id": event.task_id,
            "workflow_execution_id": execution_id,
            "attempt": event.attempt,
        }
    if event.task_id is not None:
        return told | {"workflow_execution_id": execution_id} | _task(event, tasks.get(event.task_id))
    child = of.task_execution_id is not None
    return told | {
        "id": execution_id,
        "name": event.workflow_name,
        "task_execution_id": of.task_execution_id,
        "root_execution_id": of.root_execution_id if child else None,
        "created_at": _text(of.created_at),
    }


def _task(event: Happened, times: TaskTimes | None) -> dict[str, Any]:
    return {
        "id": event.task_id,
        "name": event.task_name,
        "type": event.type,
        "created_at": _text(times.created_at) if times else None,
        "started_at": _text(times.started_at) if times else None,
        # The task may have gone on since.
        "finished_at": _text(event.at) if event.state in _FINAL else None,
    }


def _text(micros: int | None) -> str | None:
    return None if micros is None else datetime.fromtimestamp(micros / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S")
