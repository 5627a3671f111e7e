"""Event triggers: what people see of them, and which workflows an event starts."""

from collections.abc import Sequence
from typing import TypeAlias

import asyncpg
from msgspec import Struct

from mistral_core.errors import Conflict, NotFound
from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Column, Kind, Listing, Page
from mistral_persistence.literals import as_uuid
from mistral_persistence.sharing import Shared

Row: TypeAlias = asyncpg.Record

EVENT_TRIGGERS = Listing(
    source="event_trigger v LEFT JOIN event_trigger_status s ON s.trigger_id = v.id",
    columns={
        "id": Column(sql="v.id", kind=Kind.UUID),
        "name": Column(sql="v.name"),
        "workflow_id": Column(sql="v.workflow_id", kind=Kind.UUID, nullable=True),
        "workflow_input": Column(sql="v.workflow_input", kind=Kind.JSON),
        "workflow_params": Column(sql="v.workflow_params", kind=Kind.JSON),
        "exchange": Column(sql="v.exchange"),
        "topic": Column(sql="v.topic"),
        "event": Column(sql="v.event"),
        "enabled": Column(sql="v.enabled", kind=Kind.FLAG),
        "matching": Column(sql="v.matching"),
        "condition": Column(sql="v.condition"),
        "input_mapping": Column(sql="v.input_mapping", kind=Kind.JSON),
        "reaction": Column(sql="v.reaction"),
        "correlation": Column(sql="v.correlation", kind=Kind.JSON),
        "fired": Column(sql="coalesce(s.fired, 0)", kind=Kind.NUMBER),
        "refused": Column(sql="coalesce(s.refused, 0)", kind=Kind.NUMBER),
        "last_fired_at": Column(sql="s.last_fired_at", kind=Kind.TIME, nullable=True),
        "last_refused_at": Column(sql="s.last_refused_at", kind=Kind.TIME, nullable=True),
        "declared_by": Column(sql="v.declared_by", kind=Kind.UUID, nullable=True),
        "declared_name": Column(sql="v.declared_name"),
        "scope": Column(sql="v.scope"),
        "project_id": Column(sql="v.project_id"),
        "created_at": Column(sql="v.created_at", kind=Kind.TIME),
        "updated_at": Column(sql="v.updated_at", kind=Kind.TIME, nullable=True),
    },
)

ALL_COLUMNS: Sequence[str] = tuple(EVENT_TRIGGERS.columns)

_SHARED = Shared(EVENT_TRIGGERS, ALL_COLUMNS)
_INSERT = """
INSERT INTO event_trigger (id, project_id, name, workflow_id, workflow_input, workflow_params, exchange, topic, event,
                           scope, enabled, matching, condition, input_mapping, reaction, correlation, declared_by,
                           declared_name)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
"""
_UPDATE = """
UPDATE event_trigger
   SET name = coalesce($2, name), workflow_id = coalesce($3::uuid, workflow_id),
       workflow_input = coalesce($4, workflow_input), workflow_params = coalesce($5, workflow_params),
       scope = coalesce($6, scope), enabled = coalesce($7, enabled), condition = coalesce($8, condition),
       input_mapping = coalesce($9, input_mapping), correlation = coalesce($10, correlation), updated_at = now()
 WHERE id = $1::uuid
"""
_TAKEN = "Duplicate entry: there is already an event trigger of that exchange, topic, event and workflow"
_LOCK = "SELECT FROM event_trigger WHERE id = $1::uuid FOR UPDATE"


class NewEventTrigger(Struct, frozen=True, kw_only=True):
    """What is stored of a trigger; input, params, mapping and correlation are JSON objects as text.

    Attributes:
        declared_by: Id of the workflow whose text has it; None for one of its own.
    """

    id: str
    project: str
    name: str
    workflow_id: str | None
    workflow_input: str
    workflow_params: str
    exchange: str
    topic: str
    event: str
    scope: str
    enabled: bool = True
    matching: str = "exact"
    condition: str = ""
    input_mapping: str = "{}"
    reaction: str = "start"
    correlation: str = "{}"
    declared_by: str | None = None
    declared_name: str = ""


class Change(Struct, frozen=True, kw_only=True):
    """What is to be replaced in a trigger; None keeps what is. What it waits for never changes."""

    name: str | None = None
    workflow_id: str | None = None
    workflow_input: str | None = None
    workflow_params: str | None = None
    scope: str | None = None
    enabled: bool | None = None
    condition: str | None = None
    input_mapping: str | None = None
    correlation: str | None = None


async def create(connection: Connection, new: NewEventTrigger) -> None:
    """Store a trigger.

    Raises:
        Conflict: If the project has one for that event and workflow.
        NotFound: If the workflow was removed meanwhile.
    """
    values = (new.id, new.project, new.name, new.workflow_id, new.workflow_input, new.workflow_params)
    try:
        await connection.execute(_INSERT, *values, new.exchange, new.topic, new.event, new.scope, *_more(new))
    except asyncpg.UniqueViolationError:
        raise Conflict(_TAKEN) from None
    except asyncpg.ForeignKeyViolationError:
        raise NotFound("The workflow was removed meanwhile") from None


async def update(connection: Connection, trigger_id: str, change: Change) -> None:
    """Replace parts of a trigger.

    Raises:
        Conflict: If the project has another for that event and workflow.
        NotFound: If the workflow was removed meanwhile.
    """
    values = (change.name, change.workflow_id, change.workflow_input, change.workflow_params, change.scope)
    more = (change.enabled, change.condition, change.input_mapping, change.correlation)
    try:
        await connection.execute(_UPDATE, trigger_id, *values, *more)
    except asyncpg.UniqueViolationError:
        raise Conflict(_TAKEN) from None
    except asyncpg.ForeignKeyViolationError:
        raise NotFound("The workflow was removed meanwhile") from None


async def lock(connection: Connection, trigger_id: str) -> None:
    """Keep others from changing a trigger until the transaction ends."""
    await connection.execute(_LOCK, trigger_id)


async def find(source: Pool | Connection, project: str, trigger_id: str, *, everything: bool = False) -> Row | None:
    """Return the trigger of that id, if it is visible; what is no UUID is none's.

    Args:
        everything: Whether those of all projects are.
    """
    if not as_uuid(trigger_id):
        return None
    return await _SHARED.by_id(source, project, trigger_id, everything=everything)


async def page(source: Pool | Connection, wanted: Page, *, project: str | None) -> list[Row]:
    """Return a page of the triggers that a project sees, or of all when it is None.

    Raises:
        InvalidInput: If a column is unknown or a value does not fit it.
    """
    return await _SHARED.page(source, wanted, project=project)


async def delete(connection: Connection, trigger_id: str) -> None:
    """Remove a trigger; what it has started goes on."""
    await connection.execute("DELETE FROM event_trigger WHERE id = $1::uuid", trigger_id)


def _more(new: NewEventTrigger) -> tuple[object, ...]:
    decided = (new.enabled, new.matching, new.condition, new.input_mapping, new.reaction, new.correlation)
    return (*decided, new.declared_by, new.declared_name)
