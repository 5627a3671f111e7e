"""Events as they come over the bus: batches of CloudEvents in JSON, and what is taken out of them."""

from collections.abc import Iterator

import msgspec

from mistral_core.machine.state import State
from mistral_persistence.history import HistoryEvent
from mistral_persistence.literals import as_moment
from mistral_persistence.records import micros

SUBJECTS = "mistral.events.>"
FINAL = frozenset({State.SUCCESS.value, State.ERROR.value, State.CANCELLED.value})

_KEPT_OUTPUT = 2048
_TYPE_PREFIX = "io.mistral-mesh."


class Ending(msgspec.Struct, frozen=True):
    """How an execution ended.

    Attributes:
        at: Microseconds since the epoch.
        output: JSON text; unset if it was too large for the bus.
    """

    execution_id: str = ""
    state: str | None = None
    task_id: str | None = None
    state_info: str | None = None
    at: int = 0
    output: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _BriefEvent(msgspec.Struct, frozen=True):
    data: Ending


class _WholeEvent(msgspec.Struct, frozen=True):
    data: msgspec.Raw
    type: str = ""
    time: str = ""


_brief = msgspec.json.Decoder(list[_BriefEvent])
_whole = msgspec.json.Decoder(list[_WholeEvent])
_data = msgspec.json.Decoder(HistoryEvent)


def of_tasks(subject: str) -> bool:
    """Tell whether a message bears events of tasks rather than of executions."""
    return subject.endswith(".task")


def finished(data: bytes) -> Iterator[Ending]:
    """Yield how executions ended that a message says are final."""
    for event in _brief.decode(data):
        if event.data.task_id is None and event.data.state in FINAL:
            yield event.data


def brief(ending: Ending) -> Ending:
    """Return an ending that may be kept: it holds on neither to its message nor to a large output."""
    output = ending.output
    if isinstance(output, msgspec.Raw):
        output = output.copy() if len(bytes(output)) <= _KEPT_OUTPUT else msgspec.UNSET
    return msgspec.structs.replace(ending, output=output)


def all_of(data: bytes) -> Iterator[HistoryEvent]:
    """Yield the events of a message in the form that the history has them in."""
    for event in _whole.decode(data):
        known = _data.decode(event.data)
        if not known.event:
            known = msgspec.structs.replace(known, event=event.type.removeprefix(_TYPE_PREFIX))
        yield known if known.at else msgspec.structs.replace(known, at=_micros(event.time))


def ends(event: HistoryEvent) -> bool:
    """Tell whether an event is the end of its execution."""
    return event.task_id is None and event.state in FINAL


def _micros(time: str) -> int:
    return micros(as_moment(time)) if time else 0
