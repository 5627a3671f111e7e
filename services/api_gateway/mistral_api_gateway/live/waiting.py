"""Waiting for the end of an execution, without a poll of one's own."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack

from msgspec import UnsetType

from mistral.internal.v1.engine_service_pb2 import ExecutionSummary
from mistral_api_gateway.live.events import FINAL
from mistral_api_gateway.live.hub import Bell, Hub
from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.deadline import seconds_to_wait
from mistral_api_gateway.operations.executions import Executions, StartRequest
from mistral_api_gateway.operations.told import ToldRow, is_whole, moment, row_of
from mistral_core.errors import WorkflowError
from mistral_persistence.execution_reads import Row

LONGEST_SECONDS = 3600.0


class Waiting:
    """Starts and reads that answer once the execution is final."""

    def __init__(self, executions: Executions, hub: Hub) -> None:
        self._executions = executions
        self._hub = hub

    async def start(self, caller: Caller, wanted: StartRequest, seconds: float) -> Row | ToldRow:
        """Start an execution and return it once it is final, or as it stands when the time is over."""
        deadline = _deadline(seconds)
        with self._hub.expecting():
            started = await self._executions.start(caller, wanted)
            if is_whole(started):
                return row_of(started)
            with self._hub.waiting(started.id) as bell:
                if started.state not in FINAL:
                    await _rung(bell, deadline)
                    if (row := _ended(started, bell)) is not None:
                        return row
                return await self._until(caller, started.id, bell, deadline)

    async def start_all(
        self, caller: Caller, wanted: Sequence[StartRequest], seconds: float
    ) -> list[Row | ToldRow | WorkflowError]:
        """Start many and return each once all are final or the time is over; one that is refused as its error."""
        deadline = _deadline(seconds)
        with self._hub.expecting(), ExitStack() as stack:
            started = await self._executions.start_all(caller, wanted)
            bells = {
                each.id: stack.enter_context(self._hub.waiting(each.id))
                for each in started
                if not isinstance(each, WorkflowError) and each.state not in FINAL
            }
            for bell in bells.values():
                await _rung(bell, deadline)

            async def row(each: ExecutionSummary) -> Row | ToldRow:
                if is_whole(each):
                    return row_of(each)
                ended = _ended(each, bells[each.id]) if each.id in bells else None
                return ended or await self._executions.get(caller, each.id)

            rows = await asyncio.gather(*(row(each) for each in started if not isinstance(each, WorkflowError)))
        left = iter(rows)
        return [each if isinstance(each, WorkflowError) else next(left) for each in started]

    async def get(self, caller: Caller, execution_id: str, seconds: float) -> Row:
        """Return an execution once it is final, or as it stands when the time is over."""
        with self._hub.waiting(execution_id) as bell:
            return await self._until(caller, execution_id, bell, _deadline(seconds))

    async def _until(self, caller: Caller, execution_id: str, bell: Bell, deadline: float) -> Row:
        while True:
            bell.clear()
            row = await self._executions.get(caller, execution_id)
            if row["state"] in FINAL or self._hub.leaving or not await _rung(bell, deadline):
                return row


def _ended(started: ExecutionSummary, bell: Bell) -> ToldRow | None:
    """Return the row of an execution that has ended, if the bus said all about it."""
    ending = bell.ending
    if ending is None or isinstance(ending.output, UnsetType):
        return None
    output, at = bytes(ending.output).decode(), moment(ending.at)
    return {
        **row_of(started),
        "state": ending.state,
        "state_info": ending.state_info,
        "output": None if output == "null" else output,
        "updated_at": at,
        "finished_at": at,
    }


def _deadline(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds_to_wait(min(seconds, LONGEST_SECONDS))


async def _rung(bell: Bell, deadline: float) -> bool:
    try:
        async with asyncio.timeout_at(deadline):
            await bell.wait()
    except TimeoutError:
        return False
    return True
