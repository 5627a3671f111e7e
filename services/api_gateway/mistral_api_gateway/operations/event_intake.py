"""Events that come by request: proved, bounded, stored; answered once that is durable. Nobody signs in for it."""

import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import msgspec

from mistral_api_gateway.operations.received_events import ReceivedEvents
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import InvalidInput, LimitExceeded, Unauthenticated
from mistral_core.event_triggers.alerts import alerts
from mistral_core.event_triggers.checking import AlertSettings, HookSettings, Kind
from mistral_core.event_triggers.event import stored_id
from mistral_core.event_triggers.hooks import hook
from mistral_core.event_triggers.incoming import Incoming, checked, decoded
from mistral_core.event_triggers.rate import Bucket
from mistral_core.event_triggers.signatures import prove
from mistral_persistence import event_sources, received_events
from mistral_persistence.received_events import NewEvent

_MOST_BUCKETS: Final = 10_000
_NOTED_SECONDS: Final = 10.0
_REFUSED: Final = "There is no such event source, or the request does not prove that it may use it"


@dataclass(frozen=True, slots=True)
class Taken:
    """Ids of stored events, and how many of them had been stored before."""

    ids: Sequence[str]
    duplicates: int


class EventIntake:
    """Takes events of webhooks. Rates are counted by each gateway for itself."""

    def __init__(self, store: Store, received: ReceivedEvents) -> None:
        self._store = store
        self._received = received
        self._noted: dict[str, float] = {}
        self._buckets: OrderedDict[tuple[str, int], Bucket] = OrderedDict()

    async def take(self, name: str, headers: Mapping[str, str], body: bytes) -> Taken:
        """Store what a request says.

        Args:
            headers: By their names in lower case.

        Raises:
            Unauthenticated: If there is no such source, or the request does not prove itself. Both say the same.
            LimitExceeded: If the source sends too much.
            InvalidInput: If the request says nothing that can be taken.
        """
        source = await self._proved(name, headers, body)
        try:
            self._within(source, len(body))
            events = [self._stored(source, checked(one)) for one in _events(source, headers, body)]
            self._paid(source, len(events))
        except (InvalidInput, LimitExceeded) as error:
            await self._store.read(event_sources.note, source["id"], refused=1)
            await self._store.read(event_sources.note_error, source["id"], str(error))
            raise
        async with self._store.transaction() as connection:
            fresh = await received_events.store(connection, events)
            repeats = len({event.id for event in events}) - len(fresh)
            await event_sources.note(connection, source["id"], received=len(fresh), duplicates=repeats)
        if fresh:
            self._received.wake()
        return Taken(list(dict.fromkeys(event.id for event in events)), repeats)

    async def _proved(self, name: str, headers: Mapping[str, str], body: bytes) -> Any:
        source = await self._store.read(event_sources.with_secret, name)
        if source is None or source["kind"] not in (Kind.WEBHOOK, Kind.ALERTMANAGER):
            raise Unauthenticated(_REFUSED)
        rule = _settings(source)
        try:
            prove(rule.proof, source["secret"], headers, body, now=time.time(), header=rule.header.lower())
        except Unauthenticated as error:
            # What exactly is wrong is for whoever keeps the source, not for whoever tries it; and not at every try.
            if time.monotonic() - self._noted.get(source["id"], -_NOTED_SECONDS) >= _NOTED_SECONDS:
                self._noted[source["id"]] = time.monotonic()
                await self._store.read(event_sources.note_error, source["id"], str(error))
            raise Unauthenticated(_REFUSED) from None
        return source

    def _within(self, source: Any, size: int) -> None:
        # A message may hold several alerts.
        most = source["max_bytes"] * (10 if source["kind"] == Kind.ALERTMANAGER else 1)
        if size > most:
            raise InvalidInput(f"The request has {size} bytes; the source takes at most {most}")
        self._paid(source, 0)

    def _paid(self, source: Any, events: int) -> None:
        """Count events; those of one request are taken together, what comes after them waits."""
        key = source["id"], source["rate_per_minute"]
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(source["rate_per_minute"], time.monotonic())
            if len(self._buckets) > _MOST_BUCKETS:
                self._buckets.popitem(last=False)
        if not events:
            if (seconds := bucket.refused(time.monotonic())) > 0:
                raise LimitExceeded(f"The source sends too much: try again in {max(1, round(seconds))} seconds")
            return
        for _ in range(events - 1):
            bucket.reserved(time.monotonic())

    def _stored(self, source: Any, event: Incoming) -> NewEvent:
        own = source["tenancy"] == "event"
        if own and not event.project:
            raise InvalidInput("The event does not say whose it is")
        payload = msgspec.json.encode(event.payload)
        if len(payload) > source["max_bytes"]:
            raise InvalidInput(f"The payload has {len(payload)} bytes; the source takes at most {source['max_bytes']}")
        return NewEvent(
            id=stored_id(source["id"], event.event_id),
            source_id=source["id"],
            source=source["name"],
            event_id=event.event_id,
            project=event.project if own else source["project_id"],
            scope="private",
            exchange=source["exchange"],
            topic=source["topic"],
            event=event.type,
            publisher=event.publisher,
            user=event.user,
            happened_at=event.happened_at,
            payload=payload.decode(),
        )


def _settings(source: Any) -> HookSettings | AlertSettings:
    if source["kind"] == Kind.WEBHOOK:
        return msgspec.json.decode(source["settings"], type=HookSettings)
    return msgspec.json.decode(source["settings"], type=AlertSettings)


def _events(source: Any, headers: Mapping[str, str], body: bytes) -> list[Incoming]:
    rule = _settings(source)
    if isinstance(rule, AlertSettings):
        return alerts(decoded(body))
    return [hook(body, headers, usual_id=str(uuid4()), usual_type=rule.event_type)]
