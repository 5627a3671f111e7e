"""Executions as messages of ``mistral.v1``."""

from typing import Any, Final

from mistral.v1 import execution_pb2 as messages
from mistral_api_gateway.operations.etags import etag_of
from mistral_api_gateway.operations.told import ToldRow
from mistral_api_gateway.rpc.shapes import TIME, Field, Shape, plain
from mistral_api_gateway.rpc.states import state_literal, state_message, timestamp_of
from mistral_persistence.execution_reads import EXECUTIONS, Row
from mistral_persistence.history import HistoryEvent


def _output(row: Any) -> Any:
    return row["output"] if row["finished_at"] is not None else ""


SHAPE: Final = Shape(
    messages.Execution,
    EXECUTIONS,
    {
        **{name: plain(name) for name in ("id", "workflow_id", "workflow_version", "workflow_name", "description")},
        **{name: plain(name) for name in ("workflow_namespace", "tags", "state_info", "input", "params")},
        **{name: plain(name) for name in ("task_execution_id", "root_execution_id", "project_id", "published_global")},
        "state": plain("state", state_message, literal=state_literal),
        "output": Field(("output", "finished_at"), _output, "output"),
        **{name: plain(name, TIME) for name in ("created_at", "updated_at", "finished_at")},
        "etag": Field(("id", "created_at", "updated_at", "state"), etag_of),
    },
    heavy=("output", "published_global"),
)


def execution_message(row: Row | ToldRow) -> messages.Execution:
    """Return the whole message of a row with every column."""
    return SHAPE.write(row, SHAPE.all)


def event_message(event: HistoryEvent) -> messages.ExecutionEvent:
    """Return the message of an event."""
    return messages.ExecutionEvent(
        position=event.position,
        type=event.event,
        at=timestamp_of(event.at),
        execution_id=event.execution_id,
        task_id=event.task_id or "",
        task_name=event.task_name or "",
        state=state_message(event.state),
        state_info=event.state_info or "",
    )
