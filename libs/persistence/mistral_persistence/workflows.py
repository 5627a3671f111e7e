"""Workflow definitions as users keep them: stored, replaced, found, listed and removed.

What the engine reads of them is in ``definitions``. A text once stored under (workflow, version) never changes, and
stays when the workflow is deleted, because executions go on with the version they began with.
"""

from collections.abc import Sequence
from typing import TypeAlias

import asyncpg
from msgspec import Struct

from mistral_core.errors import Conflict, Forbidden, InvalidInput
from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Column, Kind, Listing, Page
from mistral_persistence.sharing import Shared

Row: TypeAlias = asyncpg.Record

WORKFLOWS = Listing(
    source="workflow w",
    columns={
        "id": Column(sql="w.id", kind=Kind.UUID),
        "name": Column(sql="w.name"),
        "namespace": Column(sql="w.namespace"),
        "version": Column(sql="w.version", kind=Kind.NUMBER),
        "input": Column(sql="w.input"),
        "interface": Column(sql="w.interface", kind=Kind.JSON),
        "definition": Column(sql="w.definition"),
        "checksum": Column(sql="w.checksum", nullable=True),
        "workbook": Column(sql="w.workbook", nullable=True),
        "tags": Column(sql="w.tags", kind=Kind.TAGS),
        "scope": Column(sql="w.scope"),
        "project_id": Column(sql="w.project_id"),
        "created_at": Column(sql="w.created_at", kind=Kind.TIME),
        "updated_at": Column(sql="w.updated_at", kind=Kind.TIME, nullable=True),
    },
    shared=(
        "w.id IN (SELECT m.workflow_id FROM workflow_member m WHERE m.member_id = {project} AND m.status = 'accepted')"
    ),
)

ALL_COLUMNS: Sequence[str] = tuple(WORKFLOWS.columns)


class NewWorkflow(Struct, frozen=True, kw_only=True):
    """What is stored of an uploaded workflow; see the table for the meaning of the fields."""

    id: str
    project: str
    namespace: str
    name: str
    definition: str
    checksum: str | None
    input: str
    interface: str
    tags: Sequence[str]
    scope: str = "private"
    workbook: str | None = None


_SHARED = Shared(WORKFLOWS, ALL_COLUMNS)
_SHOWN = WORKFLOWS.select(ALL_COLUMNS)
# Own ones hide public ones of the same name.

_INSERT = """
INSERT INTO workflow (id, project_id, namespace, name, definition, checksum, workbook, input, interface, tags, scope)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""

_UPDATE = """
UPDATE workflow
   SET name = $2, version = version + (definition IS DISTINCT FROM $3)::integer, definition = $3, checksum = $4,
       workbook = $5, input = $6, interface = $7, tags = $8, scope = coalesce($9, scope), updated_at = now()
 WHERE id = $1::uuid
RETURNING version
"""

# Projects that it is shared with may go on.
_STARTED_BY_OTHERS = """
SELECT EXISTS (
    SELECT FROM workflow w
      JOIN (SELECT workflow_id, project_id FROM cron_trigger UNION ALL
            SELECT workflow_id, project_id FROM event_trigger) AS t ON t.workflow_id = w.id
     WHERE w.id = $1::uuid AND w.scope = 'public' AND t.project_id <> w.project_id
       AND NOT EXISTS (SELECT FROM workflow_member m
                        WHERE m.workflow_id = w.id AND m.member_id = t.project_id AND m.status = 'accepted'))
"""

_INSERT_VERSION = """
INSERT INTO workflow_version (workflow_id, version, name, workbook, definition) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (workflow_id, version) DO NOTHING
"""

_OWNED = f"{_SHOWN} WHERE w.project_id = $1 AND w.namespace = $2 AND w.name = ANY($3::text[]) FOR UPDATE"


async def create(connection: Connection, new: NewWorkflow) -> None:
    """Store a workflow as version 1; the caller's transaction makes several of them all or none.

    Raises:
        Conflict: If the project has one of that name in the namespace.
    """
    try:
        await connection.execute(
            _INSERT,
            new.id,
            new.project,
            new.namespace,
            new.name,
            new.definition,
            new.checksum,
            new.workbook,
            new.input,
            new.interface,
            list(new.tags),
            new.scope,
        )
    except asyncpg.UniqueViolationError:
        raise Conflict(_taken(new)) from None
    await connection.execute(_INSERT_VERSION, new.id, 1, new.name, new.workbook, new.definition)


async def update(connection: Connection, new: NewWorkflow, *, scope: str | None) -> int:
    """Replace the text of the workflow with that id, and return its version; ``scope`` None keeps what is.

    The version grows only if the text differs.

    Raises:
        Conflict: If the new name is taken.
        Forbidden: If it is to be private, but triggers of other projects start it.
    """
    if scope == "private" and await connection.fetchval(_STARTED_BY_OTHERS, new.id):
        raise Forbidden(f"Can not make a workflow private that triggers of other projects start. [name={new.name}]")
    try:
        version = await connection.fetchval(
            _UPDATE,
            new.id,
            new.name,
            new.definition,
            new.checksum,
            new.workbook,
            new.input,
            new.interface,
            list(new.tags),
            scope,
        )
    except asyncpg.UniqueViolationError:
        raise Conflict(_taken(new)) from None
    await connection.execute(_INSERT_VERSION, new.id, version, new.name, new.workbook, new.definition)
    return int(version)


def _taken(new: NewWorkflow) -> str:
    place = f" in namespace '{new.namespace}'" if new.namespace else ""
    return f"Duplicate entry: there is already a workflow '{new.name}'{place}"


async def owned(connection: Connection, project: str, namespace: str, names: Sequence[str]) -> dict[str, Row]:
    """Return the project's workflows of those names, by name, locked until the transaction ends."""
    return {row["name"]: row for row in await connection.fetch(_OWNED, project, namespace, names)}


async def find(
    source: Pool | Connection, project: str, identifier: str, namespace: str = "", *, everything: bool = False
) -> Row | None:
    """Return the workflow of that id, or of that name in exactly that namespace, if it is visible.

    Args:
        everything: Whether those of all projects are.
    """
    return await _SHARED.find(source, project, identifier, namespace, everything=everything)


async def page(source: Pool | Connection, wanted: Page, *, project: str | None) -> list[Row]:
    """Return a page of the workflows that a project sees, or of all when it is None.

    Raises:
        InvalidInput: If a column is unknown or a value does not fit it.
    """
    return await _SHARED.page(source, wanted, project=project)


async def delete(connection: Connection, workflow_id: str) -> bool:
    """Remove a workflow and keep its versions; return whether there was one.

    Raises:
        InvalidInput: If a trigger starts it.
    """
    try:
        return bool(await connection.fetchval("DELETE FROM workflow WHERE id = $1::uuid RETURNING true", workflow_id))
    except asyncpg.ForeignKeyViolationError as error:
        kind = "event" if error.table_name == "event_trigger" else "cron"
        raise InvalidInput(
            f"Can't delete workflow that has {kind} triggers associated. [workflow_id={workflow_id}]"
        ) from None
