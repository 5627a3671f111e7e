"""Answers to requests that created something, by the key that the caller gave them."""

import asyncpg

from mistral_persistence.database import Connection

_KEPT = "interval '24 hours'"

_EXPIRE = f"""
DELETE FROM answered_request WHERE project_id = $1 AND request_id = $2 AND created_at < now() - {_KEPT}
"""
# Whoever removes the same ones at the moment is not waited for.
_SWEEP = f"""
DELETE FROM answered_request WHERE ctid IN (
    SELECT ctid FROM answered_request WHERE created_at < now() - {_KEPT} LIMIT 20 FOR UPDATE SKIP LOCKED)
"""
_CLAIM = """
INSERT INTO answered_request (project_id, request_id, fingerprint) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
RETURNING true
"""
_FIND = "SELECT fingerprint, response FROM answered_request WHERE project_id = $1 AND request_id = $2"
_KEEP = "UPDATE answered_request SET response = $3 WHERE project_id = $1 AND request_id = $2"


async def claim(connection: Connection, project: str, request_id: str, fingerprint: bytes) -> asyncpg.Record | None:
    """Take a key, or return fingerprint and response of the request that has it.

    Waits for a request of the same key that is under way. What is taken and given no response is free again when the
    transaction fails.
    """
    await connection.execute(_EXPIRE, project, request_id)
    while not await connection.fetchval(_CLAIM, project, request_id, fingerprint):
        found = await connection.fetchrow(_FIND, project, request_id)
        if found is not None:
            return found
    return None


async def keep(connection: Connection, project: str, request_id: str, response: bytes) -> None:
    """Remember the response under a key that was taken in this transaction, and forget some that are too old."""
    await connection.execute(_KEEP, project, request_id, response)
    await connection.execute(_SWEEP)
