"""From what a source tells to stored events: bounded, stored, counted; only then is the source told."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from mistral_core.errors import InvalidInput
from mistral_core.event_triggers.event import MESH_EXCHANGE, stored_id
from mistral_core.event_triggers.incoming import Incoming, checked
from mistral_core.event_triggers.rate import Bucket
from mistral_persistence import event_sources, received_events
from mistral_persistence.database import Pool
from mistral_persistence.received_events import NewEvent

_log = logging.getLogger(__name__)

OF_EVENT: Final = "event"
"""Tenancy of a source whose events say themselves whose they are."""


class Intake:
    """Takes the events of one source.

    Args:
        source: Row of the source.
        look: Called when something was stored.
    """

    def __init__(self, pool: Pool, source: Any, look: Callable[[], None]) -> None:
        self._pool = pool
        self._source = source
        self._look = look
        self._bucket = Bucket(source["rate_per_minute"], time.monotonic())
        self._error = ""

    @property
    def batch(self) -> int:
        """How many events to take at once: what may come in ten seconds, at most 100."""
        per_minute: int = self._source["rate_per_minute"]
        return max(1, min(100, per_minute // 6))

    @property
    def max_bytes(self) -> int:
        """Largest event that is taken."""
        most: int = self._source["max_bytes"]
        return most

    async def take(self, events: Sequence[tuple[Incoming, str, str]]) -> None:
        """Store events, each with its exchange and topic; returns once that is durable.

        What comes faster than the source may is held back here, so its source keeps the rest.
        """
        for _ in events:
            if (seconds := self._bucket.reserved(time.monotonic())) > 0:
                await asyncio.sleep(seconds)
        made, refused = [], 0
        for event, exchange, topic in events:
            try:
                made.append(self._made(checked(event), exchange, topic))
            except InvalidInput as error:
                refused += 1
                await self.wrong(str(error))
        if refused:
            await event_sources.note(self._pool, self._source["id"], refused=refused)
        if not made:
            return
        fresh = await received_events.store(self._pool, made)
        self._look()
        repeats = len(made) - len(fresh)
        await event_sources.note(self._pool, self._source["id"], received=len(fresh), duplicates=repeats)

    async def refuse(self, reason: str) -> None:
        """Note something that can never be taken."""
        await event_sources.note(self._pool, self._source["id"], refused=1)
        await self.wrong(reason)

    async def wrong(self, reason: str) -> None:
        """Note what is wrong with the source; empty once it is well. Told once, however often it happens."""
        if reason == self._error:
            return
        self._error = reason
        if reason:
            _log.warning("event source %s: %s", self._source["name"], reason)
        await event_sources.note_error(self._pool, self._source["id"], reason)

    def _made(self, event: Incoming, exchange: str, topic: str) -> NewEvent:
        if exchange == MESH_EXCHANGE:
            raise InvalidInput(f"The exchange {MESH_EXCHANGE!r} is the mesh's own")
        source = self._source
        own = source["tenancy"] == OF_EVENT
        if own and not event.project:
            raise InvalidInput("The event does not say whose it is")
        return NewEvent(
            id=stored_id(source["id"], event.event_id),
            source_id=source["id"],
            source=source["name"],
            event_id=event.event_id,
            project=event.project if own else source["project_id"],
            scope="private",
            exchange=exchange,
            topic=topic,
            event=event.type,
            publisher=event.publisher,
            user=event.user,
            happened_at=event.happened_at,
            payload=payload_text(event.payload, source["max_bytes"]),
        )


def payload_text(payload: Any, most: int) -> str:
    """Return the JSON text of a payload.

    Raises:
        InvalidInput: If it is too large, or a text in it holds the character NUL.
    """
    found = msgspec.json.encode(payload)
    if len(found) > most:
        raise InvalidInput(f"The payload has {len(found)} bytes; the source takes at most {most}")
    return found.decode()
