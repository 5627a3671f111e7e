"""Sessions of workers that are passed on here: they end when we leave, or when whoever began one may not go on."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias

from mistral_core.errors import Unavailable, WorkflowError
from mistral_runtime.lifecycle import Tasks
from mistral_runtime.metrics import gauge

_log = logging.getLogger(__name__)

_CHECK_SECONDS: Final = 15.0
_OPEN = gauge("gateway_worker_sessions", "Sessions of workers that are passed on")

Recheck: TypeAlias = Callable[[str, Iterable[tuple[str, str | bytes]]], Awaitable[None]]


class Passed:
    """One session.

    Attributes:
        ending: Why it was ended from here; None if it was not.
    """

    def __init__(self, call: Any, method: str, metadata: Iterable[tuple[str, str | bytes]]) -> None:
        self._call = call
        self.method = method
        self.metadata = tuple(metadata)
        self.ending: WorkflowError | None = None

    def end(self, why: WorkflowError) -> None:
        """End it for a reason that the worker is told."""
        if self.ending is None:
            self.ending = why
            self._call.cancel()


class WorkerSessions:
    """All sessions that are open.

    Args:
        recheck: Asked now and then whether whoever began a session may go on; None if nobody is asked who he is.
    """

    def __init__(self, recheck: Recheck | None) -> None:
        self._recheck = recheck
        self._open: set[Passed] = set()
        self._leaving = False
        self._soon = asyncio.Event()

    def begin(self, passed: Passed) -> None:
        """Look after a session; raises Unavailable when we are leaving."""
        if self._leaving:
            raise Unavailable("this gateway is leaving; connect again")
        self._open.add(passed)
        _OPEN.set(len(self._open))

    def over(self, passed: Passed) -> None:
        """A session has ended."""
        self._open.discard(passed)
        _OPEN.set(len(self._open))

    def leave(self) -> None:
        """End all of them; the runs go on in the workers, which connect again."""
        self._leaving = True
        for passed in tuple(self._open):
            passed.end(Unavailable("this gateway is leaving; connect again"))

    def look(self) -> None:
        """Ask for all of them now: a key was revoked."""
        self._soon.set()

    async def watch(self) -> None:
        """End those that may not go on, for ever."""
        while True:
            try:
                async with asyncio.timeout(_CHECK_SECONDS):
                    await self._soon.wait()
            except TimeoutError:
                pass
            self._soon.clear()
            for passed in tuple(self._open):
                await self._check(passed)

    async def _check(self, passed: Passed) -> None:
        if self._recheck is None:
            return
        try:
            await self._recheck(passed.method, passed.metadata)
        except Unavailable as error:
            _log.warning("whether a worker may go on cannot be found out now: %s", error)
        except WorkflowError as error:
            passed.end(error)


@asynccontextmanager
async def worker_sessions(recheck: Recheck | None, tasks: Tasks) -> AsyncIterator[WorkerSessions]:
    """Look after sessions inside the block."""
    sessions = WorkerSessions(recheck)
    tasks.start(sessions.watch(), name="sessions of workers")
    yield sessions
