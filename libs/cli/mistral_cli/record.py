"""Messages as plain records: JSON texts opened, states by their bare names, times as text."""

import json
from typing import Any

# Fields that hold JSON as text, by message. `input` of a workflow is none: it is the line of declared inputs.
_JSON: dict[str, frozenset[str]] = {
    "Workflow": frozenset({"interface"}),
    "Execution": frozenset({"input", "params", "output", "published_global"}),
    "Task": frozenset({"published", "result", "runtime_context"}),
    "ActionExecution": frozenset({"input", "output"}),
    "ActionExecutionProgress": frozenset({"details"}),
    "OfferedAction": frozenset({"input_schema", "output_schema"}),
    "Environment": frozenset({"variables"}),
    "Fleet": frozenset({"template"}),
    "HttpWorker": frozenset({"actions"}),
    "CronTrigger": frozenset({"workflow_input", "workflow_params"}),
    "Subscription": frozenset({"publisher"}),
    "DeadLetter": frozenset({"payload"}),
    "EventTrigger": frozenset({"workflow_input", "workflow_params", "input_mapping", "correlation"}),
    "EventSource": frozenset({"settings"}),
    "EventBinding": frozenset({"mapping"}),
    "ReceivedEvent": frozenset({"payload"}),
}
_PREFIXES = (
    *("STATE_", "TASK_TYPE_", "SCOPE_", "MAINTENANCE_STATUS_", "SERVICE_KIND_", "API_KEY_SCOPE_"),
    *("MEMBER_STATUS_", "LOG_LEVEL_", "FLEET_DRIVER_", "FLEET_WORKER_STATE_"),
    *("CRON_OVERLAP_", "CRON_TRIGGER_STATUS_", "CRON_RUN_STATE_", "CRON_RUN_KIND_"),
)


def record(message: Any) -> dict[str, Any]:
    """Turn a message of ``mistral.v1`` into a record, in the order of its fields."""
    json_fields = _JSON.get(message.DESCRIPTOR.name, frozenset())
    return {field.name: _value(message, field, field.name in json_fields) for field in message.DESCRIPTOR.fields}


def _value(message: Any, field: Any, is_json: bool) -> Any:
    value = getattr(message, field.name)
    if field.message_type is not None:
        return _part(message, field, value)
    if field.enum_type is not None:
        names = field.enum_type.values_by_number
        return [bare(names[each].name) for each in value] if field.is_repeated else bare(names[value].name)
    if field.has_presence and not message.HasField(field.name):
        return None
    if is_json:
        return json.loads(value) if value else None
    return list(value) if field.is_repeated else value


def _part(message: Any, field: Any, value: Any) -> Any:
    if field.message_type.GetOptions().map_entry:
        return dict(value)
    if field.is_repeated:
        return [record(each) for each in value]
    if not message.HasField(field.name):
        return None
    match field.message_type.full_name:
        case "google.protobuf.Timestamp":
            return instant(value)
        case "google.protobuf.Duration":
            return value.ToTimedelta().total_seconds()
        case _:
            return record(value)


def bare(name: str) -> str:
    """Return the name of an enum value without its prefix."""
    for prefix in _PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name


def instant(timestamp: Any) -> str:
    """Return a timestamp in ISO form, UTC, to the millisecond."""
    return str(timestamp.ToDatetime().isoformat(timespec="milliseconds")) + "Z"


def seconds_of(timestamp: Any) -> float:
    """Return a timestamp as seconds since the epoch."""
    return float(timestamp.seconds + timestamp.nanos / 1e9)
