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
_DUE = """
SELECT id::text, project_id, name, workflow_id::text, workflow_namespace, workflow_input, workflow_params, pattern,
       next_execution_time, remaining_executions
  FROM cron_trigger
 WHERE next_execution_time <= now() AND (SELECT status FROM maintenance) = 'RUNNING'
 ORDER BY next_execution_time, id LIMIT $1
   FOR UPDATE SKIP LOCKED
"""
_ADVANCE = """
UPDATE cron_trigger SET next_execution_time = $2, remaining_executions = remaining_executions - 1, updated_at = now()
 WHERE id = $1::uuid
"""
_NEXT = "SELECT extract(epoch FROM min(next_execution_time) - now())::float8 FROM cron_trigger"


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


class DueTrigger(Struct, frozen=True):
    """A trigger whose time has come; ``remaining`` is None if it goes on for ever."""

    id: str
    project: str
    name: str
    workflow_id: str
    namespace: str
    input: str
    params: str
    pattern: str
    due_at: datetime
    remaining: int | None


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


async def due(connection: Connection, *, limit: int) -> list[DueTrigger]:
    """Lock and return triggers whose time has come; those that another scheduler has locked are left out.

    There are none while the mesh is in maintenance: what became due meanwhile fires once it is over.
    """
    return [DueTrigger(*row) for row in await connection.fetch(_DUE, limit)]


async def advance(connection: Connection, trigger_id: str, next_time: datetime | None) -> None:
    """Note that a trigger has fired; None if it never does again, which removes it."""
    if next_time is None:
        await delete(connection, trigger_id)
    else:
        await connection.execute(_ADVANCE, trigger_id, next_time)


async def next_due_in(pool: Pool) -> float | None:
    """Return the seconds until the first trigger is due, negative when it is; None if there is no trigger."""
    seconds: float | None = await pool.fetchval(_NEXT)
    return seconds
