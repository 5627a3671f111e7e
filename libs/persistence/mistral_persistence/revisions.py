"""When a stored thing last changed, held still for a change that builds on it."""

import asyncpg

from mistral_persistence.database import Connection

TABLES = frozenset(
    {
        "workbook",
        "workflow",
        "action_definition",
        "environment",
        "fleet",
        "http_worker",
        "code_source",
        "dynamic_action",
        "cron_trigger",
        "event_trigger",
        "event_source",
        "event_binding",
        "subscription",
    }
)


async def locked(connection: Connection, table: str, row_id: str) -> asyncpg.Record | None:
    """Return id and times of a row, which nobody else changes until the transaction ends; None if it is gone."""
    if table not in TABLES:
        raise ValueError(f"{table} has no revisions")
    sql = f"SELECT id::text AS id, created_at, updated_at FROM {table} WHERE id = $1::uuid FOR UPDATE"
    return await connection.fetchrow(sql, row_id)
