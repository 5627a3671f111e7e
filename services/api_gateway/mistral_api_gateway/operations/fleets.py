"""Fleets: how temporary workers are started. Schedulers start them; here they are only described."""

from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.definition_scope import PRIVATE, checked_scope
from mistral_api_gateway.operations.etags import hold
from mistral_api_gateway.operations.finding import Finding
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import InvalidInput, NotFound
from mistral_core.fleet_templates import PROCESS, template_of
from mistral_persistence import fleet_workers
from mistral_persistence import fleets as rows
from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Page

_LONGEST_NAME: Final = 255
_MOST: Final = {"most_workers": 1_000, "slots": 1_000, "idle_seconds": 86_400}
_USUAL: Final = {"most_workers": 10, "slots": 1, "idle_seconds": 30}


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRequest:
    """A fleet as it is sent; None for what is not sent.

    Attributes:
        template: A JSON object; empty when it is not sent.
    """

    name: str
    driver: str | None = None
    template: bytes = b""
    description: str | None = None
    most_workers: int | None = None
    slots: int | None = None
    idle_seconds: int | None = None
    scope: str | None = None


class Fleets:
    """What can be done with fleets."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(self, caller: Caller, wanted: FleetRequest) -> rows.Row:
        """Store a fleet.

        Raises:
            InvalidInput: If it has no name, its template does not fit its driver, or a number is out of range.
            Conflict: If there is one of that name.
        """
        _check(caller, wanted)
        driver = wanted.driver or PROCESS
        template_of(driver, wanted.template or b"{}")
        new = rows.NewFleet(
            id=str(uuid4()),
            project=caller.project,
            name=wanted.name,
            description=wanted.description,
            driver=driver,
            template=wanted.template.decode(),
            most_workers=wanted.most_workers or _USUAL["most_workers"],
            slots=wanted.slots or _USUAL["slots"],
            idle_seconds=wanted.idle_seconds or _USUAL["idle_seconds"],
            scope=wanted.scope or PRIVATE,
        )
        async with self._store.transaction() as connection:
            await rows.create(connection, new)
            return await _FOUND.own(connection, caller, wanted.name)

    async def update(self, caller: Caller, wanted: FleetRequest, *, etag: str = "") -> rows.Row:
        """Replace what is sent of the fleet of that name.

        Raises:
            InvalidInput: As for ``create``.
            NotFound: If there is none of that name.
            EtagMismatch: If it has another etag by now.
        """
        _check(caller, wanted)
        async with self._store.transaction() as connection:
            known = await _FOUND.own(connection, caller, wanted.name)
            template_of(wanted.driver or known["driver"], wanted.template or known["template"])
            await hold(connection, "fleet", known["id"], etag)
            change = rows.Change(
                description=wanted.description,
                driver=wanted.driver,
                template=wanted.template.decode() or None,
                most_workers=wanted.most_workers,
                slots=wanted.slots,
                idle_seconds=wanted.idle_seconds,
                scope=wanted.scope,
            )
            await rows.update(connection, known["id"], change)
            return await _FOUND.own(connection, caller, wanted.name)

    async def get(self, caller: Caller, name: str) -> rows.Row:
        """Return a fleet. Raises NotFound if none visible has that name."""
        return await self._store.read(_FOUND.visible, caller, name)

    async def page(self, caller: Caller, wanted: Page) -> list[rows.Row]:
        """Return a page of the fleets that the caller sees."""
        return await self._store.page(rows.page, rows.FLEETS, wanted, project=caller.scope)

    async def delete(self, caller: Caller, name: str, *, etag: str = "") -> None:
        """Remove a fleet; its workers are asked to leave.

        Raises:
            NotFound: If none visible has that name.
            Forbidden: If it belongs to another project.
        """
        async with self._store.transaction() as connection:
            known = await _FOUND.own(connection, caller, name)
            await hold(connection, "fleet", known["id"], etag)
            await rows.delete(connection, known["id"])

    async def workers(self, caller: Caller, name: str, *, execution_id: str, ended: bool) -> list[rows.Row]:
        """Return the workers of a fleet, newest first, at most 1000; of one root execution if it is given.

        Whoever may only use a fleet of another project sees none of its workers.

        Raises:
            NotFound: If none visible has that name.
        """

        async def read(source: Pool | Connection) -> list[rows.Row]:
            fleet = await _FOUND.visible(source, caller, name)
            if not caller.admin and fleet["project_id"] != caller.project:
                return []
            return await fleet_workers.listed(source, fleet["id"], execution_id=execution_id, ended=ended)

        return await self._store.read(read)


def _check(caller: Caller, wanted: FleetRequest) -> None:
    if not wanted.name:
        raise InvalidInput("Name of the fleet is not provided.", field="name")
    if len(wanted.name) > _LONGEST_NAME:
        raise InvalidInput(f"The name of a fleet has at most {_LONGEST_NAME} characters", field="name")
    for field, most in _MOST.items():
        value = getattr(wanted, field)
        if value is not None and not 1 <= value <= most:
            raise InvalidInput(f"{field} must be from 1 to {most}; actual: {value}", field=field)
    checked_scope(caller, wanted.scope, "fleets")


def _unknown(name: str) -> NotFound:
    return NotFound(f"Fleet not found [name={name}]")


_FOUND: Final = Finding(rows.find, "fleet", _unknown)
