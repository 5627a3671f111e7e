"""Etags: what a caller sends along with a change to say which state of a thing it builds on."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import asyncpg

from mistral_core.errors import EtagMismatch
from mistral_persistence import revisions
from mistral_persistence.database import Connection
from mistral_persistence.records import micros

Row: TypeAlias = asyncpg.Record | Mapping[str, Any]


def etag_of(row: Row) -> str:
    """Return the etag of a thing by the time of its last change; of an execution also by its state."""
    changed = row["updated_at"] or row["created_at"]
    return f"{micros(changed):x}{row.get('state', '')[:1].lower()}"


def check_etag(row: Row, etag: str) -> None:
    """Raise EtagMismatch if an etag is given and is not that of the row."""
    if etag and etag_of(row) != etag:
        raise EtagMismatch("It was changed since it was read: read it again and decide anew")


async def hold(connection: Connection, table: str, row_id: str, etag: str) -> None:
    """Check an etag, if one is given, and keep everybody else from changing the row until the transaction ends.

    Raises:
        EtagMismatch: If the row has another one by now, or is gone.
    """
    if not etag:
        return
    row = await revisions.locked(connection, table, row_id)
    if row is None:
        raise EtagMismatch("It was removed since it was read")
    check_etag(row, etag)
