"""Events as they come over the bus: batches of CloudEvents in JSON, and what is taken out of them."""

from collections.abc import Iterator

import msgspec

from mistral_core.machine.state import State
from mistral_persistence.history import HistoryEvent
from mistral_persistence.literals import as_moment
from mistral_persistence.records import micros

SUBJECTS = "mistral.events.>"
FINAL = frozenset({State.SUCCESS.value, State.ERROR.value, State.CANCELLED.value})

_TYPE_PREFIX = "io.mistral-mesh."


class _Outcome(msgspec.Struct, frozen=True):
    execution_id: str = ""
    state: str | None = None
    task_id: str | None = None


class _BriefEvent(msgspec.Struct, frozen=True):
    data: _Outcome


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


def finished(data: bytes) -> Iterator[str]:
    """Yield the ids of the executions that a message says are final."""
    for event in _brief.decode(data):
        if event.data.task_id is None and event.data.state in FINAL:
            yield event.data.execution_id


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
