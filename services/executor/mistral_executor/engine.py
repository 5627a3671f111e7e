"""Calls to the engine, for what is too large for the bus and for when the bus is away."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import grpc
import grpc.aio

from mistral.internal.v1.dynamic_action_pb2 import GetDynamicActionRequest, GetDynamicActionResponse
from mistral.internal.v1.engine_service_pb2 import GetActionInputRequest, RecordResultsRequest
from mistral.internal.v1.engine_service_pb2_grpc import EngineServiceStub
from mistral.internal.v1.envelope_pb2 import ActionResult
from mistral.internal.v1.worker_state_service_pb2_grpc import WorkerStateServiceStub
from mistral_core.errors import Unavailable
from mistral_runtime.channel import channel, error_from
from mistral_runtime.tls import Tls

if TYPE_CHECKING:
    from mistral.internal.v1.engine_service_pb2_grpc import EngineServiceAsyncStub
    from mistral.internal.v1.worker_state_service_pb2_grpc import WorkerStateServiceAsyncStub

_log = logging.getLogger(__name__)

_CALL_SECONDS = 10.0


class EngineClient:
    """Any engine will do: a call for what another one owns is forwarded.

    Args:
        stub: None if no engine is known by address; then nothing can be called.
        worker_state: What engines keep of workers, called directly; None likewise.
    """

    def __init__(
        self, stub: "EngineServiceAsyncStub | None", worker_state: "WorkerStateServiceAsyncStub | None" = None
    ) -> None:
        self._stub = stub
        self.worker_state = worker_state

    @property
    def known(self) -> bool:
        return self._stub is not None

    async def record(self, results: Sequence[ActionResult]) -> bool:
        """Hand over results; returns whether they are durable now."""
        if self._stub is None:
            return False
        try:
            await self._stub.RecordResults(RecordResultsRequest(results=results), timeout=_CALL_SECONDS)
        except grpc.aio.AioRpcError as error:
            _log.warning("the engine took no results: %s", error.code().name)
            return False
        return True

    async def input_of(self, action_id: str) -> bytes:
        """Fetch the input of an action, a JSON object.

        Raises:
            NotFound: If nobody waits for the action any more.
            Unavailable: If no engine answers.
        """
        if self._stub is None:
            raise Unavailable("no engine is known by address")
        try:
            response = await self._stub.GetActionInput(
                GetActionInputRequest(action_id=action_id), timeout=_CALL_SECONDS
            )
        except grpc.aio.AioRpcError as error:
            raise error_from(error) from None
        return response.input

    async def dynamic_action(self, request: GetDynamicActionRequest) -> GetDynamicActionResponse:
        """Fetch the code of a dynamic action.

        Raises:
            NotFound: If there is none of that name.
            Unavailable: If no engine answers.
        """
        if self._stub is None:
            raise Unavailable("no engine is known by address")
        try:
            return await self._stub.GetDynamicAction(request, timeout=_CALL_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise error_from(error) from None


@asynccontextmanager
async def engine_client(addresses: str, tls: Tls | None = None) -> AsyncIterator[EngineClient]:
    """Keep a channel to the engines open for the length of the block; none if there are no addresses."""
    if not addresses:
        yield EngineClient(None)
        return
    async with channel(addresses, tls) as opened:
        yield EngineClient(EngineServiceStub(opened), WorkerStateServiceStub(opened))
