"""Runs of cron triggers as people see them: each due time and what became of it."""

from collections.abc import Sequence
from typing import TypeAlias

import asyncpg

from mistral_persistence.database import Connection, Pool
from mistral_persistence.listing import Column, Kind, Listing, Page, Statement, page_statement

Row: TypeAlias = asyncpg.Record

# A run is seen to be over as soon as it is, although its trigger may learn of it later.
_STATE = """CASE WHEN r.state = 'OPEN' AND NOT EXISTS (
    SELECT FROM execution e WHERE e.id = r.execution_id AND e.finished_at IS NULL) THEN 'OVER' ELSE r.state END"""

CRON_RUNS = Listing(
    source="cron_run r",
    columns={
        "id": Column(sql="r.id", kind=Kind.UUID),
        "trigger_id": Column(sql="r.trigger_id", kind=Kind.UUID),
        "kind": Column(sql="r.kind"),
        "due_at": Column(sql="r.due_at", kind=Kind.TIME),
        "run_state": Column(sql=_STATE),
        "overlap": Column(sql="r.overlap"),
        "reason": Column(sql="r.reason"),
        "execution_id": Column(sql="r.execution_id", kind=Kind.UUID, nullable=True),
        "created_at": Column(sql="r.created_at", kind=Kind.TIME),
        "updated_at": Column(sql="r.updated_at", kind=Kind.TIME, nullable=True),
    },
)

_ALL: Sequence[str] = tuple(CRON_RUNS.columns)
_FIND = f"{CRON_RUNS.select(_ALL)} WHERE r.id = $1::uuid"
_KNOWN = """
SELECT request_id FROM cron_run
 WHERE trigger_id = $1::uuid AND request_id = ANY($2::text[]) AND state NOT IN ('SKIPPED', 'FAILED')
"""


async def find(source: Pool | Connection, run_id: str) -> Row:
    """Return a run that is there."""
    row = await source.fetchrow(_FIND, run_id)
    assert row is not None
    return row


async def page(source: Pool | Connection, wanted: Page) -> list[Row]:
    """Return a page of runs; the page says of which trigger.

    Raises:
        InvalidInput: If a column is unknown or a value does not fit it.
    """
    sql, arguments = page_statement(CRON_RUNS, wanted, Statement())
    return await source.fetch(sql, *arguments)


async def known(connection: Connection, trigger_id: str, request_ids: Sequence[str]) -> set[str]:
    """Return those of the request ids under which a trigger has run something, or is about to."""
    return {row[0] for row in await connection.fetch(_KNOWN, trigger_id, request_ids)}
