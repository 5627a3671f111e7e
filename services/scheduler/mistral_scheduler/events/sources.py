"""Which sources this scheduler listens to: those it holds a claim on, each heard by one scheduler at a time.

A claim is renewed while its scheduler lives; when it runs out another one listens. Should two hear the same for a
moment, what both take is one event all the same.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol

from mistral_persistence import event_sources
from mistral_persistence.database import Pool
from mistral_persistence.outage import OUTAGE
from mistral_scheduler.events.intake import Intake

_log = logging.getLogger(__name__)

CLAIM_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 2.0
_FIRST_REST, _LONGEST_REST = 1.0, 60.0


class SourceBroken(Exception):
    """A source cannot be listened to as it is; the message says why, without secrets."""


class Listen(Protocol):
    """Listens to a source until cancelled; raises SourceBroken, or OSError if it is away."""

    def __call__(self, source: Any, intake: Intake) -> Awaitable[None]: ...


class Sources:
    """Listens to all sources that nobody else listens to.

    Args:
        owner: This scheduler, as claims name it.
        listeners: How a source of each kind is listened to.
        forget: Called with a source that this scheduler listened to and that is gone or disabled now.
    """

    def __init__(
        self,
        pool: Pool,
        owner: str,
        listeners: Mapping[str, Listen],
        look: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._owner = owner
        self._listeners = listeners
        self._look = look
        self._running: dict[str, tuple[object, asyncio.Task[None]]] = {}

    async def run(self) -> None:
        """Listen for ever; a store that is away is waited for."""
        try:
            while True:
                try:
                    await self._follow()
                except OUTAGE as error:
                    _log.warning("event sources are looked after later: %s", type(error).__name__)
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            await self._stop(list(self._running))

    async def release(self) -> None:
        """Leave the sources to the other schedulers; call after ``run()`` was cancelled."""
        try:
            await event_sources.release(self._pool, self._owner)
        except OUTAGE as error:
            _log.info("event sources stay claimed for %g s: %s", CLAIM_SECONDS, type(error).__name__)

    async def _follow(self) -> None:
        kinds = list(self._listeners)
        rows = await event_sources.claim(self._pool, self._owner, kinds=kinds, seconds=CLAIM_SECONDS)
        ours = {row["id"]: row for row in rows}
        changed = [
            id
            for id, (version, task) in self._running.items()
            if id not in ours or ours[id]["changed_at"] != version or task.done()
        ]
        await self._stop(changed)
        for id, row in ours.items():
            if id not in self._running:
                task = asyncio.create_task(self._listen(row), name=f"source {row['name']}")
                self._running[id] = (row["changed_at"], task)

    async def _stop(self, ids: list[str]) -> None:
        tasks = [self._running.pop(id)[1] for id in ids]
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                _log.error("an event source failed", exc_info=result)

    async def _listen(self, source: Any) -> None:
        """Listen again and again, with longer and longer rests while it fails."""
        intake = Intake(self._pool, source, self._look)
        rest = _FIRST_REST
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            reason = ""
            try:
                await self._listeners[source["kind"]](source, intake)
            except SourceBroken as error:
                reason = str(error)
            except OUTAGE:
                pass
            except (OSError, TimeoutError) as error:
                reason = str(error) or type(error).__name__
            if loop.time() - began > _LONGEST_REST:
                rest = _FIRST_REST
            try:
                await intake.wrong(reason)
            except OUTAGE:
                _log.warning("event source %s: %s", source["name"], reason)
            await asyncio.sleep(rest)
            rest = min(rest * 2, _LONGEST_REST)
