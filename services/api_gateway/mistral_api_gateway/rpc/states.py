"""States and times between rows and messages."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from mistral.v1 import state_pb2
from mistral_core.errors import InvalidInput
from mistral_core.machine.state import State
from mistral_persistence.records import micros

_TO_MESSAGE: Final[Mapping[str, state_pb2.State.ValueType]] = {
    state.value: state_pb2.State.Value(f"STATE_{state.value}") for state in State
}
_FROM_MESSAGE: Final[Mapping[int, State]] = {number: State(text) for text, number in _TO_MESSAGE.items()}


def state_message(state: str | None) -> state_pb2.State.ValueType:
    """Return the enum value of a state's text."""
    return _TO_MESSAGE.get(state or "", state_pb2.STATE_UNSPECIFIED)


def state_text(number: int) -> State:
    """Return the state. Raises InvalidInput if none is said."""
    state = _FROM_MESSAGE.get(number)
    if state is None:
        raise InvalidInput("A state must be given", field="state")
    return state


def state_literal(text: str) -> str:
    """Return the state of a filter, also by the name of its enum value. Raises InvalidInput if there is none."""
    state = text.removeprefix("STATE_").upper()
    if state not in _TO_MESSAGE:
        raise InvalidInput(f"There is no state {text[:80]!r}, only {', '.join(_TO_MESSAGE)}")
    return state


def state_texts(numbers: Iterable[int]) -> tuple[str, ...]:
    """Return the texts of states to filter by; empty when any state will do."""
    wanted = list(numbers)
    if state_pb2.STATE_UNSPECIFIED in wanted:
        return ()
    return tuple(state_text(number).value for number in wanted)


def timestamp(moment: datetime | None) -> Timestamp | None:
    """Return the message of a time, None for none."""
    return None if moment is None else timestamp_of(micros(moment))


def timestamp_of(microseconds: int) -> Timestamp:
    """Return the message of a time in microseconds since the epoch."""
    return Timestamp(seconds=microseconds // 1_000_000, nanos=microseconds % 1_000_000 * 1000)
