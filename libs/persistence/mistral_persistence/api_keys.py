"""API keys: made, looked up by their public prefix, listed and revoked. What their holders may do is not known here."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

import asyncpg
from msgspec import Struct

from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Column, Kind, Listing, Page, Statement, page_statement

Row: TypeAlias = asyncpg.Record

API_KEYS = Listing(
    source="api_key k",
    columns={
        "id": Column(sql="k.id", kind=Kind.UUID),
        "prefix": Column(sql="k.prefix"),
        "project_id": Column(sql="k.project_id"),
        "name": Column(sql="k.name"),
        "roles": Column(sql="k.roles", kind=Kind.TAGS),
        "scopes": Column(sql="k.scopes", kind=Kind.TAGS),
        "created_by": Column(sql="k.created_by"),
        "created_at": Column(sql="k.created_at", kind=Kind.TIME),
        "expires_at": Column(sql="k.expires_at", kind=Kind.TIME, nullable=True),
        "used_at": Column(sql="k.used_at", kind=Kind.TIME, nullable=True),
        "revoked_at": Column(sql="k.revoked_at", kind=Kind.TIME, nullable=True),
    },
)

ALL_COLUMNS: Sequence[str] = tuple(API_KEYS.columns)


class NewApiKey(Struct, frozen=True, kw_only=True):
    """What is stored of a key."""

    id: str
    prefix: str
    digest: bytes
    project: str
    name: str
    roles: list[str]
    scopes: list[str]
    created_by: str
    expires_at: datetime | None


_INSERT = """
INSERT INTO api_key (id, prefix, digest, project_id, name, roles, scopes, created_by, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
# The clock is the server's, so that all gateways agree on what is over.
_BY_PREFIX = """
SELECT id, digest, project_id, name, roles, scopes,
       revoked_at IS NOT NULL OR coalesce(expires_at <= now(), false) AS over,
       extract(epoch FROM expires_at - now()) AS seconds_left,
       coalesce(used_at < now() - interval '5 minutes', true) AS used_long_ago
  FROM api_key WHERE prefix = $1
"""
_USED = "UPDATE api_key SET used_at = now() WHERE id = $1"
_REVOKE = "UPDATE api_key SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1::uuid"
_BY_ID = f"{API_KEYS.select(ALL_COLUMNS)} WHERE k.id = $1::uuid"


async def create(connection: Pool | Connection, new: NewApiKey) -> None:
    """Store a key."""
    await connection.execute(
        _INSERT,
        new.id,
        new.prefix,
        new.digest,
        new.project,
        new.name,
        new.roles,
        new.scopes,
        new.created_by,
        new.expires_at,
    )


async def by_prefix(source: Pool | Connection, prefix: str) -> Row | None:
    """Return what proves and describes the holder of a key, with ``over``, ``seconds_left`` and ``used_long_ago``."""
    return await source.fetchrow(_BY_PREFIX, prefix)


async def used(source: Pool | Connection, key_id: str) -> None:
    """Note that a key was used just now."""
    await source.execute(_USED, key_id)


async def get(source: Pool | Connection, key_id: str) -> Row | None:
    """Return all that may be told of a key."""
    return await source.fetchrow(_BY_ID, key_id)


async def revoke(connection: Pool | Connection, key_id: str) -> None:
    """Let a key prove nothing any more; one that is revoked stays so since the first time."""
    await connection.execute(_REVOKE, key_id)


async def page(source: Pool | Connection, wanted: Page) -> list[Row]:
    """Return a page of keys. Raises InvalidInput if a column is unknown or a value does not fit it."""
    sql, arguments = page_statement(API_KEYS, wanted, Statement())
    return await source.fetch(sql, *arguments)
