"""Actions that are run on their own: each is the one task of a hidden execution, told from others by its workflow."""

from datetime import datetime
from typing import Final

from mistral_persistence.database import Pool
from mistral_persistence.deletion import delete

WORKFLOW_ID: Final = "00000000-0000-8000-8000-000000000001"
"""The workflow of such executions; its text stands in the migrations."""

VERSION: Final = 1

FORGET: Final = "forget"
"""The parameter of such an execution that nobody wants to see again; whoever started it removes it."""

HIDDEN: Final = f"e.workflow_id = '{WORKFLOW_ID}'"
"""Condition, of an ``execution e``, that it is such a one."""

SHOWN: Final = f"e.workflow_id <> '{WORKFLOW_ID}'"
"""Condition, of an ``execution e``, that it is a user's own."""

_FORGOTTEN = f"""
SELECT e.id::text FROM execution e
 WHERE {HIDDEN} AND e.workflow_name = 'standalone_action' AND (e.params ->> '{FORGET}')::boolean AND e.finished_at < $1
 LIMIT $2
"""


async def drop_forgotten(pool: Pool, *, before: datetime, limit: int) -> int:
    """Remove runs that ended before a moment and were not to be kept; return how many.

    There are some only if whoever started them was killed in between.
    """
    ids = [row["id"] for row in await pool.fetch(_FORGOTTEN, before, limit)]
    if ids:
        await delete(pool, ids, {})
    return len(ids)
