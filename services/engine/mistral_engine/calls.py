"""Calls that end in a lane of this engine: each becomes a work and waits for its commit."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mistral.internal.v1 import envelope_pb2
from mistral.internal.v1.dynamic_action_pb2 import GetDynamicActionRequest, GetDynamicActionResponse
from mistral_core.errors import Forbidden, NotFound
from mistral_core.machine.dispatch import run_of
from mistral_core.machine.event import EnvironmentChanged, Event, StopRequested
from mistral_core.machine.execution import Execution
from mistral_core.machine.state import FINAL, State
from mistral_engine.consumer import occurrences_of
from mistral_engine.dynamic import dynamic_action
from mistral_engine.ids import is_id, now
from mistral_engine.lane import Lane
from mistral_engine.outgoing import Outgoing
from mistral_engine.ownership import Ownership
from mistral_engine.starts import json_object
from mistral_engine.work import DescribeWork, JobWork, RequestWork, ResultsWork
from mistral_persistence import restore
from mistral_persistence.database import Pool
from mistral_persistence.deletion import delete
from mistral_persistence.records import to_json


class Calls:
    """What the lanes of this engine are asked to do."""

    def __init__(self, pool: Pool, lanes: Sequence[Lane], ownership: Ownership, outgoing: Outgoing) -> None:
        self._pool = pool
        self.lanes = lanes
        self.ownership = ownership
        self.outgoing = outgoing

    async def apply(self, lane: Lane, execution_id: str, event: Event) -> Execution:
        """Apply an event and return the execution as committed."""
        answer: asyncio.Future[Execution] = asyncio.get_running_loop().create_future()
        lane.offer(RequestWork(execution_id, event, answer))
        return await answer

    async def update(
        self, lane: Lane, execution_id: str, description: str | None, env: Mapping[str, Any] | None
    ) -> Execution:
        """Change the description, the environment, or both; with neither, just return the execution."""
        if env is not None:
            execution = await self.apply(lane, execution_id, EnvironmentChanged(at=now(), env=env))
            if description is None:
                return execution
        answer: asyncio.Future[Execution] = asyncio.get_running_loop().create_future()
        lane.offer(DescribeWork(execution_id, description, answer))
        return await answer

    async def delete(self, lane: Lane, execution_id: str, *, force: bool) -> None:
        """Remove an execution and all below it.

        Raises:
            NotFound: If it does not exist.
            Forbidden: If it is not final and ``force`` is false.
        """
        ends = await restore.ends_of(self._pool, [execution_id])
        if not ends:
            if not force:
                raise Forbidden(
                    f"Only completed executions can be deleted. Use force to override this. [id={execution_id}]"
                )
            await self.apply(lane, execution_id, StopRequested(at=now(), state=State.CANCELLED, message="deleted"))

        async def remove() -> None:
            family = await restore.family_of(self._pool, execution_id)
            if not family:
                raise NotFound(f"Workflow execution not found [id={execution_id}]")
            partition = await restore.partition_of(self._pool, execution_id)
            await delete(self._pool, family, self.ownership.epochs(() if partition is None else (partition,)))
            lane.hot.drop_all(family)

        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        lane.offer(JobWork(remove, answer))
        await answer

    async def action_input(self, action_id: str) -> bytes:
        """Return the input that an action runs with, as JSON.

        Raises:
            NotFound: If there is no such action, or nobody waits for it.
        """
        place = await restore.place_of_action(self._pool, action_id) if is_id(action_id) else None
        if place is None or State(place.state) in FINAL:
            raise NotFound(f"ActionExecution not found [id={action_id}]")
        async with self._pool.acquire() as connection:
            action = await restore.load_action(connection, action_id)
        if action is None:
            raise NotFound(f"ActionExecution not found [id={action_id}]")
        return to_json(run_of(place.task_id, action).input).encode()

    async def dynamic_action(self, request: GetDynamicActionRequest) -> GetDynamicActionResponse:
        """Return the code of a dynamic action. Raises NotFound if there is none of that name."""
        return await dynamic_action(self._pool, request)

    async def by_partition(
        self, results: Iterable[envelope_pb2.ActionResult]
    ) -> dict[int, list[envelope_pb2.ActionResult]]:
        """Sort results by the partition of their executions; those of executions that are gone are left out."""
        groups: dict[int, list[envelope_pb2.ActionResult]] = defaultdict(list)
        for result in results:
            if not is_id(result.execution_id):
                continue
            partition = await restore.partition_of(self._pool, result.execution_id)
            if partition is not None:
                groups[partition].append(result)
        return groups

    async def record(self, lane: Lane, results: Sequence[envelope_pb2.ActionResult]) -> None:
        """Apply results and return once that is durable."""
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        lane.offer(ResultsWork(occurrences_of(envelope_pb2.EngineEnvelope(results=results)), answer))
        await answer


def merged_env(data: bytes) -> Mapping[str, Any] | None:
    """Decode an environment to merge; None when none is given.

    Raises:
        InvalidInput: If it is not a JSON object.
    """
    return json_object(data, "env") if data else None
