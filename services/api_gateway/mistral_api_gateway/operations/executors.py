"""What the executors offer: the built-in actions, asked for now and then."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Final

import grpc.aio

from mistral.internal.v1 import executor_service_pb2 as executor
from mistral.internal.v1 import executor_service_pb2_grpc as executor_grpc
from mistral_core.errors import Unavailable

_log = logging.getLogger(__name__)

_FRESH_SECONDS: Final = 5.0
_CALL_SECONDS: Final = 5.0

Offer = Mapping[str, executor.ActionDescription]


class Executors:
    """ExecutorService of all replicas; what one of them offers counts for all."""

    def __init__(self, channel: grpc.aio.Channel | None) -> None:
        self._stub = executor_grpc.ExecutorServiceStub(channel) if channel is not None else None
        self._known: Offer | None = None if channel is not None else {}
        self._asked = 0.0
        self._asking = asyncio.Lock()

    async def actions(self) -> Offer:
        """Return the built-in actions by name, as of the last few seconds.

        While no executor answers, what was known stays true.

        Raises:
            Unavailable: If no executor has ever answered.
        """
        async with self._asking:
            now = asyncio.get_running_loop().time()
            if self._stub is not None and (self._known is None or now - self._asked > _FRESH_SECONDS):
                await self._ask(self._stub)
                self._asked = asyncio.get_running_loop().time()
        if self._known is None:
            raise Unavailable("No executor answers at the moment")
        return self._known

    async def _ask(self, stub: "executor_grpc.ExecutorServiceAsyncStub") -> None:
        try:
            answer = await stub.ListActions(executor.ListActionsRequest(), timeout=_CALL_SECONDS)
        except grpc.aio.AioRpcError as error:
            _log.warning("the executors do not say what they offer: %s", error.code().name)
        else:
            self._known = {action.name: action for action in answer.actions}
