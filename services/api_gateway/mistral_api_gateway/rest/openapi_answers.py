"""What the OpenAPI document says of answers: of each operation every status, with its body and headers."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from mistral_api_gateway.access.doors import OPEN_PATHS
from mistral_api_gateway.rest.faults import JSON, Shape
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.schemas import TEXT

_HEADERS: Final[Mapping[str, str]] = {
    "Server-Error-Message": "The message once more",
    "WWW-Authenticate": "How to say who one is",
    "Retry-After": "Seconds after which it may be tried again",
    "Location": "Where to go",
    "x-openstack-request-id": "Under which id the audit log has the request",
}
_WORDS: Final[Mapping[int, str]] = {
    302: "Elsewhere",
    400: "The request is at fault",
    401: "Nobody knows who asks (while authentication is on)",
    403: "Whoever asks may not do that, or not now",
    404: "There is no such thing, or it is somebody else's",
    409: "There is one like that, or it changed meanwhile",
    410: "The history does not reach back so far",
    413: "The request is too big",
    415: "XML is not spoken here",
    423: "The mesh is in maintenance",
    429: "Too much at once",
    503: "Something behind the gateway cannot be reached at the moment",
}
_PLAIN: Final[Mapping[int, tuple[str, ...]]] = {
    401: ("Server-Error-Message", "WWW-Authenticate"),
    415: ("Server-Error-Message",),
    423: ("Server-Error-Message", "Retry-After"),
}
_PASSING: Final = frozenset({429, 503})


def answers(operation: Operation, plurals: Mapping[str, str]) -> dict[int | str, dict[str, Any]]:
    """Return what an operation may answer, by status.

    Args:
        plurals: Name of the schema of the things in a list, by the list's plural.
    """
    found: dict[int | str, dict[str, Any]] = {operation.status: _good(operation, plurals)}
    for status in sorted(_faults(operation)):
        found[status] = _bad(status, operation)
    if operation.gives == "Health":
        found[503] = content("Something is not well", JSON, reference("Health"))
    return found


def reference(name: str) -> dict[str, str]:
    """Return the reference to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def content(description: str, kind: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer with a body of that type."""
    return {"description": description, "content": {kind: {"schema": schema}}}


def _faults(operation: Operation) -> set[int]:
    """Return the statuses of an operation that mean no."""
    if operation.gives == "EventsTaken":
        # Nobody signs in there; what does not prove itself is refused all the same.
        return {400, 401, 413, 415, 429, 503}
    if operation.path in OPEN_PATHS:
        return {400, 415} if operation.gives == "Info" else {415}
    found = {400, 401, 403, 404, 415, 429, 503}
    if operation.method != "GET" and not operation.always:
        found.add(423)
    if operation.takes:
        found |= {409, 413}
    if operation.gives == "events":
        found.add(410)
    return found


def _bad(status: int, operation: Operation) -> dict[str, Any]:
    if status in _PLAIN:
        told = content(_WORDS[status], "text/plain", TEXT)
        told["headers"] = _headers(*_PLAIN[status])
        return told
    told = content(_WORDS[status], JSON, reference("TextFault" if operation.shape is Shape.TEXT else "Fault"))
    if status in _PASSING:
        told["headers"] = _headers("Retry-After")
    return told


def _good(operation: Operation, plurals: Mapping[str, str]) -> dict[str, Any]:
    if operation.status == HTTPStatus.FOUND:
        return {"description": _WORDS[302], "headers": _headers("Location")}
    if not operation.gives:
        return {"description": "Done"}
    if operation.gives == "events":
        event = {"type": "object", "properties": {"id": TEXT, "event": TEXT, "data": TEXT}}
        return content("Events, one after the other; the schema is that of each", "text/event-stream", event)
    if operation.gives not in plurals:
        return content("Done", JSON, reference(operation.gives))
    things = {"type": "array", "items": reference(plurals[operation.gives])}
    page = {
        "type": "object",
        "properties": {operation.gives: things, "next": {**TEXT, "format": "uri"}},
        "required": [operation.gives],
        "additionalProperties": False,
    }
    return content("A page; `next` is the address of the next one, if this one is full", JSON, page)


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"description": _HEADERS[name], "schema": TEXT} for name in names}
