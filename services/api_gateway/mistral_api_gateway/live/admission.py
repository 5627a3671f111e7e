"""Streams end when whoever opened them would not be let in any more: his key was revoked, or his token ran out."""

import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final, TypeVar

from mistral_api_gateway.operations.caller import PROOF
from mistral_core.errors import Unavailable

_Item = TypeVar("_Item")

EVERY_SECONDS: Final = 5.0


async def admitted(source: AsyncIterator[_Item], *, every: float = EVERY_SECONDS) -> AsyncIterator[_Item]:
    """Yield what a stream gives, as long as its caller would be let in; that is asked when something comes.

    Streams give something every few seconds, if only the news that there was nothing.

    Raises:
        Unauthenticated: If the caller would be let in no more.
    """
    still = PROOF.get()
    asked = time.monotonic()
    async for item in source:
        if still is not None and time.monotonic() - asked >= every:
            # Whoever says who one is may not be there to be asked now; that is no refusal.
            with suppress(Unavailable):
                await still()
            asked = time.monotonic()
        yield item
