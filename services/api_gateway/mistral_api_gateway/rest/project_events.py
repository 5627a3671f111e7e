"""``/v2/events``: what happened to the executions of a project, and what happens, as server-sent events."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.live.admission import admitted
from mistral_api_gateway.live.past import Mark, past
from mistral_api_gateway.live.watch_all import STABLE, Interest, Told, WatchAll
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.rest import query
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import Resource, json_answer
from mistral_core.errors import InvalidInput, Unauthenticated
from mistral_core.machine.state import State
from mistral_persistence.execution_reads import EXECUTIONS
from mistral_persistence.history import NOWHERE, HistoryEvent
from mistral_persistence.literals import as_moment, as_uuid
from mistral_persistence.records import micros

_STATES: Final = frozenset(state.value for state in State)
_RESOURCE: Final = Resource("events", EXECUTIONS, {}, unlisted=frozenset(EXECUTIONS.columns) - STABLE)
_INTEREST: Final = (*sorted(STABLE), "nulls", "states", "tasks", "all_projects")
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_DIGITS: Final = 17
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_encoder: Final = msgspec.json.Encoder()


class ProjectEventEndpoints:
    """What happened, and what happens, in a project."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""
        more = "; tasks=true adds those of tasks"

        def make(path: str, handler: Any, summary: str, **rest: Any) -> Operation:
            return Operation(method="GET", path=path, handler=handler, summary=summary, tag="events", **rest)

        return [
            make(
                "/v2/events",
                self.page,
                f"List what happened to executions, in order of time{more}",
                query=(*_INTEREST, "since", "until", "limit", "marker"),
                gives="PastEvents",
            ),
            make(
                "/v2/events/stream",
                self.stream,
                f"Stream what happens to executions; Last-Event-ID goes on from there{more}",
                query=(*_INTEREST, "after"),
                gives="events",
            ),
        ]

    async def page(self, request: Request) -> Response:
        given = query.only(request, (*_INTEREST, "since", "until", "limit", "marker"))
        limit = min(query.integer(given, "limit", query.MOST), query.MOST)
        if limit < 1:
            raise InvalidInput("Limit must be positive.")
        begin = _mark(given["marker"]) if given.get("marker") else Mark((_time(given, "since", _FIRST), NOWHERE, 0))
        until = _time(given, "until", datetime.now(UTC))
        scope = current_caller().scope
        found, following = await past(self._gateway.store, scope, _interest(request, given), begin, until, limit)
        body: dict[str, Any] = {"events": [_shown(one.event, one.workflow_name) for one in found]}
        if following is not None:
            same = {**given, "marker": _marker(following), "until": until.isoformat()}
            address = request.url
            body["next"] = f"{address.scheme}://{address.netloc}{address.path}?{urlencode(same, safe=':,')}"
        return json_answer(body)

    async def stream(self, request: Request) -> Response:
        given = query.only(request, (*_INTEREST, "after"))
        since = _position(request.headers.get("last-event-id") or given.get("after", ""))
        interest = _interest(request, given)
        if request.method == "HEAD":
            return Response(media_type="text/event-stream", headers=_HEADERS)
        stream = WatchAll(self._gateway.hub, self._gateway.store, current_caller(), interest, since)
        events = stream.told()
        # The first one is awaited here, so that what is wrong gets its status.
        first = await anext(events)
        return StreamingResponse(_lines(first, events), media_type="text/event-stream", headers=_HEADERS)


async def _lines(first: Told, rest: AsyncIterator[Told]) -> AsyncIterator[bytes]:
    yield _written(first)
    try:
        async for told in admitted(rest):
            yield _written(told)
    except Unauthenticated:
        # The status has gone out long ago; whoever connects again is told.
        yield b"event: unauthenticated\ndata: {}\n\n"


def _written(told: Told) -> bytes:
    if told.event is None:
        return b"id: %d\n: still here\n\n" % told.at
    data = _encoder.encode(_shown(told.event, told.workflow_name))
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (told.at, told.event.event.encode(), data)


def _shown(event: HistoryEvent, workflow_name: str) -> HistoryEvent:
    return msgspec.structs.replace(event, workflow_name=workflow_name)


def _interest(request: Request, given: dict[str, str]) -> Interest:
    filters, nulls = query.conditions(request, given, _RESOURCE)
    states = frozenset(word.strip().upper() for word in given.get("states", "").split(",") if word.strip())
    if unknown := states - _STATES:
        raise InvalidInput(f"There is no state {min(unknown)[:80]!r}; there are: {', '.join(sorted(_STATES))}")
    return Interest(filters=filters, nulls=nulls, states=states, with_tasks=query.flag(given, "tasks"))


def _time(given: dict[str, str], name: str, usual: datetime) -> datetime:
    if not given.get(name):
        return usual
    try:
        return as_moment(given[name])
    except (InvalidInput, ValueError):
        raise InvalidInput(f"Invalid input for argument {name}. Value: {given[name][:80]!r}; expected a time") from None


def _marker(mark: Mark) -> str:
    at, execution_id, position = mark.place
    return f"{micros(at)}.{execution_id}.{position}.{mark.skip}"


def _mark(text: str) -> Mark:
    parts = text.split(".")
    numbers = [part for place, part in enumerate(parts) if place != 1]
    usable = len(parts) == 4 and all(part.isascii() and part.isdigit() and len(part) <= 17 for part in numbers)
    if not usable or not (execution := as_uuid(parts[1])):
        raise InvalidInput("The marker is not one of ours")
    at = datetime.fromtimestamp(int(parts[0]) // 1_000_000, UTC).replace(microsecond=int(parts[0]) % 1_000_000)
    return Mark((at, str(execution), int(parts[2])), int(parts[3]))


def _position(text: str) -> int | None:
    if not text:
        return None
    if not (text.strip().isascii() and text.strip().isdigit() and len(text.strip()) <= _MOST_DIGITS):
        raise InvalidInput(f"Last-Event-ID must be the id of an event: {text[:80]!r}")
    return int(text)
