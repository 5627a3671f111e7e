"""NotifierService over gRPC: what is pending, what was given up, and another chance for it."""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import grpc.aio
import msgspec

from mistral.internal.v1 import notifier_service_pb2 as pb
from mistral.internal.v1 import notifier_service_pb2_grpc as rpc
from mistral_core.errors import Invalid, NotFound
from mistral_notifier.dispatch import Dispatch
from mistral_persistence.database import Pool
from mistral_persistence.dead_deliveries import DeadRow, dead_deliveries, replay_deliveries
from mistral_persistence.notifications import count_deliveries

_SERVICE = pb.DESCRIPTOR.services_by_name["NotifierService"].full_name
_DEFAULT_PAGE = 100
_MOST_PAGE = 1000

_Context = grpc.aio.ServicerContext[Any, Any]


class Servicer(rpc.NotifierServiceServicer):
    """Answers for one replica; deliveries are those of all."""

    def __init__(self, name: str, pool: Pool, dispatch: Dispatch) -> None:
        self._name = name
        self._pool = pool
        self._dispatch = dispatch

    def register(self, server: grpc.aio.Server) -> Sequence[str]:
        rpc.add_NotifierServiceServicer_to_server(self, server)
        return (_SERVICE,)

    async def ListDeadDeliveries(
        self, request: pb.ListDeadDeliveriesRequest, context: _Context
    ) -> pb.ListDeadDeliveriesResponse:
        size = request.page_size or _DEFAULT_PAGE
        if not 1 <= size <= _MOST_PAGE:
            raise Invalid(f"page_size must be 1 to {_MOST_PAGE}")
        before = _read_token(request.page_token) if request.page_token else None
        rows = await dead_deliveries(self._pool, limit=size + 1, before=before)
        page = rows[:size]
        return pb.ListDeadDeliveriesResponse(
            deliveries=[_message(row) for row in page],
            next_page_token=_token(page[-1]) if len(rows) > size else "",
        )

    async def ReplayDeliveries(
        self, request: pb.ReplayDeliveriesRequest, context: _Context
    ) -> pb.ReplayDeliveriesResponse:
        replayed = await replay_deliveries(self._pool, list(request.ids) or None)
        if request.ids and not replayed:
            raise NotFound("none of these deliveries was given up")
        await self._dispatch.woken()
        return pb.ReplayDeliveriesResponse(replayed=replayed)

    async def GetNotifierStatus(
        self, request: pb.GetNotifierStatusRequest, context: _Context
    ) -> pb.GetNotifierStatusResponse:
        pending, dead = await count_deliveries(self._pool)
        return pb.GetNotifierStatusResponse(
            name=self._name, pending=pending, dead=dead, delivered=self._dispatch.delivered
        )


def _message(row: DeadRow) -> pb.DeadDelivery:
    message = pb.DeadDelivery(
        id=row.id,
        publisher=row.publisher,
        event=row.event,
        execution_id=str(row.execution_id),
        attempts=row.attempts,
        error=row.error,
    )
    message.given_up_at.FromDatetime(row.given_up_at.astimezone(UTC))
    return message


def _token(row: DeadRow) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode((row.given_up_at, row.id))).decode()


def _read_token(token: str) -> tuple[datetime, int]:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(token), type=tuple[datetime, int])
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise Invalid("page_token is not one of ours") from None
