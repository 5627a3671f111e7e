"""Fleets: how temporary workers are started. The workers themselves are in ``fleet_workers``."""

from collections.abc import Sequence
from typing import TypeAlias

import asyncpg
from msgspec import Struct

from mistral_core.errors import Conflict
from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Column, Kind, Listing, Page
from mistral_persistence.sharing import Shared

Row: TypeAlias = asyncpg.Record

FLEETS = Listing(
    source="fleet f",
    columns={
        "id": Column(sql="f.id", kind=Kind.UUID),
        "name": Column(sql="f.name"),
        "description": Column(sql="f.description", nullable=True),
        "driver": Column(sql="f.driver"),
        "template": Column(sql="f.template", kind=Kind.JSON),
        "most_workers": Column(sql="f.most_workers", kind=Kind.NUMBER),
        "slots": Column(sql="f.slots", kind=Kind.NUMBER),
        "idle_seconds": Column(sql="f.idle_seconds", kind=Kind.NUMBER),
        "scope": Column(sql="f.scope"),
        "project_id": Column(sql="f.project_id"),
        "created_at": Column(sql="f.created_at", kind=Kind.TIME),
        "updated_at": Column(sql="f.updated_at", kind=Kind.TIME, nullable=True),
    },
)

ALL_COLUMNS: Sequence[str] = tuple(FLEETS.columns)


class NewFleet(Struct, frozen=True, kw_only=True):
    """What is stored of a fleet; ``template`` is a JSON object."""

    id: str
    project: str
    name: str
    description: str | None
    driver: str
    template: str
    most_workers: int
    slots: int
    idle_seconds: int
    scope: str


class Change(Struct, frozen=True, kw_only=True):
    """What is to be replaced in a fleet; None keeps what is."""

    description: str | None = None
    driver: str | None = None
    template: str | None = None
    most_workers: int | None = None
    slots: int | None = None
    idle_seconds: int | None = None
    scope: str | None = None


_SHARED = Shared(FLEETS, ALL_COLUMNS)
_INSERT = """
INSERT INTO fleet (id, project_id, name, description, driver, template, most_workers, slots, idle_seconds, scope)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
_UPDATE = """
UPDATE fleet SET description = coalesce($2, description), driver = coalesce($3, driver),
       template = coalesce($4, template), most_workers = coalesce($5, most_workers), slots = coalesce($6, slots),
       idle_seconds = coalesce($7, idle_seconds), scope = coalesce($8, scope), updated_at = now()
 WHERE id = $1::uuid
"""


async def create(connection: Connection, new: NewFleet) -> None:
    """Store a fleet. Raises Conflict if the project has one of that name."""
    try:
        await connection.execute(
            _INSERT,
            new.id,
            new.project,
            new.name,
            new.description,
            new.driver,
            new.template,
            new.most_workers,
            new.slots,
            new.idle_seconds,
            new.scope,
        )
    except asyncpg.UniqueViolationError:
        raise Conflict(f"Duplicate entry: there is already a fleet '{new.name}'") from None


async def update(connection: Connection, fleet_id: str, change: Change) -> None:
    """Replace parts of a fleet."""
    await connection.execute(
        _UPDATE,
        fleet_id,
        change.description,
        change.driver,
        change.template,
        change.most_workers,
        change.slots,
        change.idle_seconds,
        change.scope,
    )


async def find(source: Pool | Connection, project: str, name: str, *, everything: bool = False) -> Row | None:
    """Return the fleet of that name, if one is visible; a project's own comes first.

    Args:
        everything: Whether those of all projects are visible.
    """
    return await _SHARED.named(source, project, name, everything=everything)


async def page(source: Pool | Connection, wanted: Page, *, project: str | None) -> list[Row]:
    """Return a page of the fleets that a project sees, or of all when it is None.

    Raises:
        InvalidInput: If a column is unknown or a value does not fit it.
    """
    return await _SHARED.page(source, wanted, project=project)


async def delete(connection: Connection, fleet_id: str) -> None:
    """Remove a fleet; whoever looks after its workers ends them."""
    await connection.execute("DELETE FROM fleet WHERE id = $1::uuid", fleet_id)
