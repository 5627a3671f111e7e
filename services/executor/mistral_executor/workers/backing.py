"""What engines keep for workers: the key of tokens, offers, progress, inputs that are too large for the bus."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import grpc
import grpc.aio

from mistral.internal.v1 import worker_state_service_pb2 as pb2
from mistral_core.errors import Unavailable
from mistral_executor.engine import EngineClient

if TYPE_CHECKING:
    from mistral.internal.v1.worker_state_service_pb2_grpc import WorkerStateServiceAsyncStub

_log = logging.getLogger(__name__)

_CALL_SECONDS: Final = 5.0


class Backing:
    """Calls to engines; without one known by address, tokens hold for this process only and nothing is kept.

    Args:
        key: What tokens are signed with; empty to ask an engine.
    """

    def __init__(self, engine: EngineClient, key: bytes) -> None:
        self._engine = engine
        self._key = key

    @property
    def _stub(self) -> WorkerStateServiceAsyncStub | None:
        return self._engine.worker_state

    async def token_key(self) -> bytes:
        """Return the key that tokens are signed with.

        Raises:
            Unavailable: If no engine tells it.
        """
        if not self._key:
            self._key = secrets.token_bytes(32) if self._stub is None else await self._asked(self._stub)
        return self._key

    async def input_of(self, action_id: str) -> bytes:
        """Fetch the input of an action; raises NotFound or Unavailable."""
        return await self._engine.input_of(action_id)

    async def details(self, action_id: str) -> bytes:
        """Fetch what an attempt before told of its progress; nothing if it cannot be had."""
        if self._stub is None:
            return b""
        try:
            request = pb2.GetProgressDetailsRequest(action_id=action_id)
            return (await self._stub.GetProgressDetails(request, timeout=_CALL_SECONDS)).details
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.NOT_FOUND:
                _log.warning("what an action told of its progress cannot be had: %s", error.code().name)
            return b""

    async def record_offers(self, executor: str, offers: Sequence[pb2.WorkerOffers]) -> bool:
        """Have offers taken down; returns whether they are."""
        if self._stub is None:
            return True
        try:
            request = pb2.RecordOffersRequest(executor=executor, offers=offers)
            await self._stub.RecordOffers(request, timeout=_CALL_SECONDS)
        except grpc.aio.AioRpcError as error:
            _log.warning("what workers offer is not taken down: %s", error.code().name)
            return False
        return True

    async def record_progress(self, progress: Sequence[pb2.ActionProgress]) -> bool:
        """Have progress taken down; returns whether it is."""
        if self._stub is None:
            return True
        try:
            await self._stub.RecordProgress(pb2.RecordProgressRequest(progress=progress), timeout=_CALL_SECONDS)
        except grpc.aio.AioRpcError as error:
            _log.warning("how far runs are is not taken down: %s", error.code().name)
            return False
        return True

    async def _asked(self, stub: WorkerStateServiceAsyncStub) -> bytes:
        try:
            answer = await stub.GetWorkerTokenKey(pb2.GetWorkerTokenKeyRequest(), timeout=_CALL_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise Unavailable(f"no engine tells the key of tokens: {error.code().name}") from None
        return answer.key
