"""What a handler knows of its run, and what it can say meanwhile."""

import logging
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from mistral_sdk.codec import PayloadCodec, may_be_sealed, opened
from mistral_sdk.failures import Cancelled
from mistral_sdk.shapes.marks import ENVELOPE
from mistral_sdk.stubs import worker_pb2
from mistral_sdk.values import dumps, loads

_LOGGER = logging.getLogger("mistral_sdk.run")
_MOST_LINE_BYTES = 8192
_MOST_DETAILS_BYTES = 64 * 1024
_LEVELS = {
    logging.DEBUG: worker_pb2.LOG_LEVEL_DEBUG,
    logging.INFO: worker_pb2.LOG_LEVEL_INFO,
    logging.WARNING: worker_pb2.LOG_LEVEL_WARNING,
    logging.ERROR: worker_pb2.LOG_LEVEL_ERROR,
}


class Sink(Protocol):
    """Where a run tells how far it is."""

    def progress(
        self, token: str, percent: float | None, details: bytes | None, lines: Sequence[worker_pb2.LogLine]
    ) -> None: ...


class Deferred:
    """What a handler returns when somebody else completes the run later."""

    __slots__ = ()


DEFERRED = Deferred()


class Cancellation:
    """Whether a run is to stop; as a `threading.Event`, for a handler in a thread to look at or to wait for."""

    __slots__ = ("_event", "reason")

    def __init__(self) -> None:
        self.reason: str | None = None
        self._event: threading.Event | None = None

    def is_set(self) -> bool:
        return self.reason is not None

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for it, at most so many seconds; returns whether the run is to stop."""
        event = self._event
        if event is None:
            event = self._event = threading.Event()
        # Looked at after the event is there for `set` to see: one of both sees the other.
        if self.reason is not None:
            return True
        return event.wait(timeout)

    def set(self, reason: str) -> None:
        """Ask the run to stop."""
        self.reason = reason
        if self._event is not None:
            self._event.set()


class Context:
    """One run of an action. Handlers get it as their parameter ``context``; safe to use from any thread."""

    __slots__ = ("_assignment", "_codec", "_sink", "cancelled")

    def __init__(self, assignment: worker_pb2.Assignment, sink: Sink, codec: PayloadCodec | None = None) -> None:
        self._assignment = assignment
        self._sink = sink
        self._codec = codec
        self.cancelled = Cancellation()

    @property
    def token(self) -> str:
        """Names this run for `Client.complete`; a secret of who may complete it, and worth nothing after the run."""
        return self._assignment.token

    @property
    def action(self) -> str:
        """Name of the action."""
        return self._assignment.action

    @property
    def action_execution_id(self) -> str:
        """Id of the action execution, the same for every attempt."""
        return self._assignment.action_execution_id

    @property
    def idempotency_key(self) -> str:
        """Key for effects that must happen once: the same for every attempt of this run, and for no other run."""
        return self._assignment.idempotency_key

    @property
    def attempt(self) -> int:
        """Which dispatch this is, from 1."""
        return self._assignment.attempt

    @property
    def task_name(self) -> str:
        """Name of the task; empty when the action runs on its own."""
        return self._assignment.task_name

    @property
    def task_execution_id(self) -> str:
        """Id of the task; empty when the action runs on its own."""
        return self._assignment.task_execution_id

    @property
    def execution_id(self) -> str:
        """Id of the execution of the workflow; empty when the action runs on its own."""
        return self._assignment.execution_id

    @property
    def workflow_name(self) -> str:
        """Name of the workflow."""
        return self._assignment.workflow_name

    @property
    def workflow_namespace(self) -> str:
        """Namespace of the workflow; empty for the default one."""
        return self._assignment.workflow_namespace

    @property
    def project_id(self) -> str:
        """Project it runs for."""
        return self._assignment.project_id

    @property
    def index(self) -> int:
        """Position of the item, for a task with items."""
        return self._assignment.index

    @property
    def queue(self) -> str:
        """Queue it came from."""
        return self._assignment.queue

    @property
    def safe_rerun(self) -> bool:
        """Whether a second run does no harm, by what the action or the task says."""
        return self._assignment.safe_rerun

    @property
    def traceparent(self) -> str:
        """W3C trace context of who sent it; empty when not sampled."""
        return self._assignment.traceparent

    @property
    def scheduled_at(self) -> datetime:
        """When it was sent to its queue."""
        return self._assignment.scheduled_at.ToDatetime(UTC)

    @property
    def deadline(self) -> datetime | None:
        """When it is given up whatever the handler does; None for never."""
        if not self._assignment.HasField("deadline"):
            return None
        return self._assignment.deadline.ToDatetime(UTC)

    @property
    def remaining(self) -> float | None:
        """Seconds until the deadline, not below 0; None without one."""
        if not self._assignment.HasField("deadline"):
            return None
        return max(0.0, self._assignment.deadline.ToNanoseconds() / 1e9 - time.time())

    @property
    def last_progress(self) -> Any:
        """Details that the last attempt told with `progress`: where to go on; None for nothing."""
        details = self._assignment.progress_details
        value = loads(details)
        return opened(value, self._codec) if self._codec is not None and may_be_sealed(details) else value

    @property
    def log(self) -> "RunLog":
        """Log whose lines are kept with the action execution."""
        return RunLog(self)

    def progress(self, percent: float | None = None, details: Any = None) -> None:
        """Tell how far the run is. Cheap: it is sent at most a few times a second, the last one counts.

        Args:
            percent: 0 to 100.
            details: Where the next attempt can go on, a JSON value of at most 64 KiB. Not encrypted; see `encrypt`.

        Raises:
            Cancelled: If the run is to stop.
            ValueError: If one of them is out of range.
        """
        self.check()
        if percent is not None and not 0 <= percent <= 100:
            raise ValueError(f"percent is 0 to 100, not {percent}")
        text = None if details is None else dumps(details)
        if text is not None and len(text) > _MOST_DETAILS_BYTES:
            raise ValueError(f"details of progress have at most {_MOST_DETAILS_BYTES} bytes, not {len(text)}")
        self._sink.progress(self.token, percent, text, ())

    def heartbeat(self, details: Any = None) -> None:
        """Say that the run lives, with details of its progress if there are. Leases are renewed without it, too."""
        self.progress(details=details)

    def check(self) -> None:
        """Go on, or raise `Cancelled` if the run is to stop. For handlers in threads; others are interrupted."""
        if self.cancelled.reason is not None:
            raise Cancelled(self.cancelled.reason)

    def sleep(self, seconds: float) -> None:
        """Wait in a thread; raises `Cancelled` as soon as the run is to stop."""
        if self.cancelled.wait(seconds):
            self.check()

    def defer(self) -> Deferred:
        """Return what to return when the run is completed later, by `Client.complete` with its id."""
        return DEFERRED

    def encrypt(self, value: Any) -> dict[str, Any]:
        """Return what stands for a value so that only holders of the key can read it, for details and errors.

        Raises:
            ValueError: If the worker has no codec.
        """
        if self._codec is None:
            raise ValueError("the worker has no codec to encrypt with")
        return {ENVELOPE: self._codec.encode(value)}

    def write(self, level: int, line: str) -> None:
        """Keep a line of the log with the action execution; see `log`."""
        told = worker_pb2.LogLine(level=_LEVELS.get(level, worker_pb2.LOG_LEVEL_INFO), message=_cut(line))
        told.time.GetCurrentTime()
        self._sink.progress(self.token, None, None, (told,))


class RunLog:
    """Writes lines of one run, to the server and to the logger ``mistral_sdk.run`` of this process."""

    __slots__ = ("_context",)

    def __init__(self, context: Context) -> None:
        self._context = context

    def debug(self, message: str, *values: Any) -> None:
        self.write(logging.DEBUG, message, *values)

    def info(self, message: str, *values: Any) -> None:
        self.write(logging.INFO, message, *values)

    def warning(self, message: str, *values: Any) -> None:
        self.write(logging.WARNING, message, *values)

    def error(self, message: str, *values: Any) -> None:
        self.write(logging.ERROR, message, *values)

    def write(self, level: int, message: str, *values: Any) -> None:
        """Write a line of a level of `logging`; values are filled in by ``%``."""
        line = message % values if values else message
        self._context.write(level, line)
        _LOGGER.log(level, "%s %s: %s", self._context.action, self._context.action_execution_id, line)


def _cut(line: str) -> str:
    """Cut a line to what the server keeps, not within a character; half surrogates have no UTF-8."""
    return line.encode(errors="replace")[:_MOST_LINE_BYTES].decode(errors="ignore")
