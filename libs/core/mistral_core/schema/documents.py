"""The schema of whole documents, put together from the tables of the parser."""

from collections.abc import Mapping
from typing import Any, Final

from mistral_core.language import keys
from mistral_core.language.keys import Entry, Kind
from mistral_core.schema.kinds import EXPRESSION, SHAPES, TARGET, Schema, reference
from mistral_core.schema.parts import DESCRIPTIONS
from mistral_core.schema.tests import test_file

KINDS: Final = ("workflow", "workbook", "actions", "test")

_DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_TITLES: Final = {
    "workflow": "Workflows of Mistral Mesh",
    "workbook": "A workbook of Mistral Mesh",
    "actions": "Ad-hoc actions of Mistral Mesh",
    "test": "Tests of workflows, for mistralctl test",
}
_VERSION: Final[Schema] = {**SHAPES[Kind.VERSION], "description": "Version of the language: '2.0'."}
_MEMBER_NAME: Final = r"^[\w-]+$"


def schema_of(kind: str) -> Schema:
    """Return the schema of one of ``KINDS``.

    Raises:
        KeyError: If it is none of them.
    """
    head = {"$schema": _DRAFT, "title": _TITLES[kind]}
    match kind:
        case "workflow":
            return {**head, **_list_of("workflow"), "definitions": _definitions(without=("action",))}
        case "workbook":
            return {**head, **_workbook(), "definitions": _definitions()}
        case "actions":
            return {**head, **_list_of("action"), "definitions": {"action": _part("action", keys.ACTION)}}
        case _:
            return {**head, **test_file()}


def _list_of(member: str) -> Schema:
    return {
        "type": "object",
        "required": ["version"],
        "minProperties": 2,
        "properties": {"version": _VERSION},
        "additionalProperties": reference(member),
    }


def _workbook() -> Schema:
    book = _part("workbook", keys.WORKBOOK)
    for section, member in (("workflows", "workflow"), ("actions", "action")):
        book["properties"][section] |= {
            "properties": {"version": SHAPES[Kind.VERSION]},
            "patternProperties": {r"^(?!version$)[\w-]+$": reference(member)},
            "propertyNames": {"pattern": _MEMBER_NAME},
        }
    return book


def _definitions(without: tuple[str, ...] = ()) -> dict[str, Schema]:
    clause = _part("clause", keys.ADVANCED_CLAUSE)
    clause["minProperties"] = 1
    clause["properties"]["publish"]["allOf"] = [reference("publish")]
    found = {
        "workflow": _workflow(),
        "direct-task": _task("direct-task", keys.DIRECT_TASK),
        "reverse-task": _task("reverse-task", keys.REVERSE_TASK),
        "task-defaults": _part("task-defaults", keys.TASK_DEFAULTS),
        "target": TARGET,
        "expression": EXPRESSION,
        "clause": clause,
        "publish": {**_part("publish", keys.PUBLISH_SCOPES), "minProperties": 1},
        "retry": _part("retry", keys.RETRY),
        "worker": {**_part("worker", keys.WORKER), "minProperties": 1, "dependencies": {"workers": ["fleet"]}},
        "limit": {**_part("limit", keys.WORKER_LIMIT), "anyOf": _either("concurrency", "rate")},
        "action": _part("action", keys.ACTION),
        "trigger": {**_part("trigger", keys.DECLARED_TRIGGER), "minProperties": 1},
        "cron": {**_part("cron", keys.CRON_TRIGGER), "minProperties": 1},
        "event": {**_part("event", keys.EVENT_TRIGGER), "minProperties": 1},
    }
    return {name: schema for name, schema in found.items() if name not in without}


def _workflow() -> Schema:
    workflow = _part("workflow", keys.WORKFLOW, open_ended=True)
    workflow["properties"]["task-defaults"]["allOf"] = [reference("task-defaults")]
    any_value: dict[str, Schema] = {key: {} for key in sorted(keys.INJECTED)}
    workflow["properties"]["triggers"] |= {"properties": any_value, "additionalProperties": reference("trigger")}
    backwards = {"properties": {"type": {"const": "reverse"}}, "required": ["type"]}
    return {
        **workflow,
        "if": backwards,
        "then": {"properties": {"tasks": _tasks("reverse-task")}},
        "else": {"properties": {"tasks": _tasks("direct-task")}},
    }


def _tasks(task: str) -> Schema:
    # Definitions that were read back from Mistral have a name and a version among their tasks.
    scalar_or_task = {"anyOf": [{"type": ["string", "number"]}, reference(task)]}
    return {"properties": dict.fromkeys(sorted(keys.INJECTED), scalar_or_task), "additionalProperties": reference(task)}


def _task(name: str, table: Mapping[str, Entry]) -> Schema:
    return {**_part(name, table), "minProperties": 1, "not": {"required": ["action", "workflow"]}}


def _either(*names: str) -> list[Schema]:
    return [{"required": [name]} for name in names]


def _part(name: str, table: Mapping[str, Entry], *, open_ended: bool = False) -> Schema:
    """Return the schema of a mapping with the keys of a table."""
    properties: dict[str, Any] = {
        key: {**SHAPES[entry.kind], "description": DESCRIPTIONS[name][key]} for key, entry in table.items()
    }
    if not open_ended:
        properties |= {key: {} for key in sorted(keys.INJECTED) if key not in properties}
    part: Schema = {"type": "object", "properties": properties, "additionalProperties": open_ended}
    required = [key for key, entry in table.items() if entry.required]
    return {**part, "required": required} if required else part
