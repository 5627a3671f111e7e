"""Cron triggers that are due start their workflows, each due time once.

A trigger is advanced only after the engine has said that the execution is durable, and the start bears a key made of
the trigger and its due time: who repeats it after a crash gets the execution that is there. Times that were missed
while no scheduler lived are made up for by one run.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import grpc.aio
import msgspec

from mistral.internal.v1 import engine_service_pb2 as engine
from mistral_core.cron import next_time
from mistral_core.errors import InvalidInput
from mistral_persistence import cron_triggers as stored
from mistral_persistence.cron_triggers import DueTrigger
from mistral_persistence.database import Connection, Pool
from mistral_persistence.outage import OUTAGE
from mistral_runtime.metrics import counter

if TYPE_CHECKING:
    from mistral.internal.v1.engine_service_pb2_grpc import EngineServiceAsyncStub

_log = logging.getLogger(__name__)

_BATCH = 500
_CALL_SECONDS = 15.0
_LOOK_SECONDS = 1.0
# What is still due after a look waits for an engine, or is in the hands of another scheduler.
_AGAIN_SECONDS = 0.25
_LATER = frozenset({"Unavailable", "LimitExceeded"})

_AWAY: tuple[type[Exception], ...] = (*OUTAGE, grpc.aio.AioRpcError)

_FIRED = counter("scheduler_cron_fired", "Executions started by cron triggers")
_REFUSED = counter("scheduler_cron_refused", "Starts by cron triggers that were refused")


class Cron:
    """Fires cron triggers; any number of schedulers may run it."""

    def __init__(self, pool: Pool, stub: "EngineServiceAsyncStub") -> None:
        self._pool = pool
        self._stub = stub

    async def run(self) -> None:
        """Fire for ever; an engine or a store that is away is waited for."""
        while True:
            try:
                if await self.fire() == _BATCH:
                    continue
                due_in = await stored.next_due_in(self._pool)
            except _AWAY as error:
                _log.warning("cron triggers have to wait: %s", _said(error))
                due_in = None
            await asyncio.sleep(_LOOK_SECONDS if due_in is None else min(max(due_in, _AGAIN_SECONDS), _LOOK_SECONDS))

    async def fire(self) -> int:
        """Start what is due now and return how many triggers have fired, at most 500."""
        async with self._pool.acquire() as connection, connection.transaction():
            due = await stored.due(connection, limit=_BATCH)
            fired = await self._started(due) if due else []
            await _advance(connection, fired)
        return len(fired)

    async def _started(self, due: Sequence[DueTrigger]) -> list[DueTrigger]:
        """Start workflows and return those triggers whose turn is over, also if the start was refused for good."""
        fired = []
        request = engine.StartExecutionsRequest(starts=[_order(trigger) for trigger in due])
        answer = await self._stub.StartExecutions(request, timeout=_CALL_SECONDS)
        for trigger, started in zip(due, answer.started, strict=True):
            if not started.HasField("refusal"):
                _FIRED.inc()
            elif started.refusal.error in _LATER:
                continue
            else:
                _REFUSED.inc()
                _log.warning("cron trigger %s could not start its workflow: %s", trigger.id, started.refusal.message)
            fired.append(trigger)
        return fired


async def _advance(connection: Connection, due: Sequence[DueTrigger]) -> None:
    now = datetime.now(UTC)
    for trigger in due:
        following = None
        if trigger.remaining is None or trigger.remaining > 1:
            try:
                following = next_time(trigger.pattern, max(now, trigger.due_at))
            except InvalidInput as error:
                _log.error("cron trigger %s is removed: %s", trigger.id, error)
        await stored.advance(connection, trigger.id, following)


def _order(trigger: DueTrigger) -> engine.ExecutionStart:
    description = {
        "description": f"Workflow execution created by cron trigger '({trigger.id})'.",
        "triggered_by": {"type": "cron_trigger", "id": trigger.id, "name": trigger.name},
    }
    return engine.ExecutionStart(
        project_id=trigger.project,
        workflow=trigger.workflow_id,
        namespace=trigger.namespace,
        input=trigger.input.encode(),
        params=trigger.params.encode(),
        description=msgspec.json.encode(description).decode(),
        request_id=f"cron/{trigger.id}/{int(trigger.due_at.timestamp())}",
    )


def _said(error: Exception) -> str:
    return error.code().name if isinstance(error, grpc.aio.AioRpcError) else type(error).__name__
