"""Schemas of the OpenAPI document for the calls of workers."""

from typing import Any, Final

_TEXT: Final[dict[str, Any]] = {"type": "string"}
_FLAG: Final[dict[str, Any]] = {"type": "boolean"}
_COUNT: Final[dict[str, Any]] = {"type": "integer", "minimum": 0, "maximum": 2147483647}
_NAME: Final[dict[str, Any]] = {"type": "string", "minLength": 1, "maxLength": 255}
_TEXTS: Final[dict[str, Any]] = {"type": "array", "items": _TEXT}
_TIME: Final[dict[str, Any]] = {"type": ["string", "null"], "format": "date-time"}
_LABELS: Final[dict[str, Any]] = {"type": "object", "additionalProperties": _TEXT}
_REASONS: Final = ["unspecified", "unknown_token", "lease_lost", "closed", "bad_result"]
_SCHEMA: Final[dict[str, Any]] = {"type": ["object", "string"], "description": "A JSON Schema of an object"}


def _object(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


_OFFER: Final = _object(
    ("name",),
    name=_NAME,
    description=_TEXT,
    input_schema=_SCHEMA,
    output_schema=_SCHEMA,
    safe_rerun={**_FLAG, "description": "Whether a second run does no harm"},
    public={**_FLAG, "description": "Whether all projects may use it"},
    concurrency={**_COUNT, "description": "Most runs of it at once; 0 for no limit"},
)
_REJECTIONS: Final = {
    "type": "array",
    "items": _object(token=_TEXT, reason={"enum": _REASONS}, message=_TEXT),
}
_RUN: Final = _object(
    ("token", "action", "input"),
    **dict.fromkeys(
        (
            "token",
            "action",
            "action_execution_id",
            "idempotency_key",
            "task_execution_id",
            "task_name",
            "execution_id",
            "workflow_name",
            "workflow_namespace",
            "project_id",
            "queue",
            "traceparent",
        ),
        _TEXT,
    ),
    input={"type": "object"},
    attempt=_COUNT,
    index=_COUNT,
    scheduled_at=_TIME,
    deadline=_TIME,
    progress_details={"description": "What the last attempt told; null for nothing"},
    safe_rerun=_FLAG,
)
_WORKER: Final = _object(
    ("id",),
    **dict.fromkeys(("id", "instance", "project_id", "sdk", "sdk_version", "executor", "transport"), _TEXT),
    connected_at=_TEXT,
    draining=_FLAG,
    **{name: {"type": "integer"} for name in ("slots", "running", "credits", "finished")},
    namespaces=_TEXTS,
    queues=_TEXTS,
    labels=_LABELS,
    actions={
        "type": "array",
        "items": _object(name=_TEXT, description=_TEXT, safe_rerun=_FLAG, public=_FLAG, concurrency=_COUNT),
    },
    action_execution_ids=_TEXTS,
)

WORKER_SCHEMAS: Final[dict[str, Any]] = {
    "WorkerPoll": _object(
        session={**_TEXT, "description": "Of an earlier answer, instead of worker"},
        worker=_object(
            ("id",),
            id=_NAME,
            instance={"type": "string", "maxLength": 255, "description": "New after every start; the id if not sent"},
            sdk={"type": "string", "maxLength": 255},
            sdk_version={"type": "string", "maxLength": 255},
            namespaces=_TEXTS,
            queues={"type": "array", "items": _NAME, "maxItems": 64},
            actions={"type": "array", "items": _OFFER, "maxItems": 1000},
            labels=_LABELS,
            slots=_COUNT,
        ),
        limit={"type": "integer", "minimum": 0, "maximum": 1000},
        wait={"type": "number", "minimum": 0, "maximum": 60, "description": "Seconds to wait for the first run"},
    ),
    "WorkerRuns": _object(
        ("session", "assignments"),
        session=_TEXT,
        lease_seconds={"type": "number"},
        heartbeat_seconds={"type": "number"},
        lease_expires_at=_TIME,
        assignments={"type": "array", "items": _RUN},
    ),
    "WorkerResults": _object(
        ("results",),
        results={
            "type": "array",
            "maxItems": 1000,
            "items": {
                **_object(
                    ("token",),
                    token=_TEXT,
                    output={"description": "Any JSON"},
                    error=_object(message=_TEXT, type=_TEXT, details={"description": "Any JSON"}, permanent=_FLAG),
                    deferred={"const": True},
                    cancelled={"const": True},
                ),
                "oneOf": [{"required": [name]} for name in ("output", "error", "deferred", "cancelled")],
            },
        },
    ),
    "WorkerRecorded": _object(("recorded", "rejections"), recorded=_TEXTS, rejections=_REJECTIONS),
    "WorkerSigns": _object(
        tokens={"type": "array", "items": _TEXT, "maxItems": 1000},
        progress={
            "type": "array",
            "maxItems": 1000,
            "items": _object(
                ("token",),
                token=_TEXT,
                percent={"type": "number", "minimum": 0, "maximum": 100},
                details={"description": "Any JSON, at most 64 KiB"},
                lines={
                    "type": "array",
                    "items": _object(
                        ("message",),
                        message=_TEXT,
                        level={"enum": ["debug", "info", "warning", "error"]},
                        time={"type": "string", "format": "date-time"},
                    ),
                },
            ),
        },
    ),
    "WorkerHeard": _object(
        ("cancels", "rejections"),
        cancels={"type": "array", "items": _object(token=_TEXT, reason=_TEXT, deadline=_TIME)},
        rejections=_REJECTIONS,
        lease_expires_at=_TIME,
    ),
    "Worker": _WORKER,
    "Workers": _object(("workers",), workers={"type": "array", "items": {"$ref": "#/components/schemas/Worker"}}),
}
"""By name."""
