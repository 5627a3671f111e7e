"""Schemas of the OpenAPI document about events: what requests hold, and answers that are not made of a resource."""

from typing import Any, Final

_TEXT: Final[dict[str, Any]] = {"type": "string"}
_FLAG: Final[dict[str, Any]] = {"type": "boolean"}
_OBJECT: Final[dict[str, Any]] = {"type": ["object", "string"]}
_SCOPE: Final[dict[str, Any]] = {"enum": ["private", "public"]}
_COUNT: Final[dict[str, Any]] = {"type": "integer", "minimum": 1, "maximum": 1_000_000}
_SOURCE_NAME: Final[dict[str, Any]] = {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,100}$"}
_EXPRESSION: Final[dict[str, Any]] = {**_TEXT, "description": "Expression over the event that must be true"}
_MATCHING: Final[dict[str, Any]] = {"enum": ["exact", "glob"]}
_PLACE: Final[dict[str, Any]] = {"type": "string", "minLength": 1, "maxLength": 255}

REACTING: Final[dict[str, Any]] = {
    "enabled": _FLAG,
    "condition": _EXPRESSION,
    "input_mapping": {**_OBJECT, "description": "Input that is made of the event by expressions"},
    "correlation": {**_OBJECT, "description": "How that which waits is found; see docs/event_triggers.md"},
}
"""What creations and changes of event triggers have in common."""

_SOURCE: Final[dict[str, Any]] = {
    "description": _TEXT,
    "enabled": _FLAG,
    "exchange": _PLACE,
    "topic": _PLACE,
    "tenancy": {"enum": ["source", "event"]},
    "settings": _OBJECT,
    "secret": {**_TEXT, "writeOnly": True},
    "rate_per_minute": _COUNT,
    "max_bytes": _COUNT,
}
_BINDING: Final[dict[str, Any]] = {
    "description": _TEXT,
    "enabled": _FLAG,
    "scope": _SCOPE,
    "exchange": _PLACE,
    "topic": _PLACE,
    "event": _PLACE,
    "matching": _MATCHING,
    "condition": _EXPRESSION,
    "mapping": {**_OBJECT, "description": "What the payload is made of; none hands it on as it is"},
}

EVENT_SCHEMAS: Final[dict[str, Any]] = {
    "EventSourceCreation": {
        "type": "object",
        "properties": {
            "name": _SOURCE_NAME,
            "kind": {"enum": ["nats", "amqp", "webhook", "alertmanager", "imap"]},
            **_SOURCE,
        },
        "required": ["name", "kind"],
    },
    "EventSourceChange": {
        "type": "object",
        "description": "What is not sent stays as it is; name and kind always do.",
        "properties": _SOURCE,
    },
    "EventBindingCreation": {
        "type": "object",
        "properties": {"name": _PLACE, **_BINDING},
        "required": ["name", "exchange", "topic", "event"],
    },
    "EventBindingChange": {
        "type": "object",
        "description": "What is not sent stays as it is; the name always does.",
        "properties": _BINDING,
    },
    "EventFiring": {
        "type": "object",
        "properties": {
            "event": {**_PLACE, "description": "Type of the event, or its logical name"},
            "payload": {"description": "Any JSON value"},
            "exchange": {**_TEXT, "description": "None, as the topic, for an event by a logical name"},
            "topic": _TEXT,
            "scope": _SCOPE,
            "id": {**_TEXT, "description": "Key of your own: a repeat is the same event"},
        },
        "required": ["event"],
    },
    "EventExplanation": {
        "type": "object",
        "properties": {
            "verdicts": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        **dict.fromkeys(("trigger_id", "kind", "name", "project_id", "verdict", "reason"), _TEXT),
                        **{name: {"type": ["string", "null"]} for name in ("execution_id", "at")},
                    },
                },
            }
        },
        "required": ["verdicts"],
    },
    "EventDelivery": {"description": "What the source sends; it proves itself by its signature."},
    "EventsTaken": {
        "type": "object",
        "properties": {"ids": {"type": "array", "items": _TEXT}, "duplicates": {"type": "integer"}},
        "required": ["ids", "duplicates"],
    },
}
"""Schemas by their names."""
