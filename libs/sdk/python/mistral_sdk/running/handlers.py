"""Runs handlers: asynchronous ones in the loop of the worker, others in threads, light ones where they arrive."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from mistral_sdk import tracing
from mistral_sdk.codec import PayloadCodec
from mistral_sdk.failures import Cancelled, Failure
from mistral_sdk.running.hand import Run
from mistral_sdk.running.outcomes import arguments, failure, success, unknown
from mistral_sdk.running.threads import Threads
from mistral_sdk.stubs import worker_pb2


class Handlers:
    """Begins runs and tells how they ended.

    Args:
        ended: Gets runs with their results.
        left: Gets runs that were broken off without one.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        slots: int,
        codec: PayloadCodec | None,
        ended: Callable[[Sequence[tuple[Run, worker_pb2.AssignmentResult]]], None],
        left: Callable[[Run], None],
    ) -> None:
        self._loop = loop
        self._codec = codec
        self._ended = ended
        self._left = left
        self._threads = Threads(slots, self._in_thread)
        self._aborting = False
        self.most_bytes = 1024 * 1024

    def begin(self, runs: Sequence[Run], *, here: bool = False) -> None:
        """Begin runs; ``here`` allows to run light ones in this thread, which must not be the one that sends."""
        tasks: list[Run] = []
        done: list[tuple[Run, worker_pb2.AssignmentResult]] = []
        for run in runs:
            if run.action is None:
                done.append((run, unknown(run.token, run.assignment.action)))
            elif run.action.inline and here:
                done.append((run, self._called(run)))
            elif run.action.is_async or run.action.inline:
                tasks.append(run)
            else:
                self._threads.begin(run)
        if tasks:
            self._loop.call_soon_threadsafe(self._start, tasks)
        if done:
            self._ended(done)

    def cancel(self, run: Run, reason: str) -> None:
        """Ask a run to stop; one that ended already is not touched."""
        if run.result is None:
            run.context.cancelled.set(reason)
            # The loop may be gone with the worker; then so is the task.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(_cancel, run)

    def abort(self, runs: Sequence[Run]) -> None:
        """Break off handlers without a result: the worker ends, so others may run them."""
        self._aborting = True
        for run in runs:
            self.cancel(run, "the worker ends")

    def close(self) -> None:
        """Let the threads go; what is busy in them ends with the process."""
        self._threads.close()

    def _start(self, runs: Sequence[Run]) -> None:
        light: list[tuple[Run, worker_pb2.AssignmentResult]] = []
        for run in runs:
            if run.action is not None and run.action.inline:
                light.append((run, self._called(run)))
            else:
                run.task = self._loop.create_task(self._in_loop(run))
        if light:
            self._ended(light)

    async def _in_loop(self, run: Run) -> None:
        assert run.action is not None, "a run of no action is begun"
        try:
            run.begun = True
            run.context.check()
            given = arguments(run.action, run.assignment.input, run.context, self._codec)
            if run.assignment.traceparent:
                with tracing.span(run.assignment):
                    value = await run.action.handler(**given)
            else:
                value = await run.action.handler(**given)
            result = success(run.token, run.action, value, self._codec, self.most_bytes)
        except (asyncio.CancelledError, Cancelled) as error:
            if self._aborting:
                self._left(run)
                return
            result = failure(run.token, run.action, _why(run, error))
        # Whatever a handler throws ends its run and nothing else.
        except BaseException as error:
            result = failure(run.token, run.action, error)
        self._ended([(run, result)])

    def _in_thread(self, run: Run) -> None:
        if self._aborting and run.context.cancelled.is_set():
            self._left(run)
            return
        result = self._called(run)
        if self._aborting and result.HasField("cancellation"):
            self._left(run)
        else:
            self._ended([(run, result)])

    def _called(self, run: Run) -> worker_pb2.AssignmentResult:
        action = run.action
        assert action is not None, "a run of no action is begun"
        try:
            run.context.check()
            given = arguments(action, run.assignment.input, run.context, self._codec)
            if run.assignment.traceparent:
                with tracing.span(run.assignment):
                    value = action.handler(**given)
            else:
                value = action.handler(**given)
            return success(run.token, action, value, self._codec, self.most_bytes)
        except BaseException as error:
            return failure(run.token, action, error)


def _cancel(run: Run) -> None:
    if run.task is not None and run.begun:
        run.task.cancel()


def _why(run: Run, error: BaseException) -> BaseException:
    """A handler that was interrupted without the run being cancelled has failed: something of its own cancelled it."""
    if run.context.cancelled.is_set() or isinstance(error, Cancelled):
        return Cancelled()
    return Failure("the handler was interrupted", type="CancelledError")
