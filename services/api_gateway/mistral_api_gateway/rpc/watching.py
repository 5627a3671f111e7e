"""WatchExecutions: what is asked for, its resume tokens, and its answers."""

import hashlib
from collections.abc import AsyncIterator
from typing import Final

from mistral.v1 import execution_event_service_pb2 as past
from mistral.v1 import execution_watch_pb2 as messages
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.live.admission import admitted
from mistral_api_gateway.live.watch_all import STABLE, Interest, WatchAll
from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.rpc.execution_shape import SHAPE, event_message
from mistral_api_gateway.rpc.paging import opaque, readable
from mistral_api_gateway.rpc.states import state_texts
from mistral_core.errors import InvalidInput, Unavailable

_DIGITS: Final = 17


async def watched(
    gateway: Gateway, caller: Caller, request: messages.WatchExecutionsRequest
) -> AsyncIterator[messages.WatchExecutionsResponse]:
    """Yield the answers to a request until the caller leaves.

    Raises:
        InvalidInput: If filter, states or token are none.
        HistoryGone: If the token is too old.
        Unavailable: If the gateway leaves.
    """
    binding = _binding(request)
    stream = WatchAll(gateway.hub, gateway.store, caller, interest_of(request), _since(request.resume_token, binding))
    try:
        async for told in admitted(stream.told()):
            yield messages.WatchExecutionsResponse(
                event=None if told.event is None else event_message(told.event),
                workflow_name=told.workflow_name,
                resume_token=opaque(f"w1:{binding}:{told.at}"),
            )
    except InvalidInput as error:
        # Only now the values of the filter were looked at.
        error.field = error.field or "filter"
        raise
    raise Unavailable("This server is leaving; go on with the last resume_token")


def interest_of(request: messages.WatchExecutionsRequest | past.FindExecutionEventsRequest) -> Interest:
    """Return which events a request asks for. Raises InvalidInput if its filter names what changes."""
    filters, nulls = SHAPE.filters(request.filter)
    for name in [*(one.column for one in filters), *nulls]:
        if name not in STABLE:
            known = ", ".join(sorted(STABLE))
            raise InvalidInput(
                f"A watch cannot be filtered by {name!r}, which changes; there are: {known}", field="filter"
            )
    return Interest(
        filters=filters,
        nulls=nulls,
        states=frozenset(state_texts(request.states)),
        with_tasks=request.include_tasks,
    )


def _binding(request: messages.WatchExecutionsRequest) -> str:
    same = messages.WatchExecutionsRequest()
    same.CopyFrom(request)
    same.ClearField("resume_token")
    return hashlib.blake2b(same.SerializeToString(deterministic=True), digest_size=6).hexdigest()


def _since(token: str, binding: str) -> int | None:
    if not token:
        return None
    version, _, rest = readable(token).partition(":")
    bound, _, at = rest.partition(":")
    if version != "w1" or not (at.isascii() and at.isdigit() and len(at) <= _DIGITS):
        raise InvalidInput("The resume_token is not one of ours", field="resume_token")
    if bound != binding:
        raise InvalidInput("The resume_token belongs to a watch with another filter", field="resume_token")
    return int(at)
