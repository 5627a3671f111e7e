"""What an action execution looks like over REST, and what may be sent of one."""

from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, UnsetType
from starlette.responses import Response

from mistral_api_gateway.operations.action_executions import output_object
from mistral_api_gateway.rest.resource import Field, Resource, Row, as_time, json_answer, or_empty
from mistral_persistence import action_progress
from mistral_persistence.action_reads import ACTIONS as LISTING

FIELDS: Final[dict[str, Field]] = {
    "id": Field(column="id"),
    "workflow_name": Field(column="workflow_name"),
    "workflow_namespace": Field(column="workflow_namespace"),
    "task_name": Field(column="task_name"),
    "task_execution_id": Field(column="task_execution_id"),
    "state": Field(column="state"),
    "state_info": Field(column="state_info"),
    "tags": Field(column="tags"),
    "name": Field(column="name"),
    "description": Field(column="description"),
    "project_id": Field(column="project_id"),
    "accepted": Field(column="accepted"),
    "input": Field(column="input", json=True),
    "output": Field(column="output", write=output_object, heavy=True, json=True),
    "params": Field(column="", write=or_empty, json=True),
    "created_at": Field(column="created_at", write=as_time),
    "updated_at": Field(column="updated_at", write=as_time),
}
_LINE: Final = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("at", "level", "message")},
    "additionalProperties": False,
}
_PROGRESS: Final = {
    "type": "object",
    "description": "How far its worker is, or was; only there if the worker told",
    "properties": {
        "attempt": {"type": "integer"},
        "percent": {"type": ["number", "null"], "minimum": 0, "maximum": 100},
        "details": {"description": "Where a further attempt goes on: any JSON"},
        "lines": {"type": "array", "items": _LINE, "maxItems": action_progress.MOST_LINES},
        "worker": {"type": "string"},
        "updated_at": {"type": "string"},
    },
    "additionalProperties": False,
}
RESOURCE: Final = Resource(
    "action_executions",
    LISTING,
    FIELDS,
    unlisted=("index", "attempt", "workflow_execution_id"),
    sometimes={
        "worker": {"type": "string", "description": "Worker that ended it; only there if one did"},
        "progress": _PROGRESS,
    },
)


class ActionBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The attributes that a request may have; those that only the server sets are taken and not looked at."""

    state: str | None = None
    output: Raw | UnsetType = UNSET
    id: Any = None
    workflow_name: Any = None
    workflow_namespace: Any = None
    task_name: Any = None
    task_execution_id: Any = None
    state_info: Any = None
    tags: Any = None
    name: Any = None
    description: Any = None
    project_id: Any = None
    accepted: Any = None
    input: Any = None
    params: Any = None
    created_at: Any = None
    updated_at: Any = None


ACTION_BODY: Final = msgspec.json.Decoder(ActionBody)


def with_progress(row: Row, told: action_progress.Row | None) -> Response:
    """Return the answer that shows one whole, with the worker that ended it and what it told, if there is any."""
    shown = RESOURCE.written(row, RESOURCE.all)
    if told is not None and told["ended_by"]:
        shown["worker"] = told["ended_by"]
    if told is not None and told["attempt"] is not None:
        shown["progress"] = {
            "attempt": told["attempt"],
            "percent": told["percent"],
            "details": None if told["details"] is None else msgspec.json.decode(told["details"]),
            "lines": action_progress.lines_of(told),
            "worker": told["worker"],
            "updated_at": as_time(told["updated_at"]),
        }
    return json_answer(shown)


def answer_of(row: Row) -> Response:
    """Return the answer that shows one action execution whole."""
    return json_answer(RESOURCE.written(row, RESOURCE.all))
