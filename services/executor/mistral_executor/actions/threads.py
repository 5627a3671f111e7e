"""Running blocking actions in threads.

Each gets a thread of its own, and a daemon: a thread that never comes back must not keep the process from ending.
Nothing can end a thread from outside; one whose action was given up counts until it comes back.
"""

import asyncio
import contextvars
import logging
import threading
from collections.abc import Callable
from typing import Any

from mistral_executor import measures

_log = logging.getLogger(__name__)


class Threads:
    """A number of threads for blocking work; what comes when all are taken waits.

    Args:
        limit: Most threads at once, those of given up work included.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._free = asyncio.Semaphore(limit)
        self._abandoned = 0

    async def run(self, work: Callable[[], Any], name: str) -> Any:
        """Run ``work`` as ``in_thread`` does.

        Args:
            name: What it is, for the log.
        """
        await self._free.acquire()
        returned = False
        given_up = False

        def ended() -> None:
            nonlocal returned
            returned = True
            self._free.release()
            if given_up:
                self._count(-1)

        try:
            return await in_thread(work, ended)
        except asyncio.CancelledError:
            if not returned:
                given_up = True
                self._count(1)
                _log.warning(
                    "%s was given up but its thread goes on; %d of %d threads are such",
                    name,
                    self._abandoned,
                    self._limit,
                )
            raise

    def _count(self, change: int) -> None:
        self._abandoned += change
        measures.ABANDONED.set(self._abandoned)


async def in_thread(work: Callable[[], Any], ended: Callable[[], None] | None = None) -> Any:
    """Run blocking ``work`` and return what it returns or raise what it raises.

    When the caller is cancelled the thread runs on unheard.

    Args:
        ended: Called in the loop when the thread is through, heard or not.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Any] = loop.create_future()
    context = contextvars.copy_context()

    def through(value: Any, error: BaseException | None) -> None:
        if ended is not None:
            ended()
        _answer(answer, value, error)

    def main() -> None:
        try:
            value, error = context.run(work), None
        except BaseException as raised:  # whatever an action raises is its answer
            value, error = None, raised
        try:
            loop.call_soon_threadsafe(through, value, error)
        except RuntimeError:
            # The loop is closed: the process is ending, and nobody waits any more.
            return

    try:
        threading.Thread(target=main, name="action", daemon=True).start()
    except RuntimeError as error:  # the system gives us no further one
        through(None, error)
    return await answer


def _answer(future: asyncio.Future[Any], value: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(value)
    elif isinstance(error, StopIteration):
        # A future takes any exception but this one.
        future.set_exception(RuntimeError("the action raised StopIteration"))
    else:
        future.set_exception(error)
