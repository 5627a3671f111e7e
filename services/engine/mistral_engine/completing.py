"""Completing an action or an execution by a call: which event that is, and when it is refused."""

import msgspec

from mistral.internal.v1 import engine_service_pb2 as pb
from mistral_core.errors import IllegalState, InvalidInput
from mistral_core.machine.event import ActionFinished, ActionUpdated, Event, Outcome
from mistral_core.machine.state import FINAL, State
from mistral_engine.ids import now
from mistral_persistence.restore import Place


def completion(request: pb.CompleteActionRequest, place: Place) -> Event:
    """Return the event that a call asks for.

    Raises:
        IllegalState: If the action is final already.
        InvalidInput: If the state cannot be set or the output is not JSON.
    """
    if place.state in FINAL:
        raise IllegalState(f"Action {request.action_id} is already completed")
    if request.state in (State.PAUSED, State.RUNNING):
        return ActionUpdated(at=now(), task_id=place.task_id, action_id=request.action_id, state=State(request.state))
    if request.state not in (State.SUCCESS, State.ERROR, State.CANCELLED):
        raise InvalidInput(f"an action execution cannot be set to {request.state!r}")
    return ActionFinished(
        at=now(),
        task_id=place.task_id,
        action_id=request.action_id,
        attempt=place.attempt,
        outcome=Outcome(request.state),
        value=_value(request),
    )


def final_state(text: str) -> State:
    """Return the state that an execution can be stopped with.

    Raises:
        InvalidInput: If it is none of SUCCESS, ERROR and CANCELLED.
    """
    if text not in FINAL or text == State.SKIPPED:
        raise InvalidInput(f"an execution cannot be stopped with the state {text!r}")
    return State(text)


def _value(request: pb.CompleteActionRequest) -> object:
    if not request.output:
        return "Unknown error" if request.state == State.ERROR else None
    try:
        return msgspec.json.decode(request.output)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"output must be JSON: {error}") from None
