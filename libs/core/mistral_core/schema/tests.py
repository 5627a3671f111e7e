"""The schema of test files, from the tables that their reader checks them with."""

from collections.abc import Mapping
from typing import Any, Final

from mistral_core.machine.state import State
from mistral_core.schema.kinds import EXPRESSION, Schema, reference
from mistral_core.stubrun import keys
from mistral_core.stubrun.model import Wish

_TEXT: Final[Schema] = {"type": "string", "minLength": 1}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_SPAN: Final[Schema] = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"\d"}]}
_MAPPING: Final[Schema] = {"type": ["object", "null"]}
_TEXTS: Final[Schema] = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}


def _list_of(part: str) -> Schema:
    return {"type": ["array", "null"], "items": reference(part)}


_SHAPES: Final[Mapping[str, Schema]] = {
    "files": _TEXTS,
    "workflow": _TEXT,
    "task": _TEXT,
    "action": _TEXT,
    "in": _TEXT,
    "params": _MAPPING,
    "environments": {"type": "object", "additionalProperties": {"type": "object"}},
    "env": {"type": ["object", "string", "null"]},
    "stubs": _list_of("stub"),
    "requests": _list_of("request"),
    "item": _COUNT,
    "attempt": _COUNT,
    "answers": {"type": "array", "minItems": 1, "items": reference("answer")},
    "takes": _SPAN,
    "async": {"type": "boolean"},
    "reset": {"type": "boolean"},
    "cancelled": {"const": True},
    "lost": {"const": True},
    "never": {"const": True},
    "at": _SPAN,
    "do": {"enum": list(Wish)},
    "message": _TEXT,
    "state": {"enum": [each for state in State for each in (state.value, state.value.lower())]},
    "elapsed": {"anyOf": [_SPAN, EXPRESSION]},
    "order": _TEXTS,
    "calls": _list_of("call"),
}


def test_file() -> Schema:
    """Return the schema of a test file, with the definitions it refers to."""
    file = _part(keys.FILE, input=_MAPPING, version={})
    file["properties"]["cases"] |= {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"anyOf": [reference("case"), {"type": "null"}]},
    }
    expect = _part(keys.EXPECT, never=_TEXTS)
    expect["properties"]["tasks"] |= {"type": ["object", "null"], "additionalProperties": _or_state("task")}
    case = _part(keys.CASE, input=_MAPPING)
    case["properties"]["expect"] |= _or_state("expect")
    subject = [{"required": [key]} for key in ("task", "action", "workflow")]
    parts = {
        "case": case,
        "stub": {**_part(keys.STUB, input=_MAPPING), "anyOf": subject},
        "answer": _part(keys.ANSWER),
        "request": {**_part(keys.REQUEST), "required": ["at", "do"]},
        "expect": expect,
        "task": _part(keys.TASK, calls={"type": "array"}),
        "call": {**_part(keys.CALL), "anyOf": [{"required": ["action"]}, {"required": ["task"]}]},
    }
    return {**file, "required": ["cases"], "definitions": parts}


def _or_state(part: str) -> Schema:
    return {"anyOf": [_SHAPES["state"], reference(part), {"type": "null"}]}


def _part(table: Mapping[str, str], **own: Schema) -> Schema:
    properties: dict[str, Any] = {
        key: {**own.get(key, _SHAPES.get(key, {})), "description": text} for key, text in table.items()
    }
    return {"type": "object", "properties": properties, "additionalProperties": False}
