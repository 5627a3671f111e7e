"""Cron triggers: what people see of them, and which are due."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

import asyncpg
from msgspec import Struct

from mistral_core.errors import Conflict
from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Column, Kind, Listing, Page
from mistral_persistence.sharing import Shared

Row: TypeAlias = asyncpg.Record

CRON_TRIGGERS = Listing(
    source="cron_trigger c",
    columns={
        "id": Column(sql="c.id", kind=Kind.UUID),
        "name": Column(sql="c.name"),
        "workflow_name": Column(sql="c.workflow_name"),
        "workflow_id": Column(sql="c.workflow_id", kind=Kind.UUID),
        "workflow_namespace": Column(sql="c.workflow_namespace"),
        "workflow_input": Column(sql="c.workflow_input", kind=Kind.JSON),
        "workflow_params": Column(sql="c.workflow_params", kind=Kind.JSON),
        "project_id": Column(sql="c.project_id"),
        "scope": Column(sql="c.scope"),
        "pattern": Column(sql="c.pattern"),
        "remaining_executions": Column(sql="c.remaining_executions", kind=Kind.NUMBER, nullable=True),
        "first_execution_time": Column(sql="c.first_execution_time", kind=Kind.TIME, nullable=True),
        "next_execution_time": Column(sql="c.next_execution_time", kind=Kind.TIME),
        "created_at": Column(sql="c.created_at", kind=Kind.TIME),
        "updated_at": Column(sql="c.updated_at", kind=Kind.TIME, nullable=True),
    },
)

ALL_COLUMNS: Sequence[str] = tuple(CRON_TRIGGERS.columns)

_SHARED = Shared(CRON_TRIGGERS, ALL_COLUMNS)
_INSERT = """
INSERT INTO cron_trigger (id, project_id, name, workflow_id, workflow_name, workflow_namespace, workflow_input,
                          workflow_params, pattern, first_execution_time, next_execution_time, remaining_executions,
                          scope, fingerprint)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
"""


class NewCronTrigger(Struct, frozen=True, kw_only=True):
    """What is stored of a trigger; input and params are JSON objects as text."""

    id: str
    project: str
    name: str
    workflow_id: str
    workflow_name: str
    workflow_namespace: str
    workflow_input: str
    workflow_params: str
    pattern: str
    first_time: datetime | None
    next_time: datetime
    remaining: int | None
    scope: str
    fingerprint: str


async def create(connection: Connection, new: NewCronTrigger) -> None:
    """Store a trigger.

    Raises:
        Conflict: If the project has one of that name, or one that does the same.
    """
    values = (new.id, new.project, new.name, new.workflow_id, new.workflow_name, new.workflow_namespace)
    more = (new.workflow_input, new.workflow_params, new.pattern, new.first_time, new.next_time, new.remaining)
    try:
        await connection.execute(_INSERT, *values, *more, new.scope, new.fingerprint)
    except asyncpg.UniqueViolationError:
        raise Conflict(
            f"Duplicate entry: there is already a cron trigger '{new.name}', or one that does the same"
        ) from None


async def find(source: Pool | Connection, project: str, identifier: str, *, everything: bool = False) -> Row | None:
    """Return the trigger of that id or name, if one is visible; a project's own comes first.

    Args:
        everything: Whether those of all projects are visible.
    """
    return await _SHARED.find(source, project, identifier, everything=everything)


async def page(source: Pool | Connection, wanted: Page, *, project: str | None) -> list[Row]:
    """Return a page of the triggers that a project sees, or of all when it is None.

    Raises:
        InvalidInput: If a column is unknown or a value does not fit it.
    """
    return await _SHARED.page(source, wanted, project=project)


async def delete(connection: Connection, trigger_id: str) -> None:
    """Remove a trigger; what it has started goes on."""
    await connection.execute("DELETE FROM cron_trigger WHERE id = $1::uuid", trigger_id)
