"""What has to be done now and then, by whichever replica comes first: the past is kept as long as wanted."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import asyncpg

from mistral_persistence.cron_starts import drop_old
from mistral_persistence.database import Pool
from mistral_persistence.notifications import drop_dead_deliveries
from mistral_persistence.outage import OUTAGE
from mistral_persistence.retention import drop_history_before, prepare_history
from mistral_persistence.standalone import drop_forgotten

_log = logging.getLogger(__name__)

# Often enough that a day's partition is there long before its day, whenever the last start was.
_EVERY_SECONDS = 3600.0
_AGAIN_SECONDS = 60.0
_BATCH = 1000
# Runs of each cron trigger.
_RUNS_KEPT = 100
_LEFT_OVER = timedelta(minutes=10)
_LATER: tuple[type[Exception], ...] = (*OUTAGE, asyncpg.LockNotAvailableError)


async def maintain(pool: Pool, *, history_days: int) -> None:
    """Keep the history as wide as wanted; never returns."""
    while True:
        try:
            await maintain_once(pool, history_days=history_days)
        except _LATER as error:
            _log.warning("history is looked after later: %s", type(error).__name__)
            await asyncio.sleep(_AGAIN_SECONDS)
        else:
            await asyncio.sleep(_EVERY_SECONDS)


async def maintain_once(pool: Pool, *, history_days: int) -> int:
    """Make coming days, drop those past the retention and given-up deliveries as old; return how many days went."""
    await prepare_history(pool)
    oldest = datetime.now(UTC) - timedelta(days=history_days)
    dropped = await drop_history_before(pool, oldest)
    if dropped:
        _log.info("dropped %d days of history", dropped)
    gone = _BATCH
    while gone == _BATCH:
        gone = await drop_dead_deliveries(pool, before=oldest, limit=_BATCH)
    left_over = datetime.now(UTC) - _LEFT_OVER
    while await drop_forgotten(pool, before=left_over, limit=_BATCH) == _BATCH:
        pass
    while await drop_old(pool, kept=_RUNS_KEPT, limit=_BATCH) == _BATCH:
        pass
    return dropped
