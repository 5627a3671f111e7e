"""Executions as the engine tells of them, in the form of the rows that readers get: what is told need not be read."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from mistral.internal.v1.engine_service_pb2 import ExecutionSummary
from mistral_persistence.execution_reads import Row

ToldRow: TypeAlias = Mapping[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def row_of(told: ExecutionSummary) -> ToldRow:
    """Return the row of an execution, with every column; that of a final one only if its output was told."""
    below = bool(told.task_execution_id)
    output = told.output.decode()
    return {
        "id": told.id,
        "workflow_id": told.workflow_id,
        "workflow_version": told.workflow_version,
        "workflow_name": told.workflow_name,
        "workflow_namespace": told.workflow_namespace,
        "description": told.description,
        "tags": list(told.tags),
        "params": told.params.decode(),
        "task_execution_id": told.task_execution_id if below else None,
        "root_execution_id": told.root_execution_id if below else None,
        "state": told.state,
        "state_info": told.state_info or None,
        "input": told.input.decode(),
        "output": None if output in ("", "null") else output,
        "published_global": told.published_global.decode(),
        "created_at": moment(told.created_at_micros),
        "updated_at": moment(told.updated_at_micros),
        "finished_at": moment(told.finished_at_micros) if told.finished_at_micros else None,
        "project_id": told.project_id,
    }


def as_begun(row: Row | ToldRow) -> Row | ToldRow:
    """Return an execution as it was when it began, for clients that know of none that is over by then."""
    if row["finished_at"] is None:
        return row
    begun = {"state": "RUNNING", "state_info": None, "output": None, "published_global": "{}"}
    return {**dict(row), **begun, "updated_at": row["created_at"], "finished_at": None}


def is_whole(told: ExecutionSummary) -> bool:
    """Whether all of an execution was told: it is final, and its output was not too large."""
    return told.HasField("output")


def moment(micros: int) -> datetime:
    """Return a time in microseconds since the epoch, exactly."""
    return _EPOCH + timedelta(microseconds=micros)
