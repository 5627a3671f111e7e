"""What a worker has in hand: every run from its arrival until its result is recorded."""

import asyncio
import threading
import time
from collections.abc import Iterable, Sequence

from mistral_sdk.actions import Action
from mistral_sdk.context import Context
from mistral_sdk.stubs import worker_pb2


class Run:
    """One run.

    Attributes:
        acked: Whether it was said to have arrived; one that is not safe to repeat begins only then.
        task: Of the handler, if that is asynchronous.
        begun: Whether the task has reached the handler; before that it must not be cancelled, or nothing would be told.
        result: How it ended; None while the handler is busy.
        dropped: Whether nobody wants its result any more.
    """

    __slots__ = ("acked", "action", "assignment", "begun", "context", "dropped", "result", "task", "token")

    def __init__(self, assignment: worker_pb2.Assignment, action: Action | None, context: Context) -> None:
        self.token: str = assignment.token
        self.assignment = assignment
        self.action = action
        self.context = context
        self.acked = False
        self.begun = False
        self.task: asyncio.Task[None] | None = None
        self.result: worker_pb2.AssignmentResult | None = None
        self.dropped = False


class Hand:
    """All of them; safe to use from any thread.

    Attributes:
        since: When the first of them arrived after there was none, by the clock of `time.monotonic`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[str, Run] = {}
        self._busy = 0
        self.since = 0.0
        self._empty = threading.Event()
        self._empty.set()

    @property
    def busy(self) -> int:
        """How many handlers are busy, those of dropped runs among them."""
        return self._busy

    def add(self, runs: Sequence[Run]) -> None:
        """Take runs that arrived."""
        with self._lock:
            if not self._runs:
                self.since = time.monotonic()
            self._busy += len(runs)
            self._runs.update((run.token, run) for run in runs)
            self._empty.clear()

    def known(self, token: str) -> bool:
        """Whether a run is in hand: one that arrives again is not begun again."""
        return token in self._runs

    def all(self) -> list[Run]:
        """Return the runs that are the worker's."""
        with self._lock:
            return list(self._runs.values())

    def tokens(self) -> list[str]:
        """Return their tokens."""
        with self._lock:
            return list(self._runs)

    def get(self, token: str) -> Run | None:
        """Return one of them; None if it is not in hand."""
        return self._runs.get(token)

    def end(self, run: Run, result: worker_pb2.AssignmentResult) -> None:
        """Keep the result of a handler that is done."""
        with self._lock:
            run.result = result
            self._busy -= 1
            self._look()

    def leave(self, run: Run) -> None:
        """Forget a run whose handler was broken off by the end of the worker; it has no result."""
        with self._lock:
            self._busy -= 1
            run.dropped = True
            self._runs.pop(run.token, None)
            self._look()

    def forget(self, tokens: Iterable[str]) -> None:
        """Let go of runs whose results are recorded."""
        with self._lock:
            for token in tokens:
                self._runs.pop(token, None)
            self._look()

    def drop(self, token: str) -> Run | None:
        """Let go of a run that is somebody else's now; its handler may be busy still."""
        with self._lock:
            run = self._runs.pop(token, None)
            if run is not None:
                run.dropped = True
            self._look()
            return run

    def wait_empty(self, timeout: float) -> bool:
        """Wait until nothing is in hand and no handler is busy, at most so many seconds; returns whether that is so."""
        return self._empty.wait(timeout)

    @property
    def empty(self) -> bool:
        return self._empty.is_set()

    def _look(self) -> None:
        if not self._runs and self._busy == 0:
            self._empty.set()
