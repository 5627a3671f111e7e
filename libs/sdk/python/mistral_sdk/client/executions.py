"""What a client learns of executions, as plain values."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from mistral_sdk.codec import PayloadCodec, may_be_sealed, opened
from mistral_sdk.stubs import execution_pb2, state_pb2
from mistral_sdk.values import loads


class State(StrEnum):
    """Where an execution or a task stands."""

    UNSPECIFIED = "UNSPECIFIED"
    IDLE = "IDLE"
    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DELAYED = "DELAYED"
    PAUSED = "PAUSED"
    SUCCESS = "SUCCESS"
    ERROR = "ERROR"
    CANCELLED = "CANCELLED"
    SKIPPED = "SKIPPED"

    @property
    def final(self) -> bool:
        """Whether nothing comes after it."""
        return self in (State.SUCCESS, State.ERROR, State.CANCELLED, State.SKIPPED)

    @classmethod
    def of(cls, number: int) -> "State":
        """Return what a number of the contract means; one of a newer server means nothing here."""
        known: dict[int, str] = {value: name for name, value in state_pb2.State.items()}
        return cls(known.get(number, "STATE_UNSPECIFIED").removeprefix("STATE_"))


@dataclass(frozen=True, slots=True)
class Execution:
    """One run of a workflow, as it stood when it was asked for.

    Attributes:
        output: What it gave, decrypted; None until it is final.
    """

    id: str
    workflow: str
    state: State
    state_info: str = ""
    input: Any = field(default=None, repr=False)
    output: Any = field(default=None, repr=False)
    description: str = ""
    created_at: datetime | None = None
    finished_at: datetime | None = None

    @classmethod
    def of(cls, told: execution_pb2.Execution, codec: PayloadCodec | None) -> "Execution":
        """Read it from the message."""
        return cls(
            id=told.id,
            workflow=told.workflow_name,
            state=State.of(told.state),
            state_info=told.state_info,
            input=read(told.input, codec),
            output=read(told.output, codec),
            description=told.description,
            created_at=_moment(told.created_at),
            finished_at=_moment(told.finished_at),
        )


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to an execution or to a task of it.

    Attributes:
        position: Growing; where to go on watching.
        task: Name of the task; empty for an event of the execution itself.
    """

    position: int
    type: str
    state: State
    execution_id: str
    task: str = ""
    task_id: str = ""
    state_info: str = ""
    at: datetime | None = None

    @classmethod
    def of(cls, told: execution_pb2.ExecutionEvent) -> "Event":
        """Read it from the message."""
        return cls(
            position=told.position,
            type=told.type,
            state=State.of(told.state),
            execution_id=told.execution_id,
            task=told.task_name,
            task_id=told.task_id,
            state_info=told.state_info,
            at=_moment(told.at),
        )


def read(text: str, codec: PayloadCodec | None) -> Any:
    """Read a value and decrypt what is encrypted in it, if there is a codec."""
    value = loads(text)
    return opened(value, codec) if codec is not None and may_be_sealed(text) else value


def _moment(told: Timestamp) -> datetime | None:
    return told.ToDatetime(UTC) if told.seconds or told.nanos else None
