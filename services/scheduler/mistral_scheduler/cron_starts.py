"""Runs of cron triggers handed to the engine, each under its request id: whoever repeats it starts nothing twice."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Final

import grpc.aio
import msgspec

from mistral.internal.v1 import engine_service_pb2 as engine
from mistral_core.cron import Overlap
from mistral_persistence import cron_starts as stored
from mistral_persistence.cron_starts import RunToStart
from mistral_persistence.database import Pool
from mistral_runtime.metrics import counter, histogram

if TYPE_CHECKING:
    from mistral.internal.v1.engine_service_pb2_grpc import EngineServiceAsyncStub

_log = logging.getLogger(__name__)

_CALL_SECONDS: Final = 15.0
_LATER: Final = frozenset({"Unavailable", "LimitExceeded"})
_OVER: Final = frozenset({grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION})
_STOPS: Final = {Overlap.CANCEL_OTHER: "CANCELLED", Overlap.TERMINATE_OTHER: "ERROR"}
_STOPPED: Final = "Ended by its schedule: a later run took its place."
_PARAMS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])

_FIRED = counter("scheduler_cron_fired", "Executions started by cron triggers")
_REFUSED = counter("scheduler_cron_refused", "Starts by cron triggers that were refused")
_LATE = histogram("scheduler_cron_lateness_seconds", "Time between a due time and the start of its execution")


async def start_runs(pool: Pool, stub: "EngineServiceAsyncStub", *, limit: int) -> int:
    """Start what is to be started and return how many runs are done with, also those refused for good."""
    async with pool.acquire() as connection, connection.transaction():
        runs = await stored.to_start(connection, limit=limit)
        if not runs:
            return 0
        request = engine.StartExecutionsRequest(starts=[_order(run) for run in runs])
        answer = await stub.StartExecutions(request, timeout=_CALL_SECONDS)
        well, badly = _sorted(runs, answer.started)
        await stored.started(connection, well)
        await stored.failed(connection, badly)
        await stored.remove_used_up(connection, list({run.trigger_id for run in runs}))
    _FIRED.inc(len(well))
    _REFUSED.inc(len(badly))
    return len(well) + len(badly)


async def end_others(pool: Pool, stub: "EngineServiceAsyncStub", *, limit: int) -> int:
    """End open runs that a waiting one is to replace; asked again until they are over. Return how many."""
    found = await stored.in_the_way(pool, limit=limit)
    await asyncio.gather(*(_end(stub, execution_id, Overlap(overlap)) for execution_id, overlap in found))
    return len(found)


async def _end(stub: "EngineServiceAsyncStub", execution_id: str, overlap: Overlap) -> None:
    request = engine.StopExecutionRequest(id=execution_id, state=_STOPS[overlap], message=_STOPPED)
    try:
        await stub.StopExecution(request, timeout=_CALL_SECONDS)
    except grpc.aio.AioRpcError as error:
        if error.code() not in _OVER:
            # What waits for its end has it asked for again.
            _log.warning("execution %s could not be ended for a later run: %s", execution_id, error.code().name)


def _sorted(
    runs: Sequence[RunToStart], answers: Sequence[engine.ExecutionStarted]
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return what was started, with its execution, and what was refused for good, with the reason."""
    well, badly = [], []
    for run, answer in zip(runs, answers, strict=True):
        if not answer.HasField("refusal"):
            well.append((run.id, answer.execution.id))
            if run.kind == "due":
                _LATE.observe(max(0.0, answer.execution.created_at_micros / 1e6 - run.due_at.timestamp()))
        elif answer.refusal.error not in _LATER:
            badly.append((run.id, answer.refusal.message))
            _log.warning("cron trigger %s could not start its workflow: %s", run.trigger_id, answer.refusal.message)
    return well, badly


def _order(run: RunToStart) -> engine.ExecutionStart:
    description = {
        "description": f"Workflow execution created by cron trigger '({run.trigger_id})'.",
        "triggered_by": {"type": "cron_trigger", "id": run.trigger_id, "name": run.name},
    }
    return engine.ExecutionStart(
        project_id=run.project,
        workflow=run.workflow_id,
        namespace=run.namespace,
        input=run.input.encode(),
        params=_params(run),
        description=msgspec.json.encode(description).decode(),
        request_id=run.request_id,
    )


def _params(run: RunToStart) -> bytes:
    """Return the params of a run: those of its trigger, and what it is that is due."""
    told = {"due_at": run.due_at.astimezone(UTC).isoformat(), "kind": run.kind}
    return msgspec.json.encode({"cron_params": told, **_PARAMS.decode(run.params)})
