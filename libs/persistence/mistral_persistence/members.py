"""With which other projects a workflow is shared, and what they say to it."""

from collections.abc import Sequence
from typing import TypeAlias

import asyncpg
from msgspec import Struct

from mistral_core.errors import Conflict
from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Column, Kind, Listing, Page, Statement, page_statement

Row: TypeAlias = asyncpg.Record

MEMBERS = Listing(
    source="workflow_member m JOIN workflow w ON w.id = m.workflow_id",
    columns={
        "id": Column(sql="m.id", kind=Kind.UUID),
        "resource_id": Column(sql="m.workflow_id", kind=Kind.UUID),
        "resource_type": Column(sql="'workflow'::text"),
        "project_id": Column(sql="w.project_id"),
        "member_id": Column(sql="m.member_id"),
        "status": Column(sql="m.status"),
        "created_at": Column(sql="m.created_at", kind=Kind.TIME),
        "updated_at": Column(sql="m.updated_at", kind=Kind.TIME, nullable=True),
    },
)

ALL_COLUMNS: Sequence[str] = tuple(MEMBERS.columns)

_ONE = f"{MEMBERS.select(ALL_COLUMNS)} WHERE m.workflow_id = $1::uuid AND m.member_id = $2"
_INSERT = "INSERT INTO workflow_member (id, workflow_id, member_id) VALUES ($1, $2, $3)"
_ANSWER = """
UPDATE workflow_member SET status = $3, updated_at = now() WHERE workflow_id = $1::uuid AND member_id = $2
"""


class NewMember(Struct, frozen=True, kw_only=True):
    """A project that a workflow is to be shared with."""

    id: str
    workflow_id: str
    member_id: str


async def create(connection: Connection, new: NewMember) -> None:
    """Share a workflow. Raises Conflict if it is shared with that project already."""
    try:
        await connection.execute(_INSERT, new.id, new.workflow_id, new.member_id)
    except asyncpg.UniqueViolationError:
        raise Conflict(
            f"Duplicate entry: workflow {new.workflow_id} is already shared with project '{new.member_id}'"
        ) from None


async def find(source: Pool | Connection, workflow_id: str, member_id: str) -> Row | None:
    """Return a sharing by the ids of the workflow, which must be a UUID, and of the project."""
    return await source.fetchrow(_ONE, workflow_id, member_id)


async def page(source: Pool | Connection, wanted: Page, *, workflow_id: str, seen_by: str | None) -> list[Row]:
    """Return a page of the sharings of a workflow.

    Args:
        seen_by: Project that sees all of its own workflows, of others only those with itself; None sees all.

    Raises:
        InvalidInput: If a column is unknown or a value does not fit it.
    """
    statement = Statement()
    statement.conditions.append(f"m.workflow_id = {statement.bind(workflow_id)}::uuid")
    if seen_by is not None:
        project = statement.bind(seen_by)
        statement.conditions.append(f"(w.project_id = {project} OR m.member_id = {project})")
    sql, arguments = page_statement(MEMBERS, wanted, statement)
    return await source.fetch(sql, *arguments)


async def answer(connection: Connection, workflow_id: str, member_id: str, status: str) -> None:
    """Note what a project says to a sharing."""
    await connection.execute(_ANSWER, workflow_id, member_id, status)


async def delete(connection: Connection, workflow_id: str, member_id: str) -> None:
    """End a sharing; what the other project has started goes on."""
    await connection.execute(
        "DELETE FROM workflow_member WHERE workflow_id = $1::uuid AND member_id = $2", workflow_id, member_id
    )
