"""What the OpenAPI document says of arguments: those in paths, in queries, and the bodies of requests."""

import re
from collections.abc import Mapping
from typing import Any, Final

from mistral_api_gateway.rest.faults import JSON
from mistral_api_gateway.rest.openapi_answers import reference
from mistral_api_gateway.rest.openapi_examples import BODIES, TEXTS
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import Resource
from mistral_api_gateway.rest.schemas import TEXT
from mistral_persistence.listing import Kind

_FLAG: Final = {"type": "boolean"}
_NAMED: Final[Mapping[str, tuple[Mapping[str, Any], str]]] = {
    "limit": ({"type": "integer", "minimum": 1}, "Most things of the page; at most 1,000, which is also the default"),
    "marker": (TEXT, "What the page begins after: the id, of actions the name, of the last thing of the page before"),
    "sort_keys": (TEXT, "Columns, with commas between; created_at by default, of actions the name"),
    "sort_dirs": (
        {"type": "string", "pattern": "^((asc|desc)(,(asc|desc))*)?$"},
        "asc or desc for each key, with commas between; asc where none is left",
    ),
    "fields": (TEXT, "Which fields to show, with commas between; the id is always shown"),
    "nulls": (TEXT, "Columns that must be null, with commas between"),
    "all_projects": (_FLAG, "Whether the things of all projects are shown, to those who may see them"),
    "include_output": (_FLAG, "Whether what is heavy is shown, too"),
    "errors_only": (_FLAG, "Only what failed"),
    "statistics_only": (_FLAG, "Only the counts"),
    "force": (_FLAG, "Even if it still runs"),
    "max_depth": ({"type": "integer"}, "How many levels down; -1 for all"),
    "after": ({"type": "integer", "minimum": 0}, "Number of the last event that was seen"),
    "skip_validation": (TEXT, "Taken and not looked at: what is sent is always checked"),
}
_OPERATORS: Final = "eq, neq, gt, gte, lt, lte, in, nin or has"
_KINDS: Final[Mapping[Kind, str]] = {
    Kind.TEXT: "texts",
    Kind.UUID: "UUIDs",
    Kind.TIME: "times such as 2026-05-04 12:00:00 in UTC",
    Kind.FLAG: "true or false",
    Kind.NUMBER: "whole numbers",
    Kind.JSON: "JSON, compared by what it means",
    Kind.TAGS: "tags with commas between, all of which a thing must have",
}


def extra(operation: Operation, listed: Resource | None) -> dict[str, Any]:
    """Return what a route has beside its answers.

    Args:
        listed: What the operation lists, if it does.
    """
    found: dict[str, Any] = {
        "parameters": [
            *(_of_path(name) for name in re.findall(r"{(\w+)}", operation.path)),
            *(_of_query(name, listed) for name in operation.query),
        ]
    }
    if operation.gives == "events":
        told = "Number of the last event that was seen; goes before `after`"
        schema = {"type": "integer", "minimum": 0}
        found["parameters"].append({"name": "Last-Event-ID", "in": "header", "description": told, "schema": schema})
    if operation.takes:
        found["requestBody"] = {"required": True, "content": _body(operation)}
    return found


def _of_path(name: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1}
    return {"name": name, "in": "path", "required": True, "description": "Id or name", "schema": schema}


def _of_query(name: str, listed: Resource | None) -> dict[str, Any]:
    if name in _NAMED:
        schema, told = _NAMED[name]
    elif listed is not None and name in listed.filters:
        schema, told = TEXT, f"Filter: a value, or {_OPERATORS} with a colon and a value; {_kind(name, listed)}"
    elif name == "scope":
        schema, told = {"enum": ["private", "public"]}, "Who sees it: its project, or everybody"
    else:
        schema, told = TEXT, f"The {name}"
    return {"name": name, "in": "query", "required": False, "description": told, "schema": dict(schema)}


def _kind(name: str, listed: Resource) -> str:
    return _KINDS[listed.listing.column(name).kind]


def _body(operation: Operation) -> dict[str, Any]:
    if operation.takes == "text":
        told = {"example": TEXTS[operation.tag]} if operation.tag in TEXTS else {}
        return {"text/plain": {"schema": {**TEXT, "minLength": 1}, **told}}
    example = {"example": BODIES[operation.takes]} if operation.takes in BODIES else {}
    return {JSON: {"schema": reference(operation.takes), **example}}
