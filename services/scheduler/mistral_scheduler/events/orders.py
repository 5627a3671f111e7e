"""What is asked of the engines for an event: starts under keys of their own, and waking up what waits."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import grpc.aio
import msgspec

from mistral.internal.v1 import engine_service_pb2 as engine
from mistral_core.event_triggers.event import Event
from mistral_core.event_triggers.reaction import Reaction, Start, Trigger, Wake

if TYPE_CHECKING:
    from mistral.internal.v1.engine_service_pb2_grpc import EngineServiceAsyncStub

CALL_SECONDS: Final = 15.0
MOST_BYTES: Final = 1024 * 1024
"""Largest input, params or result that is made of an event."""

LATER: Final = frozenset({"Unavailable", "LimitExceeded"})
"""Refusals that say nothing about the next time."""

_LATER_CODES: Final = frozenset(
    {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED}
)


class Unusable(Exception):
    """What expressions have made cannot be sent; the message says why."""


def encoded(value: Any) -> bytes:
    """Return the JSON text of what expressions have made.

    Raises:
        Unusable: If there is none, or it is too large.
    """
    try:
        text = msgspec.json.encode(value)
    # A number of more than 64 bits, half a character, or what is nested too deeply.
    except (msgspec.MsgspecError, OverflowError, RecursionError, TypeError, ValueError) as error:
        raise Unusable(f"what is made of the event is no JSON: {error}") from None
    if len(text) > MOST_BYTES:
        raise Unusable(f"what is made of the event has {len(text)} bytes, and may have {MOST_BYTES}")
    return text


def order(trigger: Trigger, event: Event, start: Start) -> engine.ExecutionStart:
    """Return the start of a trigger for an event; a repeat of it gives the first execution.

    Raises:
        Unusable: If its input or params cannot be sent.
    """
    description = {
        "description": f"Workflow execution created by event trigger '({trigger.id})'.",
        "triggered_by": {"type": "event_trigger", "id": trigger.id, "name": trigger.name, "event_id": event.id},
    }
    return engine.ExecutionStart(
        project_id=trigger.project,
        workflow=trigger.workflow_id or "",
        namespace=trigger.namespace,
        input=encoded(start.input),
        params=encoded(start.params),
        description=msgspec.json.encode(description).decode(),
        request_id=f"event/{trigger.id}/{event.id}",
    )


async def started(stub: "EngineServiceAsyncStub", orders: list[engine.ExecutionStart]) -> list[engine.ExecutionStarted]:
    """Have everything started that is not yet, and return what became of each.

    Raises:
        grpc.aio.AioRpcError: If no engine answers.
    """
    answers: list[engine.ExecutionStarted] = []
    for some in _bundles(orders):
        answer = await stub.StartExecutions(engine.StartExecutionsRequest(starts=some), timeout=CALL_SECONDS)
        answers += answer.started
    return answers


def _bundles(orders: list[engine.ExecutionStart]) -> Iterator[list[engine.ExecutionStart]]:
    """Yield as many at once as fit into a message."""
    bundle: list[engine.ExecutionStart] = []
    size = 0
    for one in orders:
        if bundle and size + one.ByteSize() > MOST_BYTES:
            yield bundle
            bundle, size = [], 0
        bundle.append(one)
        size += one.ByteSize()
    if bundle:
        yield bundle


class WakeRefused(Exception):
    """What waited does not any more; the message says why."""


class WakeLater(Exception):
    """No engine can see to it at the moment."""


async def wake(stub: "EngineServiceAsyncStub", reaction: Reaction, waiting_id: str, wanted: Wake) -> None:
    """Resume an execution or complete an action.

    Raises:
        WakeRefused: If it does not wait any more.
        WakeLater: If nobody can see to it at the moment.
        Unusable: If the result cannot be sent.
    """
    try:
        if reaction is Reaction.RESUME:
            await stub.ResumeExecution(engine.ResumeExecutionRequest(id=waiting_id), timeout=CALL_SECONDS)
            return
        output = encoded(wanted.result)
        request = engine.CompleteActionRequest(action_id=waiting_id, state=wanted.state, output=output)
        await stub.CompleteAction(request, timeout=CALL_SECONDS)
    except grpc.aio.AioRpcError as error:
        if error.code() in _LATER_CODES:
            raise WakeLater(error.code().name) from None
        raise WakeRefused(error.details() or error.code().name) from None
