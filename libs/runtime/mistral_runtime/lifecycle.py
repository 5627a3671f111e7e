"""How a service's process lives: its loop, its background tasks, and how it is told to stop."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import uvloop

from mistral_runtime.settings import SettingError

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


def run(main: Coroutine[Any, Any, _T]) -> _T:
    """Run a service's ``main()`` on uvloop until it returns; a wrong setting ends the process with its message."""
    try:
        return uvloop.run(main)
    except SettingError as error:
        raise SystemExit(str(error)) from None


async def until_stopped() -> None:
    """Return when the process is asked to stop (SIGTERM or SIGINT); a second signal then ends it at once."""
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
    """Background tasks that live as long as the ``supervised()`` block they belong to."""

    def __init__(self) -> None:
        self._owner = asyncio.current_task()
        self._running: set[asyncio.Task[Any]] = set()
        self._closing = False
        self._interrupting = False
        self.crash: BaseException | None = None

    def start(self, work: Coroutine[Any, Any, _T], *, name: str) -> asyncio.Task[_T]:
        """Start a task. It may end by itself or be cancelled; when it raises, the block is cancelled."""
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    async def close(self) -> None:
        self._closing = True
        for task in self._running:
            task.cancel()
        while self._running or self._interrupting:
            try:
                await (asyncio.wait(self._running) if self._running else asyncio.sleep(0))
            except asyncio.CancelledError:
                # Our own interruption may arrive only now, when the block had ended already.
                if not self.interrupted():
                    raise
            else:
                self.interrupted()

    def interrupted(self) -> bool:
        """Whether a cancellation that has just arrived was ours alone, because a task crashed; true only once."""
        if self._owner is None or not self._interrupting:
            return False
        self._interrupting = False
        return self._owner.uncancel() == 0

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        _log.critical("background task %s crashed", task.get_name(), exc_info=error)
        if self.crash is None:
            self.crash = error
            if self._owner is not None and not self._closing:
                self._interrupting = self._owner.cancel()


@asynccontextmanager
async def supervised() -> AsyncIterator[Tasks]:
    """Yield ``Tasks``; they are cancelled and awaited on the way out.

    When one crashes, the block is cancelled and the error is raised out of it: a service stops loudly rather than
    going on without a part of itself.
    """
    tasks = Tasks()
    try:
        yield tasks
    except asyncio.CancelledError:
        if not tasks.interrupted():
            raise
    finally:
        await tasks.close()
    if tasks.crash is not None:
        raise tasks.crash
