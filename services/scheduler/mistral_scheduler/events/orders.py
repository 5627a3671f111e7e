"""What is asked of the engines for an event: starts under keys of their own, and waking up what waits."""

from typing import TYPE_CHECKING, Final

import grpc.aio
import msgspec

from mistral.internal.v1 import engine_service_pb2 as engine
from mistral_core.event_triggers.event import Event
from mistral_core.event_triggers.reaction import Reaction, Start, Trigger, Wake

if TYPE_CHECKING:
    from mistral.internal.v1.engine_service_pb2_grpc import EngineServiceAsyncStub

CALL_SECONDS: Final = 15.0
LATER: Final = frozenset({"Unavailable", "LimitExceeded"})
"""Refusals that say nothing about the next time."""

_LATER_CODES: Final = frozenset(
    {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED}
)
_NEVER: Final = frozenset(
    {grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.INVALID_ARGUMENT}
)


def order(trigger: Trigger, event: Event, start: Start) -> engine.ExecutionStart:
    """Return the start of a trigger for an event; a repeat of it gives the first execution."""
    description = {
        "description": f"Workflow execution created by event trigger '({trigger.id})'.",
        "triggered_by": {"type": "event_trigger", "id": trigger.id, "name": trigger.name, "event_id": event.id},
    }
    return engine.ExecutionStart(
        project_id=trigger.project,
        workflow=trigger.workflow_id or "",
        namespace=trigger.namespace,
        input=msgspec.json.encode(start.input),
        params=msgspec.json.encode(start.params),
        description=msgspec.json.encode(description).decode(),
        request_id=f"event/{trigger.id}/{event.id}",
    )


async def started(stub: "EngineServiceAsyncStub", orders: list[engine.ExecutionStart]) -> list[engine.ExecutionStarted]:
    """Have everything started that is not yet, and return what became of each.

    Raises:
        grpc.aio.AioRpcError: If no engine answers.
    """
    if not orders:
        return []
    answer = await stub.StartExecutions(engine.StartExecutionsRequest(starts=orders), timeout=CALL_SECONDS)
    return list(answer.started)


class WakeRefused(Exception):
    """What waited does not any more; the message says why."""


class WakeLater(Exception):
    """No engine can see to it at the moment."""


async def wake(stub: "EngineServiceAsyncStub", reaction: Reaction, waiting_id: str, wanted: Wake) -> None:
    """Resume an execution or complete an action.

    Raises:
        WakeRefused: If it does not wait any more.
        WakeLater: If nobody can see to it at the moment.
    """
    try:
        if reaction is Reaction.RESUME:
            await stub.ResumeExecution(engine.ResumeExecutionRequest(id=waiting_id), timeout=CALL_SECONDS)
            return
        output = msgspec.json.encode(wanted.result)
        request = engine.CompleteActionRequest(action_id=waiting_id, state=wanted.state, output=output)
        await stub.CompleteAction(request, timeout=CALL_SECONDS)
    except grpc.aio.AioRpcError as error:
        if error.code() in _NEVER:
            raise WakeRefused(error.details() or error.code().name) from None
        if error.code() in _LATER_CODES:
            raise WakeLater(error.code().name) from None
        raise
