"""How executions go whose time is over, while engines work. Which those are is ``expired``.

What is about to go is marked first, so that an engine which has just read it, to run it again, cannot write it any
more: its flush looks for marks. It is read and removed once no transaction can have missed the mark. Nobody is waited
for long: what somebody else holds stays for the next time.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from mistral_persistence.database import Connection, Pool
from mistral_persistence.deletion import STATEMENTS

Archive: TypeAlias = Callable[[Sequence[str]], Awaitable[None]]
"""Keeps executions, by their ids, safe elsewhere; returns once they are on disk."""

_LOCK: Final = "SELECT pg_try_advisory_lock(hashtext('retention'))"
_UNLOCK: Final = "SELECT pg_advisory_unlock(hashtext('retention'))"
PATIENCE_SECONDS: Final = 10.0
"""How long transactions are waited for that write while something is marked."""

_LOOK_SECONDS: Final = 0.02

_FAMILIES = """
SELECT e.root_id::text AS root, e.id::text AS id, e.finished_at IS NOT NULL AS ended
  FROM execution e WHERE e.root_id = ANY ($1::uuid[]) AND e.parent_id IS NOT NULL
UNION ALL
SELECT e.id::text, e.id::text, e.finished_at IS NOT NULL FROM execution e WHERE e.id = ANY ($1::uuid[])
"""
_MARK = "INSERT INTO expiring (execution_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING"
# Whoever has written anything by now has a number below this.
_NOW = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"
_SEEN_BY_ALL = "SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::text::xid8"
_UNMARK = "DELETE FROM expiring WHERE execution_id = ANY ($1::uuid[])"
# Of somebody who was killed in between.
_FORGET_MARKS = "DELETE FROM expiring WHERE since < now() - interval '10 minutes'"
_HELD = "SELECT e.id::text FROM execution e WHERE e.id = ANY ($1::uuid[]) FOR UPDATE SKIP LOCKED"
_WHOLE = """
SELECT json_build_object(
    'execution', to_json(e),
    'tasks', (SELECT coalesce(json_agg(t ORDER BY t.created_at, t.id), '[]')
                FROM task_record t WHERE t.execution_id = e.id),
    'actions', (SELECT coalesce(json_agg(a ORDER BY a.created_at, a.id), '[]')
                  FROM action_record a WHERE a.execution_id = e.id),
    'history', (SELECT coalesce(json_agg(h.events ORDER BY h.position), '[]')
                  FROM execution_history h WHERE h.execution_id = e.id))::text
  FROM execution e WHERE e.id = $1::uuid
"""


async def alone(connection: Connection) -> bool:
    """Whether nobody else removes executions; then nobody does until this connection is closed or ``done``."""
    await connection.execute(_FORGET_MARKS)
    return bool(await connection.fetchval(_LOCK))


async def done(connection: Connection) -> None:
    """Let others remove executions."""
    await connection.execute(_UNLOCK)


async def whole(source: Pool | Connection, execution_id: str) -> str | None:
    """Return everything that is stored of an execution, as one JSON text without line ends; None if it is gone."""
    text: str | None = await source.fetchval(_WHOLE, execution_id)
    return None if text is None else text.replace("\n", " ")


async def remove(
    pool: Pool, roots: Sequence[str], archive: Archive | None = None, *, patience: float = PATIENCE_SECONDS
) -> list[str]:
    """Remove ended roots with all below them, if all of those have ended too; return the ids of what went.

    Nothing goes while a transaction writes for longer than ``patience`` seconds.

    Raises:
        asyncpg.LockNotAvailableError: If somebody was in the way; nothing was removed.
    """
    families = await _families(pool, roots)
    wanted = [member for family in families.values() for member in family]
    if not wanted:
        return []
    await pool.execute(_MARK, wanted)
    try:
        if not await _seen_by_all(pool, patience):
            return []
        # From here on nothing of them changes; what had begun before shows now.
        families = await _families(pool, list(families))
        gone = [member for family in families.values() for member in family]
        if archive is not None and gone:
            await archive(gone)
        return await _removed(pool, families)
    finally:
        await pool.execute(_UNMARK, wanted)


async def _families(pool: Pool, roots: Sequence[str]) -> dict[str, list[str]]:
    """Return all members of each family that has ended, by its root."""
    families: dict[str, list[str]] = defaultdict(list)
    live = set()
    for row in await pool.fetch(_FAMILIES, roots):
        families[row["root"]].append(row["id"])
        if not row["ended"]:
            live.add(row["root"])
    return {root: members for root, members in families.items() if root not in live}


async def _seen_by_all(pool: Pool, patience: float) -> bool:
    """Wait until no transaction goes on that has written something before now; False if one lasts too long."""
    mark = await pool.fetchval(_NOW)
    until = time.monotonic() + patience
    while not await pool.fetchval(_SEEN_BY_ALL, mark):
        if time.monotonic() > until:
            return False
        await asyncio.sleep(_LOOK_SECONDS)
    return True


async def _removed(pool: Pool, families: dict[str, list[str]]) -> list[str]:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '1s'")
        held = {row["id"] for row in await connection.fetch(_HELD, list(families))}
        gone = [member for root, members in families.items() if root in held for member in members]
        for statement in STATEMENTS:
            await connection.execute(statement, gone)
    return gone
