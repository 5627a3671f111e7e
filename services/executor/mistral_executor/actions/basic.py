"""The small actions of the standard set: doing nothing, answering, failing, sleeping."""

import asyncio
import math
from collections.abc import Coroutine
from typing import Any

from mistral_executor.actions.declaration import action
from mistral_executor.actions.errors import ActionError

_LONGEST_SECONDS = 10.0 * 365 * 24 * 3600


@action(idempotent=True, quick=True)
def noop() -> None:
    """Does nothing."""


@action(idempotent=True, quick=True, synchronous=False)
def async_noop() -> None:
    """Waits until somebody completes it by its id."""


@action(idempotent=True, quick=True)
def echo(output: Any, delay: Any = 0) -> Any:
    """Returns `output`, after `delay` seconds if that is more than 0."""
    seconds = _seconds(delay)
    return output if seconds == 0 else _later(seconds, output)


@action(idempotent=True, quick=True)
def fail(error_data: Any = None) -> None:
    """Fails with `error_data`, or with a text of its own."""
    if error_data:
        raise ActionError(error_data)
    raise RuntimeError("Fail action expected exception.")


@action(idempotent=True, quick=True)
def sleep(seconds: Any = 1) -> Coroutine[Any, Any, None] | None:
    """Waits for `seconds`; whole ones, and anything that is no number of them is 0."""
    wait = math.floor(_seconds(seconds))
    return None if wait == 0 else _later(wait, None)


@action(idempotent=True, quick=True)
def dictionary(size: int = 0, key_prefix: str = "", val: Any = "") -> dict[str, Any]:
    """Returns a dictionary of `size` keys, each with the value `val`."""
    return {f"{key_prefix}{number}": val for number in range(int(size))}


def _seconds(value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    # Also when it is "nan".
    return min(seconds, _LONGEST_SECONDS) if seconds > 0 else 0.0


async def _later(seconds: float, value: Any) -> Any:
    await asyncio.sleep(seconds)
    return value
