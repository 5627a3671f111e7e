"""ExecutionEventService of ``mistral.v1``."""

import hashlib
from datetime import UTC, datetime
from typing import Any, Final

import grpc.aio
import msgspec

from mistral.v1 import execution_event_service_pb2 as service
from mistral.v1 import execution_event_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.live.past import Mark, past
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.rpc.execution_shape import event_message
from mistral_api_gateway.rpc.paging import opaque, readable, size_of
from mistral_api_gateway.rpc.watching import interest_of
from mistral_core.errors import InvalidInput
from mistral_persistence.history import NOWHERE

_Context = grpc.aio.ServicerContext[Any, Any]

_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)


class _Token(msgspec.Struct, frozen=True, array_like=True):
    """Where a page begins, and until when the list goes, which is set by its first page."""

    binding: str
    at: datetime
    execution_id: str
    position: int
    skip: int
    until: datetime


class ExecutionEventServicer(service_grpc.ExecutionEventServiceServicer):
    """Looks back at what happened."""

    def __init__(self, gateway: Gateway) -> None:
        self._store = gateway.store

    async def FindExecutionEvents(
        self, request: service.FindExecutionEventsRequest, context: _Context
    ) -> service.FindExecutionEventsResponse:
        caller, interest, size = current_caller(), interest_of(request), size_of(request.page_size)
        binding = _binding(request)
        begin, until = _span(request, binding)
        try:
            found, following = await past(self._store, caller.scope, interest, begin, until, size)
        except InvalidInput as error:
            error.field = error.field or "filter"
            raise
        return service.FindExecutionEventsResponse(
            events=[
                service.PastEvent(event=event_message(one.event), workflow_name=one.workflow_name) for one in found
            ],
            next_page_token=_token(binding, following, until) if following is not None else "",
        )


def _span(request: service.FindExecutionEventsRequest, binding: str) -> tuple[Mark, datetime]:
    if request.page_token:
        return _read(request.page_token, binding)
    since = _moment(request, "since", _FIRST)
    return Mark((since, NOWHERE, 0)), _moment(request, "until", datetime.now(UTC))


def _moment(request: service.FindExecutionEventsRequest, name: str, usual: datetime) -> datetime:
    if not request.HasField(name):  # type: ignore[arg-type]
        return usual
    try:
        found: datetime = getattr(request, name).ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(f"{name} is not a time", field=name) from None
    return found


def _binding(request: service.FindExecutionEventsRequest) -> str:
    same = service.FindExecutionEventsRequest()
    same.CopyFrom(request)
    same.ClearField("page_size")
    same.ClearField("page_token")
    return hashlib.blake2b(same.SerializeToString(deterministic=True), digest_size=6).hexdigest()


def _token(binding: str, mark: Mark, until: datetime) -> str:
    token = _Token(binding, *mark.place, mark.skip, until)
    return opaque(f"e1:{msgspec.json.encode(token).decode()}")


def _read(text: str, binding: str) -> tuple[Mark, datetime]:
    version, _, rest = readable(text).partition(":")
    try:
        token = msgspec.json.decode(rest, type=_Token) if version == "e1" else None
    except msgspec.DecodeError:
        token = None
    if token is None:
        raise InvalidInput("The page_token is not one of ours", field="page_token")
    if token.binding != binding:
        raise InvalidInput("The page_token belongs to a list with another filter", field="page_token")
    return Mark((token.at, token.execution_id, token.position), token.skip), token.until
