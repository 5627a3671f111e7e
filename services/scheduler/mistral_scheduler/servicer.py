"""SchedulerService over gRPC: what is pending, for people and tests."""

from collections.abc import Sequence
from typing import Any

import grpc.aio

from mistral.internal.v1 import scheduler_service_pb2 as pb
from mistral.internal.v1 import scheduler_service_pb2_grpc as rpc
from mistral_core.errors import Unavailable
from mistral_persistence.database import Pool
from mistral_persistence.outage import OUTAGE
from mistral_persistence.timers import pending_timers
from mistral_scheduler.firing import Firing

_SERVICE = pb.DESCRIPTOR.services_by_name["SchedulerService"].full_name


class Servicer(rpc.SchedulerServiceServicer):
    """Answers for one replica; the pending timers are those of all."""

    def __init__(self, name: str, pool: Pool, firing: Firing) -> None:
        self._name = name
        self._pool = pool
        self._firing = firing

    def register(self, server: grpc.aio.Server) -> Sequence[str]:
        rpc.add_SchedulerServiceServicer_to_server(self, server)
        return (_SERVICE,)

    async def GetSchedulerStatus(
        self, request: pb.GetSchedulerStatusRequest, context: "grpc.aio.ServicerContext[Any, Any]"
    ) -> pb.GetSchedulerStatusResponse:
        try:
            pending = await pending_timers(self._pool)
        except OUTAGE as error:
            raise Unavailable("the store cannot be reached") from error
        response = pb.GetSchedulerStatusResponse(name=self._name, pending=pending.count, fired=self._firing.fired)
        if pending.next_due_at is not None:
            response.next_due_at.FromDatetime(pending.next_due_at)
        return response
