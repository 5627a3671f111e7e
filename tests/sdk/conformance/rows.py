"""Looks for a text in everything that the database holds."""

from __future__ import annotations

import asyncio

import asyncpg


def rows_that_hold(dsn: str, text: str) -> list[str]:
    """Return the tables with a row in which a text stands, as text or in bytes."""
    return asyncio.run(_search(dsn, text))


async def _search(dsn: str, text: str) -> list[str]:
    connection = await asyncpg.connect(dsn)
    try:
        tables = await connection.fetch(
            "SELECT schemaname AS room, tablename AS name FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        found = []
        for table in tables:
            whole = f'"{table["room"]}"."{table["name"]}"'
            query = f"SELECT count(*) FROM {whole} AS r WHERE strpos(r::text, $1) > 0 OR strpos(r::text, $2) > 0"
            if await connection.fetchval(query, text, text.encode().hex()):
                found.append(table["name"])
        return found
    finally:
        await connection.close()
