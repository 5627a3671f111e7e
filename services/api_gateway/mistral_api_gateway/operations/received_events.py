"""Received events: what came, what became of it, and making one by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import msgspec

from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.definition_scope import PRIVATE, checked_scope
from mistral_api_gateway.operations.finding import Finding
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import InvalidInput, NotFound
from mistral_core.event_triggers import checking
from mistral_core.event_triggers.event import MESH_EXCHANGE, NAMED_TOPIC, Event, stored_id
from mistral_core.event_triggers.incoming import decoded
from mistral_core.event_triggers.reaction import Binding, Trigger, Verdict, declined
from mistral_persistence import event_reactions, received_events
from mistral_persistence import received_events as rows
from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Page
from mistral_runtime.bus import Bus

WAKE_SUBJECT: Final = "mistral.received"
MANUAL: Final = "manual"
_MOST_EXPLAINED: Final = 1000
_LONGEST_KEY: Final = 128
_PENDING: Final = "PENDING"

Verdicts = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FiringRequest:
    """An event to be made by hand.

    Attributes:
        event: Its type, or its logical name where neither exchange nor topic is said.
        payload: JSON text; empty for null.
        key: A repeat of it is the same event; empty for a new one.
    """

    event: str
    payload: bytes = b""
    exchange: str = ""
    topic: str = ""
    scope: str | None = None
    key: str = ""


class ReceivedEvents:
    """What can be done with received events."""

    def __init__(self, store: Store, bus: Bus) -> None:
        self._store = store
        self._bus = bus

    async def fire(self, caller: Caller, wanted: FiringRequest) -> rows.Row:
        """Make an event.

        Raises:
            InvalidInput: If a part of it is missing or wrong.
            Forbidden: If it is to be public, and the caller may not make such.
        """
        scope = checked_scope(caller, wanted.scope or PRIVATE, "event_bindings")
        named = not (wanted.exchange or wanted.topic)
        exchange, topic = (MESH_EXCHANGE, NAMED_TOPIC) if named else (wanted.exchange, wanted.topic)
        checking.check_place(exchange, topic, wanted.event)
        if len(wanted.payload) > checking.USUAL_BYTES:
            raise InvalidInput(f"The payload has at most {checking.USUAL_BYTES} bytes", field="payload")
        if len(wanted.key) > _LONGEST_KEY:
            raise InvalidInput(f"The id has at most {_LONGEST_KEY} characters", field="request_id")
        payload = msgspec.json.encode(decoded(wanted.payload) if wanted.payload.strip() else None)
        event_id = wanted.key or str(uuid4())
        new = rows.NewEvent(
            id=stored_id(f"{MANUAL}/{caller.project}", event_id),
            source_id=None,
            source=MANUAL,
            event_id=event_id,
            project=caller.project,
            scope=scope or PRIVATE,
            exchange=exchange,
            topic=topic,
            event=wanted.event,
            publisher="",
            user=caller.user[:255],
            happened_at="",
            payload=payload.decode(),
        )
        async with self._store.transaction() as connection:
            await rows.store(connection, [new])
            row = await _FOUND.visible(connection, caller, new.id)
        self.wake()
        return row

    def wake(self) -> None:
        """Have the schedulers look at what was stored; they look by themselves in a moment, too."""
        self._bus.send(WAKE_SUBJECT, b"")

    async def get(self, caller: Caller, event_id: str) -> rows.Row:
        """Return an event. Raises NotFound if none visible has that id."""
        return await self._store.read(_FOUND.visible, caller, event_id)

    async def page(self, caller: Caller, wanted: Page) -> list[rows.Row]:
        """Return a page of the events that the caller sees."""
        return await self._store.page(rows.page, rows.EVENTS, wanted, project=caller.scope)

    async def explain(self, caller: Caller, event_id: str, *, all: bool = False) -> Verdicts:
        """Return what each trigger and binding that the caller has made of an event, and why.

        Args:
            all: Also those that wait for something else.

        Raises:
            NotFound: If none visible has that id.
        """
        return await self._store.read(_explained, caller, event_id, all=all)


async def _explained(source: Pool | Connection, caller: Caller, event_id: str, *, all: bool) -> Verdicts:
    row = await _FOUND.visible(source, caller, event_id)
    event = event_reactions.event_of(row)
    known = [dict(one) for one in await received_events.verdicts(source, event_id, project=caller.scope)]
    there = {one["trigger_id"] for one in known}
    triggers, bindings = await event_reactions.all_of(source, caller.scope, limit=_MOST_EXPLAINED)
    candidates: list[tuple[Trigger | Binding, Any]] = [*triggers, *bindings]
    for wanted, made_at in candidates:
        if wanted.id in there:
            continue
        verdict, reason = _now(wanted, made_at, event, done=row["state"] == "DONE")
        if all or verdict is not Verdict.NOT_MATCHED:
            kind = "trigger" if isinstance(wanted, Trigger) else "binding"
            known.append(
                {
                    **{"trigger_id": wanted.id, "kind": kind, "name": wanted.name, "project_id": wanted.project},
                    **{"verdict": str(verdict), "reason": reason, "execution_id": None, "at": None},
                }
            )
    return known


def _now(wanted: Trigger | Binding, made_at: Any, event: Event, *, done: bool) -> tuple[str, str]:
    """Return what can be said of a trigger that nothing was written down about."""
    found = declined(wanted, event)
    if found is not None:
        return found.verdict, found.reason
    if made_at > event.received_at:
        return Verdict.LATER, "it was made after the event was received"
    if not done:
        return _PENDING, "the event was not looked at yet"
    return Verdict.LATER, "it was enabled, or changed, after the event was received"


def _unknown(event_id: str) -> NotFound:
    return NotFound(f"Event not found [id={event_id}]")


_FOUND: Final = Finding(rows.find, "event", _unknown)
