"""What workers send over HTTP, and the messages that it means."""

from typing import Any, Final

import msgspec
from google.protobuf.timestamp_pb2 import Timestamp
from msgspec import UNSET, Raw, UnsetType

from mistral.v1 import worker_pb2
from mistral_core.errors import InvalidInput

_LEVELS: Final = {
    "debug": worker_pb2.LOG_LEVEL_DEBUG,
    "info": worker_pb2.LOG_LEVEL_INFO,
    "warning": worker_pb2.LOG_LEVEL_WARNING,
    "error": worker_pb2.LOG_LEVEL_ERROR,
}
_MOST_NUMBER: Final = 2**31 - 1


class OfferBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An action that a worker offers; schemas as JSON or as texts of JSON."""

    name: str
    description: str = ""
    input_schema: Raw | UnsetType = UNSET
    output_schema: Raw | UnsetType = UNSET
    safe_rerun: bool = False
    public: bool = False
    concurrency: int = 0


class WorkerBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A worker; without an instance every process of its id counts as the same."""

    id: str
    instance: str = ""
    sdk: str = "http"
    sdk_version: str = ""
    namespaces: list[str] = []
    queues: list[str] = []
    actions: list[OfferBody] = []
    labels: dict[str, str] = {}
    slots: int = 0


class PollBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Asks for runs."""

    session: str = ""
    worker: WorkerBody | None = None
    limit: int = 1
    wait: float | None = None


class ErrorBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a run failed."""

    message: str = ""
    type: str = ""
    details: Raw | UnsetType = UNSET
    permanent: bool = False


class ResultBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a run ended: exactly one of these."""

    token: str
    output: Raw | UnsetType = UNSET
    error: ErrorBody | None = None
    deferred: bool = False
    cancelled: bool = False


class CompleteBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ends runs."""

    results: list[ResultBody] = []


class LineBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of a log."""

    message: str
    level: str = "info"
    time: str = ""


class ProgressBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far a run is."""

    token: str
    percent: float | None = None
    details: Raw | UnsetType = UNSET
    lines: list[LineBody] = []


class HeartbeatBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keeps runs."""

    tokens: list[str] = []
    progress: list[ProgressBody] = []


def described(worker: WorkerBody) -> worker_pb2.WorkerDescription:
    """Return the message that describes a worker."""
    return worker_pb2.WorkerDescription(
        id=worker.id,
        instance=worker.instance or worker.id,
        sdk=worker.sdk,
        sdk_version=worker.sdk_version,
        namespaces=worker.namespaces,
        queues=worker.queues,
        labels=worker.labels,
        slots=number(worker.slots, "worker.slots"),
        actions=[
            worker_pb2.ActionOffer(
                name=offer.name,
                description=offer.description,
                input_schema=_schema(offer.input_schema),
                output_schema=_schema(offer.output_schema),
                safe_rerun=offer.safe_rerun,
                public=offer.public,
                concurrency=number(offer.concurrency, f"worker.actions[{index}].concurrency"),
            )
            for index, offer in enumerate(worker.actions)
        ],
    )


def result_of(result: ResultBody, index: int) -> worker_pb2.AssignmentResult:
    """Return the message for how a run ended. Raises InvalidInput unless it ended in exactly one way."""
    told = [not isinstance(result.output, UnsetType), result.error is not None, result.deferred, result.cancelled]
    if sum(told) != 1:
        field = f"results[{index}]"
        raise InvalidInput(f"{field} needs exactly one of output, error, deferred and cancelled", field=field)
    message = worker_pb2.AssignmentResult(token=result.token)
    if not isinstance(result.output, UnsetType):
        message.success.output = bytes(result.output)
    elif result.error is not None:
        error = result.error
        message.failure.CopyFrom(
            worker_pb2.AssignmentFailure(
                type=error.type, message=error.message, details=_raw(error.details), permanent=error.permanent
            )
        )
    elif result.deferred:
        message.deferral.SetInParent()
    else:
        message.cancellation.SetInParent()
    return message


def progress_of(progress: ProgressBody, index: int) -> worker_pb2.AssignmentProgress:
    """Return the message for how far a run is. Raises InvalidInput for a level or time that is none."""
    message = worker_pb2.AssignmentProgress(token=progress.token)
    if progress.percent is not None:
        message.percent = progress.percent
    if not isinstance(progress.details, UnsetType):
        message.details = bytes(progress.details)
    for place, line in enumerate(progress.lines):
        field = f"progress[{index}].lines[{place}]"
        if line.level not in _LEVELS:
            raise InvalidInput(f"{field}.level must be one of {', '.join(_LEVELS)}", field=f"{field}.level")
        message.lines.add(message=line.message, level=_LEVELS[line.level], time=_time(line.time, field))
    return message


def _time(text: str, field: str) -> Timestamp:
    moment = Timestamp()
    if not text:
        moment.GetCurrentTime()
        return moment
    try:
        moment.FromJsonString(text)
    except ValueError:
        raise InvalidInput(f"{field}.time must be like 2026-05-04T12:00:00Z", field=f"{field}.time") from None
    return moment


def _schema(value: Raw | UnsetType) -> str:
    """Return a schema's text, which may come as JSON or as a text that holds JSON."""
    data = _raw(value)
    if data[:1] == b'"':
        text: Any = msgspec.json.decode(data)
        return str(text)
    return "" if data == b"null" else data.decode()


def _raw(value: Raw | UnsetType) -> bytes:
    return b"" if isinstance(value, UnsetType) else bytes(value)


def number(value: int, field: str) -> int:
    """Return a number that a message can hold. Raises InvalidInput for any other."""
    if not 0 <= value <= _MOST_NUMBER:
        raise InvalidInput(f"{field} must be between 0 and {_MOST_NUMBER}", field=field)
    return value
