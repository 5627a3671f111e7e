"""Running blocking actions in threads.

Each gets a thread of its own (the executor's slots bound their number), and a daemon: a thread that never comes back
must not keep the process from ending.
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import Any


async def in_thread(work: Callable[[], Any]) -> Any:
    """Run blocking ``work`` and return what it returns or raise what it raises.

    When the caller is cancelled the thread runs on unheard.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Any] = loop.create_future()
    context = contextvars.copy_context()

    def main() -> None:
        try:
            value, error = context.run(work), None
        except BaseException as raised:  # whatever an action raises is its answer
            value, error = None, raised
        try:
            loop.call_soon_threadsafe(_answer, answer, value, error)
        except RuntimeError:
            # The loop is closed: the process is ending, and nobody waits any more.
            return

    threading.Thread(target=main, name="action", daemon=True).start()
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
