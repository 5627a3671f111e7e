"""Runs a handler without a server, in its tests: what it returns, what it tells meanwhile, and how it takes a cancel.

The way is the real one: the input is read from JSON by the types of the handler, the result is written to JSON, marked
values are encrypted.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from mistral_sdk.actions import Action, action_of, define
from mistral_sdk.codec import PayloadCodec, opened
from mistral_sdk.context import Context
from mistral_sdk.failures import Cancelled, Failure
from mistral_sdk.running.hand import Run
from mistral_sdk.running.handlers import Handlers
from mistral_sdk.stubs import worker_pb2
from mistral_sdk.values import dumps, loads

_LEVELS = {1: "DEBUG", 2: "INFO", 3: "WARNING", 4: "ERROR"}


@dataclass(slots=True)
class Outcome:
    """What came of a run.

    Attributes:
        result: Of a success, as workflows see it, but decrypted.
        output: The same as JSON, as it would have been sent.
        error: Of a failure.
        progress: What was told, in order: percent and details, None where nothing was said.
        log: Lines, each with its level.
    """

    state: Literal["success", "failure", "deferred", "cancelled"] = "success"
    result: Any = None
    output: bytes = b""
    error: Failure | None = None
    progress: list[tuple[float | None, Any]] = field(default_factory=list)
    log: list[tuple[str, str]] = field(default_factory=list)

    def value(self) -> Any:
        """Return the result, or raise what it failed with."""
        if self.error is not None:
            raise self.error
        if self.state == "cancelled":
            raise Cancelled
        return self.result


def run(action: Callable[..., Any], input: Any = None, **options: Any) -> Outcome:
    """Run a handler and return what came of it; not within a running loop, see `run_async`.

    Args:
        action: The function, with the decorator `action` or without.
        input: By parameter name, as a workflow gives it.
        options: Those of `run_async`.
    """
    return asyncio.run(run_async(action, input, **options))


async def run_async(
    action: Callable[..., Any],
    input: Any = None,
    *,
    cancel_after: float | None = None,
    deadline: float | None = None,
    attempt: int = 1,
    last_progress: Any = None,
    idempotency_key: str = "test-run",
    traceparent: str = "",
    codec: PayloadCodec | None = None,
    on_progress: Callable[["Outcome", Context], None] | None = None,
) -> Outcome:
    """Run a handler in this loop and return what came of it.

    Args:
        cancel_after: Seconds after which it is cancelled.
        deadline: Seconds after which it is given up; a run that is not done then is cancelled, as the server does.
        last_progress: Details that the attempt before has told.
        codec: Encrypts and decrypts marked values.
        on_progress: Is called whenever something is told; may call ``context.cancelled.set(reason)``.
    """
    found = action_of(action) or define(action)
    assignment = _assignment(found, input, attempt, idempotency_key, deadline, last_progress)
    assignment.traceparent = traceparent
    sink = _Sink(on_progress)
    loop = asyncio.get_running_loop()
    over: asyncio.Future[worker_pb2.AssignmentResult] = loop.create_future()

    def ended(results: Sequence[tuple[Run, worker_pb2.AssignmentResult]]) -> None:
        for each, result in results:
            each.result = result
            loop.call_soon_threadsafe(over.set_result, result)

    handlers = Handlers(loop, 1, codec, ended, lambda run: None)
    run = Run(assignment, found, Context(assignment, sink, codec))
    sink.context = run.context
    handlers.begin([run])
    timers = [
        loop.call_later(seconds, handlers.cancel, run, reason)
        for seconds, reason in ((cancel_after, "cancelled by the test"), (deadline, "the deadline has passed"))
        if seconds is not None
    ]
    result = await over
    for timer in timers:
        timer.cancel()
    handlers.close()
    return _outcome(result, sink.outcome, codec)


def _assignment(
    action: Action, input: Any, attempt: int, key: str, deadline: float | None, last_progress: Any
) -> worker_pb2.Assignment:
    assignment = worker_pb2.Assignment(
        token="test-token",
        action=action.name,
        input=dumps({} if input is None else input),
        encoding="json",
        action_execution_id=key,
        attempt=attempt,
        idempotency_key=key,
        safe_rerun=action.safe_rerun,
        progress_details=b"" if last_progress is None else dumps(last_progress),
    )
    if deadline is not None:
        assignment.deadline.FromNanoseconds(int((time.time() + timedelta(seconds=deadline).total_seconds()) * 1e9))
    return assignment


def _outcome(result: worker_pb2.AssignmentResult, outcome: Outcome, codec: PayloadCodec | None) -> Outcome:
    match result.WhichOneof("outcome"):
        case "success":
            outcome.output = result.success.output
            value = loads(outcome.output)
            outcome.result = opened(value, codec) if codec is not None else value
        case "failure":
            told = result.failure
            outcome.state = "failure"
            outcome.error = Failure(told.message, type=told.type, details=loads(told.details), permanent=told.permanent)
        case "deferral":
            outcome.state = "deferred"
        case _:
            outcome.state = "cancelled"
    return outcome


class _Sink:
    """Takes what a run tells into its outcome."""

    def __init__(self, listener: Callable[[Outcome, Context], None] | None) -> None:
        self.outcome = Outcome()
        self.context: Context | None = None
        self._listener = listener

    def progress(
        self, token: str, percent: float | None, details: bytes | None, lines: Sequence[worker_pb2.LogLine]
    ) -> None:
        self.outcome.log += [(_LEVELS.get(line.level, "INFO"), line.message) for line in lines]
        if percent is not None or details is not None:
            self.outcome.progress.append((percent, None if details is None else loads(details)))
        if self._listener is not None and self.context is not None:
            self._listener(self.outcome, self.context)
