"""Starts as they come in: those with a wished-for id go to the engine that owns its partition, the rest stays here."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import grpc.aio

from mistral.internal.v1 import engine_service_pb2 as pb
from mistral_core.errors import WorkflowError
from mistral_engine.ids import partition_of_id
from mistral_engine.ownership import Ownership
from mistral_engine.routing import Routing
from mistral_engine.starts import Starts, wanted_id
from mistral_engine.summary import refusal_of


class Starting:
    """Serves a call with many starts, each on its own."""

    def __init__(self, starts: Starts, ownership: Ownership, routing: Routing) -> None:
        self._starts = starts
        self._ownership = ownership
        self._routing = routing

    async def start(
        self,
        orders: list[pb.ExecutionStart],
        context: "grpc.aio.ServicerContext[Any, Any]",
    ) -> list[pb.ExecutionStarted]:
        """Return one answer per start, in the same order."""
        answers = [pb.ExecutionStarted() for _ in orders]
        groups: dict[int | None, list[int]] = defaultdict(list)
        for number, order in enumerate(orders):
            try:
                groups[self._elsewhere(order)].append(number)
            except WorkflowError as error:
                answers[number] = pb.ExecutionStarted(refusal=refusal_of(error))

        async def serve(partition: int | None, numbers: list[int]) -> None:
            some = [orders[number] for number in numbers]
            for number, answer in zip(numbers, await self._serve(partition, some, context), strict=True):
                answers[number] = answer

        await asyncio.gather(*(serve(partition, numbers) for partition, numbers in groups.items()))
        return answers

    def _elsewhere(self, order: pb.ExecutionStart) -> int | None:
        """Return the partition of a start that another engine must serve; None if we may."""
        execution_id = wanted_id(order)
        partition = partition_of_id(execution_id) if execution_id else None
        return None if partition is None or self._ownership.owns(partition) else partition

    async def _serve(
        self,
        partition: int | None,
        orders: list[pb.ExecutionStart],
        context: "grpc.aio.ServicerContext[Any, Any]",
    ) -> Iterable[pb.ExecutionStarted]:
        if partition is None:
            return await self._starts.start(orders)
        request = pb.StartExecutionsRequest(starts=orders)
        try:
            answer = await self._routing.forward(
                partition, context, lambda owner, metadata: owner.StartExecutions(request, metadata=metadata)
            )
        except WorkflowError as error:
            return [pb.ExecutionStarted(refusal=refusal_of(error)) for _ in orders]
        return answer.started
