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

_PATTERNS = "CASE WHEN c.patterns = '{}' THEN ARRAY[c.pattern] ELSE c.patterns END"

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
        "next_execution_time": Column(sql="c.next_execution_time", kind=Kind.TIME, nullable=True),
        "created_at": Column(sql="c.created_at", kind=Kind.TIME),
        "updated_at": Column(sql="c.updated_at", kind=Kind.TIME, nullable=True),
        "patterns": Column(sql=_PATTERNS, kind=Kind.TAGS),
        "timezone": Column(sql="c.timezone"),
        "jitter": Column(sql="c.jitter", kind=Kind.NUMBER),
        "start_at": Column(sql="c.start_at", kind=Kind.TIME, nullable=True),
        "end_at": Column(sql="c.end_at", kind=Kind.TIME, nullable=True),
        "overlap": Column(sql="c.overlap"),
        "catchup_window": Column(sql="c.catchup_window", kind=Kind.NUMBER, nullable=True),
        "due_at": Column(sql="coalesce(c.due_at, c.next_execution_time)", kind=Kind.TIME, nullable=True),
        "status": Column(sql="c.status"),
        "status_note": Column(sql="c.status_note"),
        "last_execution_time": Column(sql="c.last_execution_time", kind=Kind.TIME, nullable=True),
        "fired": Column(sql="c.fired", kind=Kind.NUMBER),
        "missed": Column(sql="c.missed", kind=Kind.NUMBER),
        "skipped": Column(sql="c.skipped", kind=Kind.NUMBER),
        "failed": Column(sql="c.failed", kind=Kind.NUMBER),
        "last_miss_at": Column(sql="c.last_miss_at", kind=Kind.TIME, nullable=True),
        "last_miss_reason": Column(sql="c.last_miss_reason"),
        "declared_as": Column(sql="c.declared_as", nullable=True),
    },
)

ALL_COLUMNS: Sequence[str] = tuple(CRON_TRIGGERS.columns)

_SHARED = Shared(CRON_TRIGGERS, ALL_COLUMNS)


class NewCronTrigger(Struct, frozen=True, kw_only=True):
    """What is stored of a trigger; input and params are JSON objects as text, each field one column.

    Attributes:
        patterns: All of them if there are several; ``pattern`` is the first.
        next_execution_time: When it starts something; None for one that has ended.
        due_at: That time without jitter; None if it is the same.
        jitter: Seconds, likewise ``catchup_window``.
        declared_as: Its key in the text of its workflow; None if it is not declared there.
        declaration: What tells whether that has changed.
    """

    id: str
    project_id: str
    name: str
    workflow_id: str
    workflow_name: str
    workflow_namespace: str
    workflow_input: str
    workflow_params: str
    pattern: str
    patterns: Sequence[str] = ()
    timezone: str = "UTC"
    jitter: int = 0
    start_at: datetime | None = None
    end_at: datetime | None = None
    overlap: str = "allow"
    catchup_window: int | None = None
    first_execution_time: datetime | None = None
    next_execution_time: datetime | None = None
    due_at: datetime | None = None
    remaining_executions: int | None = None
    status: str = "ACTIVE"
    status_note: str = ""
    scope: str = "private"
    fingerprint: str
    declared_as: str | None = None
    declaration: str | None = None


_FIELDS = NewCronTrigger.__struct_fields__
_INSERT = (
    f"INSERT INTO cron_trigger ({', '.join(_FIELDS)}) "
    f"VALUES ({', '.join(f'${place}' for place in range(1, len(_FIELDS) + 1))})"
)
# Who has paused it goes on having paused it.
_KEPT = ("id", "project_id", "workflow_id", "scope", "status", "status_note", "next_execution_time", "due_at")
_REPLACE = f"""
UPDATE cron_trigger
   SET {", ".join(f"{name} = ${place}" for place, name in enumerate(_FIELDS, 1) if name not in _KEPT)},
       status = CASE WHEN status = 'PAUSED' THEN status ELSE ${_FIELDS.index("status") + 1} END,
       status_note = CASE WHEN status = 'PAUSED' THEN status_note ELSE ${_FIELDS.index("status_note") + 1} END,
       next_execution_time =
           CASE WHEN status = 'PAUSED' THEN NULL ELSE ${_FIELDS.index("next_execution_time") + 1}::timestamptz END,
       due_at = CASE WHEN status = 'PAUSED' THEN NULL ELSE ${_FIELDS.index("due_at") + 1}::timestamptz END,
       updated_at = now()
 WHERE id = $1::uuid AND $2::text IS NOT NULL AND ${_FIELDS.index("workflow_id") + 1}::uuid = workflow_id
   AND ${_FIELDS.index("scope") + 1}::text IS NOT NULL
"""
_SET_STATUS = """
UPDATE cron_trigger
   SET status = $2, status_note = $3, next_execution_time = $4, due_at = $5, updated_at = now()
 WHERE id = $1::uuid
"""
_COUNT = """
UPDATE cron_trigger
   SET fired = fired + $2, skipped = skipped + $3, last_execution_time = coalesce($4, last_execution_time)
 WHERE id = $1::uuid
"""


async def create(connection: Connection, new: NewCronTrigger) -> None:
    """Store a trigger.

    Raises:
        Conflict: If the project has one of that name, or one that does the same.
    """
    await _write(connection, _INSERT, new)


async def replace(connection: Connection, new: NewCronTrigger) -> None:
    """Store a trigger in the place of the one of its id; it goes on being paused if it is.

    Raises:
        Conflict: If the project has another one of that name, or one that does the same.
    """
    await _write(connection, _REPLACE, new)


async def _write(connection: Connection, statement: str, new: NewCronTrigger) -> None:
    try:
        await connection.execute(statement, *(getattr(new, name) for name in _FIELDS))
    except asyncpg.UniqueViolationError:
        raise Conflict(
            f"Duplicate entry: there is already a cron trigger '{new.name}', or one that does the same"
        ) from None


async def set_status(
    connection: Connection,
    trigger_id: str,
    status: str,
    note: str,
    *,
    next_time: datetime | None = None,
    due_at: datetime | None = None,
) -> None:
    """Pause a trigger, have it go on, or end it; ``due_at`` as in ``NewCronTrigger``."""
    await connection.execute(_SET_STATUS, trigger_id, status, note, next_time, due_at)


async def count(
    connection: Connection, trigger_id: str, *, fired: int, skipped: int, last_time: datetime | None
) -> None:
    """Count runs that did not come from the calendar."""
    await connection.execute(_COUNT, trigger_id, fired, skipped, last_time)


async def lock(connection: Connection, trigger_id: str) -> bool:
    """Keep schedulers from a trigger until the transaction ends; return whether it is still there."""
    return bool(await connection.fetchval("SELECT true FROM cron_trigger WHERE id = $1::uuid FOR UPDATE", trigger_id))


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
