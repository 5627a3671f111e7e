"""Events that are done with are kept for a while, and no more than so many."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Final

from mistral_persistence.database import Pool
from mistral_persistence.outage import OUTAGE
from mistral_persistence.received_events import drop_events
from mistral_scheduler.events.settings import EventSettings

_log = logging.getLogger(__name__)

_EVERY_SECONDS: Final = 60.0
_BATCH: Final = 1000


async def forget(pool: Pool, settings: EventSettings) -> None:
    """Forget what is old or too much, for ever."""
    while True:
        try:
            await forget_once(pool, settings)
        except OUTAGE as error:
            _log.warning("old events are looked after later: %s", type(error).__name__)
        await asyncio.sleep(_EVERY_SECONDS)


async def forget_once(pool: Pool, settings: EventSettings) -> int:
    """Forget in batches what is old or too much; return how many events went."""
    dropped, gone = 0, _BATCH
    while gone == _BATCH:
        now = datetime.now(UTC)
        before = now - timedelta(days=settings.keep_days)
        gone = await drop_events(pool, before=before, keep=settings.keep_count, now=now, limit=_BATCH)
        dropped += gone
    if dropped:
        _log.info("forgot %d events", dropped)
    return dropped
