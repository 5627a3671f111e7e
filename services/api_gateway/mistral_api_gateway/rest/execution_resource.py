"""What an execution looks like over REST, and what may be sent of one."""

from typing import Final

import msgspec
from msgspec import UNSET, Raw, UnsetType

from mistral_api_gateway.rest.resource import Field, Resource, as_time, or_empty
from mistral_persistence.execution_reads import EXECUTIONS as LISTING

FIELDS: Final = {
    "id": Field(column="id"),
    "workflow_id": Field(column="workflow_id"),
    "workflow_name": Field(column="workflow_name"),
    "workflow_namespace": Field(column="workflow_namespace"),
    "description": Field(column="description"),
    "tags": Field(column="tags"),
    "params": Field(column="params", json=True),
    "task_execution_id": Field(column="task_execution_id"),
    "root_execution_id": Field(column="root_execution_id"),
    "source_execution_id": Field(column=""),
    "state": Field(column="state"),
    "state_info": Field(column="state_info"),
    "input": Field(column="input", json=True),
    "output": Field(column="output", write=or_empty, heavy=True, json=True),
    "published_global": Field(column="published_global", write=or_empty, heavy=True, json=True),
    "created_at": Field(column="created_at", write=as_time),
    "updated_at": Field(column="updated_at", write=as_time),
    "project_id": Field(column="project_id"),
}
RESOURCE: Final = Resource(
    "executions", LISTING, FIELDS, unlisted=("workflow_version", "name", "published_global", "finished_at")
)


class ExecutionBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The attributes that a request may have; those that only the server sets are taken and not looked at."""

    id: str | None = None
    workflow_id: str | None = None
    workflow_name: str | None = None
    workflow_namespace: str | None = None
    description: str | None = None
    params: Raw | UnsetType = UNSET
    source_execution_id: str | None = None
    state: str | None = None
    state_info: str | None = None
    input: Raw | UnsetType = UNSET
    tags: Raw | UnsetType = UNSET
    task_execution_id: Raw | UnsetType = UNSET
    root_execution_id: Raw | UnsetType = UNSET
    output: Raw | UnsetType = UNSET
    published_global: Raw | UnsetType = UNSET
    created_at: Raw | UnsetType = UNSET
    updated_at: Raw | UnsetType = UNSET
    project_id: Raw | UnsetType = UNSET


EXECUTION_BODY: Final = msgspec.json.Decoder(ExecutionBody)
