"""Where a call belongs: to one of our lanes, or to the engine that owns the partition."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any, TypeAlias, TypeVar

import grpc.aio

from mistral.internal.v1 import engine_service_pb2_grpc as rpc
from mistral_core.errors import NotFound, Unavailable
from mistral_engine.ids import is_id
from mistral_engine.lane import Lane
from mistral_engine.ownership import Ownership
from mistral_persistence import restore
from mistral_persistence.database import Pool
from mistral_persistence.restore import Place
from mistral_runtime.channel import channel, error_from
from mistral_runtime.tls import Tls

_FORWARDED = "mistral-forwarded"
_METADATA = ((_FORWARDED, "1"),)
_Response = TypeVar("_Response")

Owner: TypeAlias = "rpc.EngineServiceAsyncStub"
Metadata: TypeAlias = tuple[tuple[str, str], ...]


class Routing:
    """Finds the partition of what a call names, and who is to serve it."""

    def __init__(
        self, pool: Pool, ownership: Ownership, lanes: Sequence[Lane], stack: AsyncExitStack, tls: Tls | None = None
    ) -> None:
        self._pool = pool
        self._ownership = ownership
        self._lanes = lanes
        self._stack = stack
        self._tls = tls
        self._owners: dict[str, Owner] = {}

    def lane(self, partition: int) -> Lane | None:
        """Return our lane for a partition, or None if it is not ours."""
        return self._lanes[partition % len(self._lanes)] if self._ownership.owns(partition) else None

    async def forward(
        self,
        partition: int,
        context: "grpc.aio.ServicerContext[Any, Any]",
        call: Callable[[Owner, Metadata], Awaitable[_Response]],
    ) -> _Response:
        """Have the owner of a partition serve a call, and return its answer.

        Raises:
            Unavailable: If nobody is known to own the partition, or the call was forwarded to us already.
            WorkflowError: What the owner raised.
        """
        forwarded = any(key == _FORWARDED for key, _ in context.invocation_metadata() or ())
        address = None if forwarded else await self._ownership.owner_address(partition)
        if address is None:
            raise Unavailable("the execution is moving to another engine; try again shortly")
        if address not in self._owners:
            opened = await self._stack.enter_async_context(channel(address, self._tls))
            self._owners[address] = rpc.EngineServiceStub(opened)
        try:
            return await call(self._owners[address], _METADATA)
        except grpc.aio.AioRpcError as error:
            raise error_from(error) from error

    async def partition_of(self, execution_id: str) -> int:
        """Raises ``NotFound`` if there is no such execution."""
        for lane in self._lanes:
            if (hot := lane.hot.get(execution_id)) is not None:
                return hot.execution.partition
        partition = await restore.partition_of(self._pool, execution_id) if is_id(execution_id) else None
        if partition is None:
            raise NotFound(f"Workflow execution not found [id={execution_id}]")
        return partition

    async def place_of_task(self, task_id: str) -> Place:
        """Raises ``NotFound`` if there is no such task."""
        place = await restore.place_of_task(self._pool, task_id) if is_id(task_id) else None
        if place is None:
            raise NotFound(f"Task execution not found [id={task_id}]")
        return place

    async def place_of_action(self, action_id: str) -> Place:
        """Raises ``NotFound`` if there is no such action execution."""
        place = await restore.place_of_action(self._pool, action_id) if is_id(action_id) else None
        if place is None:
            raise NotFound(f"ActionExecution not found [id={action_id}]")
        return place
