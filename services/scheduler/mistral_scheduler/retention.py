"""Removing executions whose time is over, a few at once: by whichever scheduler comes first, and by one at a time."""

import asyncio
import logging
import time
from datetime import UTC, datetime
from typing import Final

import asyncpg

from mistral_persistence import expired, expiry
from mistral_persistence.database import Pool
from mistral_persistence.outage import OUTAGE
from mistral_persistence.retention_policies import Policy, drop_policy, policies, put_policy
from mistral_runtime.metrics import counter, gauge
from mistral_scheduler.archive import ArchiveFolder
from mistral_scheduler.retention_settings import RetentionSettings

_log = logging.getLogger(__name__)

_AGAIN_SECONDS: Final = 60.0
_LEAST_PAUSE_SECONDS: Final = 0.02
# As long as a batch took, so that at most half of the time is theirs.
_PAUSE_SHARE: Final = 1.0
_LATER: tuple[type[Exception], ...] = (*OUTAGE, OSError, asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)

_GONE = counter("retention_removed", "Executions removed because their time was over")
_KEPT = counter("retention_archived", "Executions written to the archive")
_LAST = gauge("retention_last_run_seconds", "When it was last looked what goes, in seconds since the epoch")


class Retention:
    """Removes what policies say, again and again."""

    def __init__(self, pool: Pool, settings: RetentionSettings) -> None:
        self._pool = pool
        self._settings = settings
        self._archive = ArchiveFolder(settings.archive, pool) if settings.archive is not None else None

    async def run(self) -> None:
        """Do it every so many minutes; never returns."""
        published = False
        while True:
            try:
                if not published:
                    await self.publish()
                    published = True
                await self.once()
            except _LATER as error:
                _log.warning("executions whose time is over are removed later: %s", type(error).__name__)
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                await asyncio.sleep(self._settings.interval_minutes * 60.0)

    async def publish(self) -> None:
        """Put the policy of the settings where everybody reads it; a mesh has one, that of who started last."""
        policy = self._settings.policy
        if policy.older_than_minutes is None and policy.max_finished is None:
            await drop_policy(self._pool, policy.project)
        else:
            await put_policy(self._pool, policy)

    async def once(self) -> int:
        """Remove all that is over now, unless another scheduler does; return how many executions went."""
        async with self._pool.acquire() as connection:
            if not await expiry.alone(connection):
                return 0
            try:
                removed = 0
                for policy in await policies(connection):
                    removed += await self._by(policy)
            finally:
                await expiry.done(connection)
        _LAST.set(time.time())
        if removed:
            _log.info("removed %d executions whose time was over", removed)
        return removed

    async def _by(self, policy: Policy) -> int:
        limits = await expired.limits_of(self._pool, policy, datetime.now(UTC))
        removed = 0
        for alone in (False, True):
            place = expired.START
            while True:
                # What stays for some reason is passed over, and looked at again the next time.
                places = await expired.expired(self._pool, limits, after=place, limit=self._settings.batch, alone=alone)
                if not places:
                    break
                place = places[-1]
                removed += await self._batch([each for _, each in places])
        return removed

    async def _batch(self, roots: list[str]) -> int:
        began = time.monotonic()
        archive = self._archive
        before = archive.written if archive else 0
        gone = await expiry.remove(self._pool, roots, archive.keep if archive else None)
        _GONE.inc(len(gone))
        if archive:
            _KEPT.inc(archive.written - before)
        await asyncio.sleep(max(_LEAST_PAUSE_SECONDS, (time.monotonic() - began) * _PAUSE_SHARE))
        return len(gone)
