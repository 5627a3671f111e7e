"""How a service's process lives: its loop, its background tasks, and how it is told to stop."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import uvloop

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


def run(main: Coroutine[Any, Any, _T]) -> _T:
    """Run a service's ``main()`` on uvloop until it returns."""
    return uvloop.run(main)


async def until_stopped() -> None:
    """Return when the process is asked to stop (SIGTERM or SIGINT)."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, stopped.set)
    try:
        await stopped.wait()
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


class Tasks:
    """Background tasks of a service: they run as long as the service does.

    Use through ``supervised()``. A task that raises ends the ``async with`` block it lives in.
    """

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[Any]:
        """Start a task; when it ends by itself, that is fine, when it raises, the service stops."""
        task = self._group.create_task(self._watched(work, name), name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def cancel(self) -> None:
        for task in tuple(self._running):
            task.cancel()

    @staticmethod
    async def _watched(work: Coroutine[Any, Any, _T], name: str) -> _T:
        try:
            return await work
        except Exception:
            _log.critical("background task %s crashed", name, exc_info=True)
            raise


@asynccontextmanager
async def supervised() -> AsyncIterator[Tasks]:
    """Yield ``Tasks``; they are cancelled and awaited on the way out.

    Raises:
        ExceptionGroup: If a task crashed: the block is cancelled first, so the service stops at once.
    """
    async with asyncio.TaskGroup() as group:
        tasks = Tasks(group)
        try:
            yield tasks
        finally:
            tasks.cancel()
