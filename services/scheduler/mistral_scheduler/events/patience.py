"""Evaluating what takes longer than a moment: waited for, without holding up anything else."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from mistral_runtime.expressions import Known, NotYet, remembering

_T = TypeVar("_T")


async def evaluated(step: Callable[[], _T], *, until: float) -> _T:
    """Take a step that evaluates, again and again until it lacks no outcome.

    Args:
        until: Time of the loop at which to give up.

    Raises:
        TimeoutError: If it is not done by then.
    """
    known: Known = {}
    async with asyncio.timeout_at(until):
        while True:
            try:
                with remembering(known):
                    return step()
            except NotYet as wait:
                missing = wait
            await missing.into(known)
