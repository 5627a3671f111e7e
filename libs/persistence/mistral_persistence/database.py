"""Connecting to Postgres, and bringing its schema up to date."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib import resources
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

if TYPE_CHECKING:
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
else:
    # Generic for the type checker only.
    Pool, Connection = asyncpg.Pool, asyncpg.Connection

OLDEST_SERVER = 150000

_MIGRATION_LOCK = 7_361_990_115_042
# A new index takes a minute for some ten million rows.
_MIGRATION_SECONDS = 3600.0


class UnsupportedServer(Exception):
    """The database server is too old for the mesh."""


async def _keep(_: object) -> None:
    """Leave a connection as it is: nothing of ours outlives its transaction, and a reset costs a round trip each."""


@asynccontextmanager
async def connected(
    url: str, *, size: int = 8, application: str = "mistral", settings: Mapping[str, str] | None = None
) -> AsyncIterator[Pool]:
    """Open a pool of at most ``size`` connections and close it at the end.

    Args:
        settings: Of Postgres, for these connections.

    Raises:
        UnsupportedServer: If the server is older than Postgres 15.
        OSError, asyncpg.PostgresError: If it cannot be reached or refuses us.
    """
    pool = await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        command_timeout=60,
        # Each return to the pool would set a timer for it.
        max_inactive_connection_lifetime=0,
        reset=_keep,
        server_settings={"application_name": application, "jit": "off", **(settings or {})},
    )
    async with pool:
        number = int(await pool.fetchval("SHOW server_version_num"))
        if number < OLDEST_SERVER:
            raise UnsupportedServer(f"Postgres 15 or newer is needed, this server is {number // 10000}")
        yield pool


async def migrate(pool: Pool) -> list[str]:
    """Apply the migrations that are not applied yet, in the order of their numbers; return their names.

    Several services may call this at the same moment: one does the work, the others wait for it.
    """
    files = sorted(
        (f for f in resources.files("mistral_persistence.migrations").iterdir() if f.name.endswith(".sql")),
        key=lambda f: f.name,
    )
    applied: list[str] = []
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _MIGRATION_LOCK, timeout=_MIGRATION_SECONDS)
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS migration"
            " (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        done = {row["name"] for row in await connection.fetch("SELECT name FROM migration")}
        for file in files:
            if file.name not in done:
                await connection.execute(file.read_text(encoding="utf-8"), timeout=_MIGRATION_SECONDS)
                await connection.execute("INSERT INTO migration (name) VALUES ($1)", file.name)
                applied.append(file.name)
        await connection.execute("SELECT prepare_history(2)")
    return applied
