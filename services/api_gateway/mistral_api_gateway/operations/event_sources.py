"""Event sources: where events come from. Their secrets go in here and never come out."""

from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.etags import hold
from mistral_api_gateway.operations.finding import Finding
from mistral_api_gateway.operations.json_text import object_of, text_of
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import InvalidInput, NotFound
from mistral_core.event_triggers import checking
from mistral_persistence import event_sources as rows
from mistral_persistence.listing import Page

_OF_EVENT: Final = "event"
_TENANCIES: Final = ("source", _OF_EVENT)
_MOST_SECRET: Final = 4096
_MOST_TEXT: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSourceRequest:
    """A source as it is sent; what is missing has its usual value, or stays as it is.

    Attributes:
        settings: JSON object of what its kind needs.
        secret: Signing secret, token or password; empty removes it.
    """

    name: str | None = None
    description: str | None = None
    kind: str | None = None
    enabled: bool | None = None
    exchange: str | None = None
    topic: str | None = None
    tenancy: str | None = None
    settings: bytes | None = None
    secret: str | None = None
    rate_per_minute: int | None = None
    max_bytes: int | None = None


class EventSources:
    """What can be done with event sources."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(self, caller: Caller, wanted: EventSourceRequest) -> rows.Row:
        """Store a source.

        Raises:
            InvalidInput: If a part of it is missing or wrong.
            Forbidden: If its events are to name their projects themselves, and the caller may not publish for all.
            Conflict: If there is one of that name in any project.
        """
        _check(caller, wanted)
        settings = object_of(wanted.settings or b"", "settings")
        name = wanted.name or ""
        new = rows.NewSource(
            id=str(uuid4()),
            project=caller.project,
            name=name,
            description=wanted.description or "",
            kind=wanted.kind or "",
            enabled=wanted.enabled is not False,
            exchange=wanted.exchange or name,
            topic=wanted.topic or "events",
            tenancy=wanted.tenancy or _TENANCIES[0],
            settings=text_of(settings),
            secret=wanted.secret or "",
            rate_per_minute=wanted.rate_per_minute or checking.USUAL_RATE,
            max_bytes=wanted.max_bytes or checking.USUAL_BYTES,
        )
        checking.check_source(new.kind, name, new.exchange, new.topic, settings)
        async with self._store.transaction() as connection:
            await rows.create(connection, new)
            return await _FOUND.visible(connection, caller, new.id)

    async def update(self, caller: Caller, name: str, wanted: EventSourceRequest, *, etag: str = "") -> rows.Row:
        """Replace what is sent of a source; settings only as a whole, name and kind never.

        Raises:
            InvalidInput: If a part of it is wrong.
            NotFound: If the caller has none of that name or id.
            Forbidden: As in ``create``.
        """
        if wanted.kind is not None or wanted.name is not None:
            raise InvalidInput("Name and kind of an event source cannot be changed", field="name")
        _check(caller, wanted)
        change = rows.SourceChange(
            description=wanted.description,
            enabled=wanted.enabled,
            exchange=wanted.exchange,
            topic=wanted.topic,
            tenancy=wanted.tenancy,
            settings=None if wanted.settings is None else text_of(object_of(wanted.settings, "settings")),
            secret=wanted.secret,
            rate_per_minute=wanted.rate_per_minute,
            max_bytes=wanted.max_bytes,
        )
        async with self._store.transaction() as connection:
            known = await _FOUND.own(connection, caller, name)
            await hold(connection, "event_source", known["id"], etag)
            settings = object_of(change.settings or known["settings"], "settings")
            exchange, topic = change.exchange or known["exchange"], change.topic or known["topic"]
            checking.check_source(known["kind"], known["name"], exchange, topic, settings)
            await rows.update(connection, known["id"], change)
            return await _FOUND.visible(connection, caller, known["id"])

    async def get(self, caller: Caller, name: str) -> rows.Row:
        """Return a source. Raises NotFound if the caller has none of that name or id."""
        return await self._store.read(_FOUND.visible, caller, name)

    async def page(self, caller: Caller, wanted: Page) -> list[rows.Row]:
        """Return a page of the sources that the caller sees."""
        return await self._store.page(rows.page, rows.SOURCES, wanted, project=caller.scope)

    async def delete(self, caller: Caller, name: str, *, etag: str = "") -> None:
        """Remove a source; events that it brought stay. Raises NotFound if the caller has none of that name or id."""
        async with self._store.transaction() as connection:
            known = await _FOUND.own(connection, caller, name)
            await hold(connection, "event_source", known["id"], etag)
            await rows.delete(connection, known["id"])


def _check(caller: Caller, wanted: EventSourceRequest) -> None:
    if wanted.tenancy is not None and wanted.tenancy not in _TENANCIES:
        raise InvalidInput("The tenancy must be source or event", field="tenancy")
    if wanted.tenancy == _OF_EVENT:
        # Whoever may do so puts events into every project.
        caller.demand("event_sources:publicize")
    for name in ("rate_per_minute", "max_bytes"):
        if (value := getattr(wanted, name)) is not None:
            checking.checked_number(value, name)
    if len(wanted.secret or "") > _MOST_SECRET:
        raise InvalidInput(f"The secret has at most {_MOST_SECRET} characters", field="secret")
    if len(wanted.description or "") > _MOST_TEXT:
        raise InvalidInput(f"The description has at most {_MOST_TEXT} characters", field="description")
    checking.check_place(wanted.exchange, wanted.topic)


def _unknown(name: str) -> NotFound:
    return NotFound(f"Event source not found [name={name}]")


_FOUND: Final = Finding(rows.find, "event source", _unknown)
