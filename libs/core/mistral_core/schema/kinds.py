"""What each kind of value of the language looks like, as a fragment of JSON Schema."""

from collections.abc import Mapping
from typing import Any, Final

from mistral_core.cron.overlap import Overlap
from mistral_core.cron.schedule import MOST_PATTERNS
from mistral_core.language.keys import Kind

Schema = dict[str, Any]

_FULL: Final = {"type": "string", "pattern": r"\S"}
EXPRESSION: Final[Schema] = {
    "type": "string",
    "pattern": r"^\s*(<%[\s\S]*%>|\{\{[\s\S]*\}\}|\{%[\s\S]*%\}|\{%[\s\S]*\}\}|\{\{[\s\S]*%\})\s*$",
    "description": "An expression: <% YAQL %> or {{ Jinja }}.",
}
_MAPPING: Final = {"type": "object", "minProperties": 1}


def reference(name: str) -> Schema:
    """Return a pointer to a definition of the same document."""
    return {"$ref": f"#/definitions/{name}"}


def _or_list(one: Schema) -> Schema:
    return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1, "uniqueItems": True}]}


TARGET: Final[Schema] = {
    "anyOf": [
        {**_FULL, "description": "A task, or one of noop, fail, succeed, pause with parameters such as msg=..."},
        {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": reference("expression"),
            "description": "A task or command, and the condition under which it is taken.",
        },
    ]
}

_PARAMETER: Final[Schema] = {
    "anyOf": [
        {"type": "string", "minLength": 1, "description": "A parameter that must be given."},
        {"type": "object", "minProperties": 1, "maxProperties": 1, "description": "A parameter and its default."},
    ]
}

SHAPES: Final[Mapping[Kind, Schema]] = {
    Kind.VERSION: {"anyOf": [{"type": "string", "minLength": 1}, {"type": "number", "minimum": 0}]},
    Kind.TEXT: {"type": "string"},
    Kind.NAME: _FULL,
    Kind.INLINE: _FULL,
    Kind.TAGS: {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "uniqueItems": True},
    Kind.PARAMETERS: {"type": "array", "items": _PARAMETER, "minItems": 1, "uniqueItems": True},
    Kind.VALUES: _MAPPING,
    Kind.VALUES_OR_EXPRESSION: {"anyOf": [_MAPPING, _FULL]},
    Kind.COUNT: {"anyOf": [{"type": "integer", "minimum": 0}, reference("expression")]},
    Kind.SECONDS: {"anyOf": [{"type": "number", "minimum": 0}, reference("expression")]},
    Kind.WORKER: {"allOf": [reference("worker")]},
    Kind.LABELS: {**_MAPPING, "additionalProperties": {"type": ["string", "number", "boolean"]}},
    Kind.LIMIT: {"allOf": [reference("limit")]},
    Kind.FLAG: {"anyOf": [{"type": "boolean"}, reference("expression")]},
    Kind.PRIORITY: {"anyOf": [{"enum": ["high", "normal", "low"]}, reference("expression")]},
    Kind.CONDITION: {"allOf": [reference("expression")]},
    Kind.ANY: {},
    Kind.MEMBERS: _MAPPING,
    Kind.SETTINGS: {"type": "object"},
    Kind.WORKFLOW_TYPE: {"enum": ["direct", "reverse"]},
    Kind.JOIN: {"anyOf": [{"enum": ["all", "one"]}, {"type": "number", "minimum": 0, "multipleOf": 1}]},
    Kind.CLAUSE: {"anyOf": [*_or_list(reference("target"))["anyOf"], reference("clause")]},
    Kind.NEXT: _or_list(reference("target")),
    Kind.RETRY: {"anyOf": [_FULL, reference("retry")]},
    Kind.ITEMS: _or_list({"type": "string", "pattern": r"\bin\b"}),
    Kind.TASK_NAMES: _or_list({"type": "string", "minLength": 1}),
    Kind.TRIGGERS: {"type": "object", "minProperties": 1},
    Kind.CRON: {"anyOf": [_FULL, reference("cron")]},
    Kind.EVENT: {"anyOf": [_FULL, reference("event")]},
    Kind.PATTERNS: {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": MOST_PATTERNS},
    Kind.SPAN: {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^[0-9]+[smhd]$"}]},
    Kind.NUMBER: {"type": "integer", "minimum": 1},
    Kind.OVERLAP: {
        "enum": [spelled for each in Overlap for spelled in dict.fromkeys((each.replace("_", "-"), each.value))]
    },
}
