"""What a task looks like over REST, and what may be sent of one."""

from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, UnsetType

from mistral_api_gateway.operations.json_text import text_of
from mistral_api_gateway.operations.task_facts import parsed, runtime_context
from mistral_api_gateway.rest.resource import Field, Resource, as_time, or_empty
from mistral_persistence.task_reads import TASKS as LISTING


def _runtime_context(body: str) -> str:
    return text_of(runtime_context(parsed(body)))


def _published_global(body: str) -> str:
    return text_of(dict(parsed(body).published_global))


FIELDS: Final[dict[str, Field]] = {
    "id": Field(column="id"),
    "name": Field(column="name"),
    "type": Field(column="type"),
    "workflow_name": Field(column="workflow_name"),
    "workflow_namespace": Field(column="workflow_namespace"),
    "workflow_id": Field(column="workflow_id"),
    "workflow_execution_id": Field(column="workflow_execution_id"),
    "tags": Field(column="tags"),
    "state": Field(column="state"),
    "state_info": Field(column="state_info"),
    "project_id": Field(column="project_id"),
    "runtime_context": Field(column="body", write=_runtime_context, json=True),
    "result": Field(column="", alone=True, json=True),
    "published": Field(column="published", write=or_empty, json=True),
    "published_global": Field(column="body", write=_published_global, alone=True, json=True),
    "processed": Field(column="processed"),
    "created_at": Field(column="created_at", write=as_time),
    "updated_at": Field(column="updated_at", write=as_time),
    "started_at": Field(column="started_at", write=as_time),
    "finished_at": Field(column="finished_at", write=as_time),
}
RESOURCE: Final = Resource("tasks", LISTING, FIELDS, unlisted=("body", "sequence", "published"))


class TaskBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The attributes that a request may have; those that only the server sets are taken and not looked at."""

    state: str | None = None
    reset: bool | None = None
    replay: bool = False
    env: Raw | UnsetType = UNSET
    name: str | None = None
    workflow_name: str | None = None
    id: Any = None
    type: Any = None
    workflow_namespace: Any = None
    workflow_id: Any = None
    workflow_execution_id: Any = None
    tags: Any = None
    state_info: Any = None
    project_id: Any = None
    runtime_context: Any = None
    result: Any = None
    published: Any = None
    published_global: Any = None
    processed: Any = None
    created_at: Any = None
    updated_at: Any = None
    started_at: Any = None
    finished_at: Any = None


TASK_BODY: Final = msgspec.json.Decoder(TaskBody, strict=False)
