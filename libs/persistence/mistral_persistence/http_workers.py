"""Applications that run actions and are called over HTTP: what people see of them, and what executors get."""

from collections.abc import Sequence
from typing import TypeAlias

import asyncpg
from msgspec import Struct

from mistral_core.errors import Conflict
from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Column, Kind, Listing, Page, Statement, page_statement

Row: TypeAlias = asyncpg.Record

HTTP_WORKERS = Listing(
    source="http_worker h",
    columns={
        "id": Column(sql="h.id", kind=Kind.UUID),
        "name": Column(sql="h.name"),
        "description": Column(sql="h.description", nullable=True),
        "url": Column(sql="h.url"),
        "actions": Column(sql="h.actions", kind=Kind.JSON),
        "queues": Column(sql="h.queues", kind=Kind.TAGS),
        "labels": Column(sql="h.labels", kind=Kind.JSON),
        # Their names; what they are is only read to call.
        "header_names": Column(sql="ARRAY(SELECT json_object_keys(h.headers) ORDER BY 1)", kind=Kind.TAGS),
        "is_signed": Column(sql="h.secret <> ''", kind=Kind.FLAG),
        "concurrency": Column(sql="h.concurrency", kind=Kind.NUMBER),
        "timeout_seconds": Column(sql="h.timeout_seconds", kind=Kind.NUMBER),
        "lease_seconds": Column(sql="h.lease_seconds", kind=Kind.NUMBER),
        "attempts": Column(sql="h.attempts", kind=Kind.NUMBER),
        "enabled": Column(sql="h.enabled", kind=Kind.FLAG),
        "project_id": Column(sql="h.project_id"),
        "created_at": Column(sql="h.created_at", kind=Kind.TIME),
        "updated_at": Column(sql="h.updated_at", kind=Kind.TIME, nullable=True),
    },
)

ALL_COLUMNS: Sequence[str] = tuple(HTTP_WORKERS.columns)


class HttpWorker(Struct, frozen=True, kw_only=True):
    """What is stored of an application; ``actions``, ``labels`` and ``headers`` are JSON.

    Attributes:
        headers: None, as ``secret``, keeps what is.
    """

    name: str
    description: str | None
    url: str
    actions: str
    queues: Sequence[str]
    labels: str
    headers: str | None
    secret: str | None
    concurrency: int
    timeout_seconds: int
    lease_seconds: int
    attempts: int
    enabled: bool


_INSERT = """
INSERT INTO http_worker (name, description, url, actions, queues, labels, headers, secret, concurrency,
                         timeout_seconds, lease_seconds, attempts, enabled, id, project_id)
VALUES ($1, $2, $3, $4, $5, $6, coalesce($7::json, '{}'), coalesce($8, ''), $9, $10, $11, $12, $13, $14, $15)
"""
_UPDATE = """
UPDATE http_worker SET name = $1, description = $2, url = $3, actions = $4, queues = $5, labels = $6,
       headers = coalesce($7::json, headers), secret = coalesce($8, secret), concurrency = $9, timeout_seconds = $10,
       lease_seconds = $11, attempts = $12, enabled = $13, updated_at = now()
 WHERE id = $14::uuid
"""
_FIND = f"""
{HTTP_WORKERS.select(ALL_COLUMNS)} WHERE h.name = $2 AND (h.project_id = $1 OR $3)
 ORDER BY h.project_id = $1 DESC, h.created_at LIMIT 1
"""
# Of what is committed: a counter could be seen before the change that it counts.
_REVISION = """
SELECT md5(coalesce(string_agg(id::text || coalesce(updated_at, created_at)::text, ',' ORDER BY id), ''))
  FROM http_worker
"""
_CALLED = """
SELECT id::text AS id, project_id, name, url, actions, queues, labels, headers, secret, concurrency, timeout_seconds,
       lease_seconds, attempts
  FROM http_worker WHERE enabled ORDER BY created_at, id LIMIT 10000
"""


async def create(connection: Connection, worker_id: str, project: str, new: HttpWorker) -> None:
    """Store an application. Raises Conflict if the project has one of that name."""
    try:
        await connection.execute(_INSERT, *_values(new), worker_id, project)
    except asyncpg.UniqueViolationError:
        raise Conflict(f"Duplicate entry: there is already an HTTP worker '{new.name}'") from None


async def update(connection: Connection, worker_id: str, changed: HttpWorker) -> None:
    """Replace an application."""
    await connection.execute(_UPDATE, *_values(changed), worker_id)


async def find(source: Pool | Connection, project: str, name: str, *, everything: bool = False) -> Row | None:
    """Return the application of that name in the project.

    Args:
        everything: Whether those of other projects are found too, after the own.
    """
    return await source.fetchrow(_FIND, project, name, everything)


async def page(source: Pool | Connection, wanted: Page, *, project: str | None) -> list[Row]:
    """Return a page of the applications of a project, or of all when it is None.

    Raises:
        InvalidInput: If a column is unknown or a value does not fit it.
    """
    sql, arguments = page_statement(HTTP_WORKERS, wanted, Statement(), project=project)
    return await source.fetch(sql, *arguments)


async def delete(connection: Connection, worker_id: str) -> None:
    """Remove an application."""
    await connection.execute("DELETE FROM http_worker WHERE id = $1::uuid", worker_id)


async def revision(pool: Pool) -> str:
    """Return a text that is another after every change."""
    return str(await pool.fetchval(_REVISION))


async def called(pool: Pool) -> list[Row]:
    """Return those that are enabled, with their secrets, oldest first, at most 10,000."""
    return await pool.fetch(_CALLED)


def _values(new: HttpWorker) -> tuple[object, ...]:
    return tuple(getattr(new, name) for name in HttpWorker.__struct_fields__)
