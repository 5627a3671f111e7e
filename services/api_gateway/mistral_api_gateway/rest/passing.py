"""A REST request at the gate: what it asks for beyond its path, and which things it was about."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from mistral_api_gateway.access.gate import Passage
from mistral_core.errors import InvalidInput
from mistral_persistence.literals import as_flag

_REQUEST_ID: Final = b"x-openstack-request-id"


def wants_all(scope: Scope) -> bool:
    """Tell whether the things of all projects are asked for; what is no flag is refused later, by name."""
    query: bytes = scope["query_string"]
    if b"all_projects" not in query:
        return False
    try:
        given = [value.strip() for name, value in parse_qsl(query.decode("latin-1")) if name == "all_projects"]
        return any(value and as_flag(value) for value in given)
    except InvalidInput:
        return False


def record(passage: Passage, request: Request, response: Response) -> None:
    """Write a request down, and tell the client under which id."""
    sent = next((str(value, "latin-1") for name, value in request.scope["headers"] if name == _REQUEST_ID), None)
    told = passage.record(str(response.status_code), lambda: _ids(request.scope["path_params"], response), sent)
    response.raw_headers.append((_REQUEST_ID, told.encode()))


class _Thing(msgspec.Struct):
    id: str | None = None


class _Things(msgspec.Struct):
    """What an answer may hold: one thing, or the things of an upload."""

    id: str | None = None
    workflows: list[_Thing] = []
    actions: list[_Thing] = []


_things: Final = msgspec.json.Decoder(_Things)


def _ids(named: Mapping[str, str], response: Response) -> list[str]:
    if named:
        return list(named.values())
    if response.status_code >= 300 or not response.body:
        return []
    try:
        found = _things.decode(bytes(response.body))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []
    ids = [found.id, *(each.id for each in (*found.workflows, *found.actions))]
    return [each for each in ids if each]
