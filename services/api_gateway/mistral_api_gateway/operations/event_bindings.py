"""Event bindings: which events a logical name stands for."""

from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.definition_scope import PRIVATE, checked_scope
from mistral_api_gateway.operations.etags import hold
from mistral_api_gateway.operations.finding import Finding
from mistral_api_gateway.operations.json_text import object_of, text_of
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import InvalidInput, NotFound
from mistral_core.event_triggers import checking
from mistral_persistence import event_bindings as rows
from mistral_persistence.listing import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class EventBindingRequest:
    """A binding as it is sent; what is missing has its usual value, or stays as it is.

    Attributes:
        mapping: JSON object, what the payload is made of; an empty one hands it on as it is.
    """

    name: str | None = None
    description: str | None = None
    enabled: bool | None = None
    scope: str | None = None
    exchange: str | None = None
    topic: str | None = None
    event: str | None = None
    matching: str | None = None
    condition: str | None = None
    mapping: bytes | None = None


class EventBindings:
    """What can be done with event bindings."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(self, caller: Caller, wanted: EventBindingRequest) -> rows.Row:
        """Store a binding.

        Raises:
            InvalidInput: If a part of it is missing or wrong.
            Forbidden: If it is to be public, and the caller may not make such.
            Conflict: If the project has one of that name.
        """
        for name in ("name", "exchange", "topic", "event"):
            if not getattr(wanted, name):
                raise InvalidInput(f"An event binding needs {name!r}", field=name)
        new = rows.NewBinding(
            id=str(uuid4()),
            project=caller.project,
            name=wanted.name or "",
            description=wanted.description or "",
            enabled=wanted.enabled is not False,
            scope=wanted.scope or PRIVATE,
            exchange=wanted.exchange or "",
            topic=wanted.topic or "",
            event=wanted.event or "",
            matching=checking.checked_matching(wanted.matching or ""),
            condition=wanted.condition or "",
            mapping=_mapping(wanted.mapping) or "{}",
        )
        _check(caller, wanted)
        async with self._store.transaction() as connection:
            await rows.create(connection, new)
            return await _FOUND.visible(connection, caller, new.id)

    async def update(self, caller: Caller, name: str, wanted: EventBindingRequest, *, etag: str = "") -> rows.Row:
        """Replace what is sent of a binding, so that its name stands for something else.

        Raises:
            InvalidInput: If a part of it is wrong.
            NotFound: If none visible has that name or id.
            Forbidden: If it belongs to another project, or may not be made public.
        """
        if wanted.name is not None:
            raise InvalidInput("The name of an event binding cannot be changed", field="name")
        _check(caller, wanted)
        change = rows.BindingChange(
            description=wanted.description,
            enabled=wanted.enabled,
            scope=wanted.scope,
            exchange=wanted.exchange,
            topic=wanted.topic,
            event=wanted.event,
            matching=None if wanted.matching is None else checking.checked_matching(wanted.matching),
            condition=wanted.condition,
            mapping=_mapping(wanted.mapping),
        )
        async with self._store.transaction() as connection:
            known = await _FOUND.own(connection, caller, name)
            await hold(connection, "event_binding", known["id"], etag)
            await rows.update(connection, known["id"], change)
            return await _FOUND.visible(connection, caller, known["id"])

    async def get(self, caller: Caller, name: str) -> rows.Row:
        """Return a binding. Raises NotFound if none visible has that name or id."""
        return await self._store.read(_FOUND.visible, caller, name)

    async def page(self, caller: Caller, wanted: Page) -> list[rows.Row]:
        """Return a page of the bindings that the caller sees."""
        return await self._store.page(rows.page, rows.BINDINGS, wanted, project=caller.scope)

    async def delete(self, caller: Caller, name: str, *, etag: str = "") -> None:
        """Remove a binding.

        Raises:
            NotFound: If none visible has that name or id.
            Forbidden: If it belongs to another project.
        """
        async with self._store.transaction() as connection:
            known = await _FOUND.own(connection, caller, name)
            await hold(connection, "event_binding", known["id"], etag)
            await rows.delete(connection, known["id"])


def _check(caller: Caller, wanted: EventBindingRequest) -> None:
    checked_scope(caller, wanted.scope, "event_bindings")
    checking.check_place(wanted.exchange, wanted.topic, wanted.event)
    checking.check_condition(wanted.condition or "")
    if wanted.name is not None and len(wanted.name) > checking.LONGEST:
        raise InvalidInput(f"The name of an event binding has at most {checking.LONGEST} characters", field="name")


def _mapping(value: bytes | None) -> str | None:
    if value is None:
        return None
    found = object_of(value, "mapping")
    checking.check_mapping(found, "mapping")
    return text_of(found)


def _unknown(name: str) -> NotFound:
    return NotFound(f"Event binding not found [name={name}]")


_FOUND: Final = Finding(rows.find, "event binding", _unknown)
