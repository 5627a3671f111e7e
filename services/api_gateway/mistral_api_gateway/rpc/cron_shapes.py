"""Messages of cron triggers and of their runs, and what of requests is between messages and operations."""

from datetime import UTC, datetime
from typing import Any, Final

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from mistral.v1 import cron_trigger_pb2 as messages
from mistral_api_gateway.rpc.shapes import TIME, Field, Shape, definition_fields, plain
from mistral_core.errors import InvalidInput
from mistral_persistence.cron_history import CRON_RUNS
from mistral_persistence.cron_triggers import CRON_TRIGGERS


def _enum(column: str, words: Any, prefix: str, *, upper: bool) -> Field:
    """Return a field whose column holds the names of an enum's values, without their prefix."""

    def literal(text: str) -> str:
        name = text.upper().removeprefix(prefix)
        if f"{prefix}{name}" not in words.keys() or name == "UNSPECIFIED":  # noqa: SIM118
            known = ", ".join(each.removeprefix(prefix) for each in words.keys()[1:])
            raise InvalidInput(f"There is no {column} {text[:80]!r}, only {known}")
        return name if upper else name.lower()

    return plain(column, lambda text: words.Value(f"{prefix}{text.upper()}"), literal=literal)


def _seconds(column: str) -> Field:
    return plain(column, lambda value: None if value is None else Duration(seconds=value), compared=False)


_PLAIN: Final = (
    *("workflow_id", "workflow_name", "workflow_namespace", "workflow_input", "workflow_params", "pattern"),
    *("remaining_executions", "patterns", "timezone", "status_note", "fired", "missed", "skipped", "failed"),
    *("last_miss_reason", "declared_as"),
)
_TIMES: Final = (
    *("first_execution_time", "next_execution_time", "start_at", "end_at", "last_execution_time", "last_miss_at"),
)
_OVERLAP: Final = _enum("overlap", messages.CronOverlap, "CRON_OVERLAP_", upper=False)
TRIGGER: Final = Shape(
    messages.CronTrigger,
    CRON_TRIGGERS,
    {
        **definition_fields(*_PLAIN),
        **{name: plain(name, TIME) for name in _TIMES},
        "jitter": _seconds("jitter"),
        "catchup_window": _seconds("catchup_window"),
        "overlap": _OVERLAP,
        "status": _enum("status", messages.CronTriggerStatus, "CRON_TRIGGER_STATUS_", upper=True),
    },
)
RUN: Final = Shape(
    messages.CronRun,
    CRON_RUNS,
    {
        **{name: plain(name) for name in ("id", "trigger_id", "reason", "execution_id")},
        "kind": _enum("kind", messages.CronRunKind, "CRON_RUN_KIND_", upper=False),
        "state": _enum("run_state", messages.CronRunState, "CRON_RUN_STATE_", upper=True),
        "overlap": _OVERLAP,
        **{name: plain(name, TIME) for name in ("due_at", "created_at", "updated_at")},
    },
)


def overlap_text(number: int) -> str:
    """Return a way of overlapping; empty if none is said. Raises InvalidInput for a number that none has."""
    if number == messages.CRON_OVERLAP_UNSPECIFIED:
        return ""
    try:
        return messages.CronOverlap.Name(number).removeprefix("CRON_OVERLAP_").lower()  # type: ignore[arg-type]
    except ValueError:
        raise InvalidInput(f"There is no overlap of the number {number}", field="overlap") from None


def moment(request: Any, field: str) -> datetime | None:
    """Return a moment of a request; None if it is not set. Raises InvalidInput if it is none."""
    if not request.HasField(field):
        return None
    try:
        found: datetime = getattr(request, field).ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(f"The {field} is no time", field=field) from None
    return found


def moment_text(request: Any, field: str) -> str:
    """Return a moment of a request as ISO 8601; empty if it is not set. Raises InvalidInput if it is none."""
    found = moment(request, field)
    return "" if found is None else found.isoformat()


def minute_text(request: Any, field: str) -> str:
    """Return a moment of a request to the minute; empty if it is not set. Raises InvalidInput if it is none."""
    found = moment(request, field)
    if found is None:
        return ""
    given: Timestamp = getattr(request, field)
    if found.second or given.nanos:
        raise InvalidInput(f"The {field} must be a whole minute", field=field)
    return found.strftime("%Y-%m-%d %H:%M")


def seconds(request: Any, field: str) -> int | None:
    """Return whole seconds of a request; None if they are not set. Raises InvalidInput if they are not whole."""
    if not request.HasField(field):
        return None
    span: Duration = getattr(request, field)
    if span.nanos:
        raise InvalidInput(f"The {field} must be whole seconds", field=field)
    return span.seconds
