"""The loop of the notifier: claim what there is room for, deliver it all at once, write down how it went.

At least once: a delivery leaves the store after it was made, so a notifier that dies in between makes it twice.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import replace

from mistral_notifier.delivery import Outcome, Retries, attempt
from mistral_notifier.destinations import FIRST_ROOM, Destinations
from mistral_notifier.publishers import Publishers
from mistral_persistence.database import Pool
from mistral_persistence.notifications import (
    ClaimedDelivery,
    claim_deliveries,
    release_deliveries,
    renew_deliveries,
    settle_deliveries,
)
from mistral_persistence.outage import OUTAGE
from mistral_runtime.bus import Message
from mistral_runtime.lifecycle import Tasks
from mistral_runtime.metrics import counter, gauge

_log = logging.getLogger(__name__)

WAKE_SUBJECT = "mistral.notifier.wake"
CLAIM_SECONDS = 6.0
_RENEW_SECONDS = 2.0
_POLL_SECONDS = 1.0
_AGAIN_SECONDS = 0.25
# Well within the claim, which nobody renews any more.
_DRAIN_SECONDS = 3.0

_ATTEMPTS = counter("notifier_attempts", "Attempts to deliver", ("outcome",))
_RUNNING = gauge("notifier_running", "Deliveries under way")


class Dispatch:
    """Delivers what this replica claims.

    Attributes:
        delivered: Deliveries made since the start.
    """

    def __init__(self, pool: Pool, publishers: Publishers, retries: Retries, *, slots: int) -> None:
        self._pool = pool
        self._publishers = publishers
        self._retries = retries
        self._slots = slots
        self._destinations = Destinations()
        # Claimed by us and not yet written down: renewed until it is.
        self._held: dict[int, ClaimedDelivery] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self._ended: list[Outcome] = []
        self._anything_ended = asyncio.Event()
        self._wake = asyncio.Event()
        self.delivered = 0

    async def woken(self, message: Message | None = None) -> None:
        """Take a wake message; also after a replay."""
        del message
        self.wake()

    def wake(self) -> None:
        """Look for deliveries now."""
        self._wake.set()

    def start(self, tasks: Tasks) -> None:
        tasks.start(self._claim(), name="claiming")
        tasks.start(self._settle(), name="settling")
        tasks.start(self._renew(), name="renewing")

    async def stop(self) -> None:
        """Let what is under way end, break off the rest and leave it to others; the background tasks have ended."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_DRAIN_SECONDS)
        for task in tuple(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        try:
            await self._write_down(self._ended)
            await release_deliveries(self._pool, list(self._held))
        except OUTAGE as error:
            _log.info("deliveries stay claimed for %g s: %s", CLAIM_SECONDS, type(error).__name__)

    async def _claim(self) -> None:
        while True:
            self._wake.clear()
            wait = _POLL_SECONDS
            try:
                await self._claim_once()
            except OUTAGE as error:
                _log.warning("the store is away: %s", type(error).__name__)
                wait = _AGAIN_SECONDS
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _claim_once(self) -> None:
        free = self._slots - len(self._under_way)
        if free <= 0:
            return
        claimed = await claim_deliveries(
            self._pool,
            room=self._destinations.room(time.monotonic()),
            default_room=FIRST_ROOM,
            limit=free,
            claim_seconds=CLAIM_SECONDS,
        )
        for line in claimed:
            self._held.update((delivery.id, delivery) for delivery in line)
            self._destinations.begin(line[0].destination)
            task = asyncio.create_task(self._deliver(line))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        _RUNNING.set(len(self._held))

    async def _deliver(self, line: Sequence[ClaimedDelivery]) -> None:
        """Make the deliveries of a line one after the other, until one fails."""
        unreachable, again_after = True, None
        try:
            for place, delivery in enumerate(line):
                outcome = await attempt(delivery, self._publishers, self._retries)
                unreachable, again_after = outcome.unreachable, outcome.again_after
                if outcome.failed is not None:
                    outcome = replace(outcome, behind=tuple(each.id for each in line[place + 1 :]))
                self._ended.append(outcome)
                self._anything_ended.set()
                if outcome.failed is not None:
                    break
        finally:
            self._destinations.end(
                line[0].destination, time.monotonic(), unreachable=unreachable, again_after=again_after
            )

    async def _settle(self) -> None:
        while True:
            await self._anything_ended.wait()
            self._anything_ended.clear()
            ended = self._ended
            try:
                await self._write_down(ended)
            except OUTAGE as error:
                _log.warning("the store is away: %s", type(error).__name__)
                await asyncio.sleep(_AGAIN_SECONDS)
                self._anything_ended.set()
                continue
            # There is room again, and perhaps more to deliver.
            self._wake.set()

    async def _write_down(self, ended: Sequence[Outcome]) -> None:
        batch = list(ended)
        done = [outcome.delivery.id for outcome in batch if outcome.is_over]
        failed = [outcome.failed for outcome in batch if outcome.failed is not None and not outcome.is_over]
        attempts = [line for outcome in batch if (line := outcome.logged()) is not None]
        await settle_deliveries(self._pool, done, failed, attempts)
        del self._ended[: len(batch)]
        for outcome in batch:
            for held in (outcome.delivery.id, *outcome.behind):
                self._held.pop(held, None)
        made = sum(outcome.failed is None for outcome in batch)
        self.delivered += made
        _ATTEMPTS.labels("delivered").inc(made)
        _ATTEMPTS.labels("failed").inc(len(batch) - made)
        _RUNNING.set(len(self._held))

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            if not self._held:
                continue
            try:
                await renew_deliveries(self._pool, list(self._held), claim_seconds=CLAIM_SECONDS)
            except OUTAGE as error:
                _log.warning("claims could not be renewed: %s", type(error).__name__)
