"""Keeps the gateway's knowledge of maintenance fresh: looked up every second, and whenever somebody says it changed."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from mistral_api_gateway.operations.maintenance import SUBJECT, Maintenance
from mistral_core.errors import Unavailable
from mistral_runtime.bus import Bus, Message
from mistral_runtime.lifecycle import Tasks

_log = logging.getLogger(__name__)
_FRESH_SECONDS: Final = 1.0


@asynccontextmanager
async def keeping_fresh(maintenance: Maintenance, bus: Bus, tasks: Tasks) -> AsyncIterator[None]:
    """Know how the mesh stands from before the block begins until it ends."""
    changed = asyncio.Event()

    async def heard(message: Message) -> None:
        changed.set()

    subscription = await bus.subscribe(SUBJECT, heard)
    await _look(maintenance)
    watching = tasks.start(_watch(maintenance, changed), name="maintenance")
    try:
        yield
    finally:
        watching.cancel()
        await subscription.unsubscribe()


async def _watch(maintenance: Maintenance, changed: asyncio.Event) -> None:
    while True:
        try:
            async with asyncio.timeout(_FRESH_SECONDS):
                await changed.wait()
        except TimeoutError:
            pass
        changed.clear()
        await _look(maintenance)


async def _look(maintenance: Maintenance) -> None:
    try:
        await maintenance.look()
    except Unavailable as error:
        _log.debug("whether the mesh is in maintenance is not known anew: %s", error)
