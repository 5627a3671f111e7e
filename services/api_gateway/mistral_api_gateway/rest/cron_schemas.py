"""Schemas of the OpenAPI document for cron triggers: what requests hold, and small answers."""

from typing import Any, Final

from mistral_core.cron import Overlap

_TEXT: Final[dict[str, Any]] = {"type": "string"}
_NAME: Final[dict[str, Any]] = {"type": "string", "minLength": 1, "maxLength": 255}
_FLAG: Final[dict[str, Any]] = {"type": "boolean"}
_OBJECT: Final[dict[str, Any]] = {"type": ["object", "string"]}
_COUNT: Final[dict[str, Any]] = {"type": "integer"}
_SCOPE: Final[dict[str, Any]] = {"enum": ["private", "public"]}
_OVERLAP: Final[dict[str, Any]] = {
    "enum": [each.value for each in Overlap],
    "description": "What happens while an earlier run is open",
}
_SCHEDULE: Final[dict[str, Any]] = {
    "pattern": {**_TEXT, "description": "Five fields, a sixth for seconds"},
    "patterns": {"type": "array", "items": _TEXT, "description": "More patterns; it is due whenever one of them is"},
    "timezone": {**_TEXT, "description": "By whose clock the patterns are, such as Europe/Berlin; UTC without"},
    "first_execution_time": {**_TEXT, "description": "YYYY-MM-DD HH:MM in UTC, a minute ahead at least"},
    "start_at": {**_TEXT, "description": "Not due before; ISO 8601, by the clock of the zone unless it says otherwise"},
    "end_at": {**_TEXT, "description": "Not due after"},
    "jitter": {"type": "integer", "minimum": 0, "maximum": 86400, "description": "Starts are spread over seconds"},
}

CRON_SCHEMAS: Final[dict[str, Any]] = {
    "CronTriggerCreation": {
        "type": "object",
        "description": "A workflow by name or id, and a pattern or a first time.",
        "properties": {
            "name": _NAME,
            "workflow_name": _TEXT,
            "workflow_id": _TEXT,
            "workflow_input": _OBJECT,
            "workflow_params": _OBJECT,
            **_SCHEDULE,
            "remaining_executions": {"type": "integer", "minimum": 1},
            "scope": _SCOPE,
            "overlap": _OVERLAP,
            "catchup_window": {
                **_COUNT,
                "description": "Seconds for which missed due times are made up for; without it one run is for all",
            },
            "paused": {**_FLAG, "description": "Whether it begins paused"},
            "note": {**_TEXT, "description": "Why it is paused"},
        },
        "required": ["name"],
    },
    "CronTriggerPause": {"type": "object", "properties": {"note": {**_TEXT, "description": "Why"}}},
    "CronTriggerResume": {"type": "object", "properties": {}},
    "CronTriggerRun": {"type": "object", "properties": {"overlap": _OVERLAP}},
    "CronTriggerBackfill": {
        "type": "object",
        "properties": {
            "start": {**_TEXT, "description": "ISO 8601, in UTC unless it says otherwise; it counts"},
            "end": {**_TEXT, "description": "Likewise"},
            "overlap": _OVERLAP,
        },
        "required": ["start", "end"],
    },
    "CronBackfill": {
        "type": "object",
        "properties": dict.fromkeys(("started", "waiting", "skipped", "known"), _COUNT),
    },
    "CronPreviewRequest": {
        "type": "object",
        "properties": {**_SCHEDULE, "count": {"type": "integer", "minimum": 1, "maximum": 100}, "since": _TEXT},
    },
    "CronPreview": {
        "type": "object",
        "properties": {
            "times": {
                "type": "array",
                "items": {"type": "object", "properties": dict.fromkeys(("due_at", "starts_at", "local"), _TEXT)},
            }
        },
    },
}
