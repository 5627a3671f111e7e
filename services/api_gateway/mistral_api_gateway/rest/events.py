"""``/v2/executions/{id}/events``: what happens to an execution, as server-sent events."""

from collections.abc import AsyncIterator
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.live.admission import admitted
from mistral_api_gateway.live.watch import watch
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.rest import query
from mistral_api_gateway.rest.operation import Operation
from mistral_core.errors import InvalidInput, Unauthenticated
from mistral_persistence.history import HistoryEvent

_encoder: Final = msgspec.json.Encoder()
_MOST_DIGITS: Final = 18
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class EventEndpoints:
    """The live stream of one execution."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""
        return [
            Operation(
                method="GET",
                path="/v2/executions/{id}/events",
                handler=self.stream,
                summary="Stream events until the execution is final; Last-Event-ID goes on after that one",
                tag="executions",
                query=("after",),
                gives="events",
            )
        ]

    async def stream(self, request: Request) -> Response:
        given = query.only(request, ("after",))
        after = _position(request.headers.get("last-event-id") or given.get("after", "0"))
        row = await self._gateway.executions.get(current_caller(), request.path_params["id"])
        if request.method == "HEAD":
            # Nobody waits for the end of what is not sent.
            return Response(media_type="text/event-stream", headers=_HEADERS)
        events = watch(self._gateway.hub, self._gateway.store, row["id"], after)
        # The first one is awaited here, so that a position that is gone gets its status.
        first = await anext(events, None)
        return StreamingResponse(
            _lines(first, events),
            media_type="text/event-stream",
            headers=_HEADERS,
        )


async def _lines(first: HistoryEvent | None, rest: AsyncIterator[HistoryEvent | None]) -> AsyncIterator[bytes]:
    yield _written(first)
    try:
        async for event in admitted(rest):
            yield _written(event)
    except Unauthenticated:
        # The status has gone out long ago; whoever connects again is told.
        yield b"event: unauthenticated\ndata: {}\n\n"


def _written(event: HistoryEvent | None) -> bytes:
    if event is None:
        return b": still here\n\n"
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.position, event.event.encode(), _encoder.encode(event))


def _position(text: str) -> int:
    # No event has a number of more digits than Postgres can count.
    if not text.strip().isdecimal() or len(text.strip()) > _MOST_DIGITS:
        raise InvalidInput(f"Last-Event-ID must be the number of an event: {text!r}")
    return int(text)
