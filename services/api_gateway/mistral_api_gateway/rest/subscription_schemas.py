"""Schemas of what is sent of subscriptions, dead letters and retention, and of small answers about them."""

from typing import Any, Final

_TEXT: Final[dict[str, Any]] = {"type": "string"}
_FLAG: Final[dict[str, Any]] = {"type": "boolean"}
_COUNT: Final[dict[str, Any]] = {"type": "integer"}
_UUID: Final[dict[str, Any]] = {"type": "string", "format": "uuid"}
_OBJECT: Final[dict[str, Any]] = {"type": ["object", "string"]}
_TEXTS: Final[dict[str, Any]] = {"type": "array", "items": {"type": "string", "minLength": 1}}
_SUBSCRIPTION: Final[dict[str, Any]] = {
    "name": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": _TEXT,
    "enabled": _FLAG,
    "event_types": {**_TEXTS, "description": "Globs such as WORKFLOW_*; none for all of workflows and tasks"},
    "workflow_names": {**_TEXTS, "description": "Globs; none for all"},
    "tags": {**_TEXTS, "description": "All of which the execution must have"},
    "states": {**_TEXTS, "description": "States that the event leads to; none for all"},
    "condition": {**_TEXT, "description": "Expression over the payload"},
    "publisher": {**_OBJECT, "description": "type and settings"},
    "secrets": {**_OBJECT, "description": "Further settings, which are never shown"},
}

_LIMIT: Final[dict[str, Any]] = {"type": ["integer", "null"]}
_RETENTION: Final[dict[str, Any]] = {
    "older_than_minutes": {**_LIMIT, "minimum": 1, "description": "What ended longer ago goes; null for no limit"},
    "max_finished": {**_LIMIT, "minimum": 0, "description": "So many are kept; null for no limit"},
    "ignored_states": {"type": "array", "items": {"enum": ["SUCCESS", "ERROR", "CANCELLED"]}},
}

SUBSCRIPTION_SCHEMAS: Final[dict[str, Any]] = {
    "SubscriptionCreation": {"type": "object", "properties": _SUBSCRIPTION, "required": ["name", "publisher"]},
    "SubscriptionChange": {
        "type": "object",
        "description": "What is not sent stays as it is.",
        "properties": _SUBSCRIPTION,
    },
    "Trial": {
        "type": "object",
        "properties": {"delivered": _FLAG, "error": _TEXT, "milliseconds": _COUNT},
        "required": ["delivered", "error", "milliseconds"],
    },
    "DeadLettersChosen": {
        "type": "object",
        "description": "Ids, a subscription, or all of the project.",
        "properties": {"ids": {"type": "array", "items": _UUID}, "subscription_id": _UUID, "all": _FLAG},
    },
    "PastEvents": {
        "type": "object",
        "properties": {
            "events": {"type": "array", "items": {"type": "object"}},
            "next": {"type": "string", "format": "uri"},
        },
        "required": ["events"],
    },
    "RetentionChange": {"type": "object", "properties": _RETENTION},
    "Retention": {
        "type": "object",
        "properties": {**_RETENTION, "own": _FLAG, "updated_at": {"type": ["string", "null"]}},
        "required": ["own", "older_than_minutes", "max_finished", "ignored_states"],
    },
    "RetentionPreview": {
        "type": "object",
        "properties": {
            "count": _COUNT,
            "oldest": {"type": ["string", "null"]},
            "newest": {"type": ["string", "null"]},
            "execution_ids": _TEXTS,
        },
        "required": ["count", "oldest", "newest", "execution_ids"],
    },
    "DeadLettersReplayed": {"type": "object", "properties": {"replayed": _COUNT}, "required": ["replayed"]},
}
