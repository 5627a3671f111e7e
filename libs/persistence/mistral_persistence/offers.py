"""Actions that workers offer: taken down, read whole by the engines, listed for users, and forgotten again.

A change that somebody could notice makes ``definition_epoch`` grow; that an offer still stands does not.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeAlias

import asyncpg
import msgspec
from msgspec import Struct

from mistral_persistence.action_definitions import lock
from mistral_persistence.database import Connection, Pool

Row: TypeAlias = asyncpg.Record

_MOST_EXECUTORS = 64


class Offered(Struct, frozen=True, kw_only=True):
    """One action on one queue of one project, as a worker describes it."""

    project: str
    queue: str
    name: str
    public: bool = False
    description: str = ""
    input_schema: str = ""
    output_schema: str = ""
    safe_rerun: bool = False

    @property
    def digest(self) -> str:
        """Return what differs as soon as anything of the description does."""
        return hashlib.blake2b(msgspec.json.encode(self), digest_size=8).hexdigest()


class Known(Struct, frozen=True):
    """An offer as the engines read it."""

    project: str
    name: str
    public: bool
    safe_rerun: bool


class Uploaded(Struct, frozen=True):
    """An action from uploaded code, by which no offer of its name counts where it is seen."""

    project: str
    namespace: str
    name: str
    public: bool


_STORED = """
SELECT project_id, queue, name, told FROM offered_action
 WHERE (project_id, name, queue) IN (SELECT * FROM unnest($1::text[], $2::text[], $3::text[]))
"""
_UPSERT = """
INSERT INTO offered_action AS o
       (project_id, queue, name, public, description, input_schema, output_schema, safe_rerun, told, last_executor)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, jsonb_build_object($9::text, $10::text), $9)
ON CONFLICT (project_id, name, queue) DO UPDATE
   SET public = $4, description = $5, input_schema = $6, output_schema = $7, safe_rerun = $8, last_executor = $9,
       told = CASE WHEN (SELECT count(*) FROM jsonb_object_keys(o.told)) >= $11 THEN '{}' ELSE o.told END
              || jsonb_build_object($9::text, $10::text),
       updated_at = now(), last_offered_at = now()
"""
_STANDS = """
UPDATE offered_action SET last_offered_at = now(), last_executor = $4
 WHERE (project_id, name, queue) IN (SELECT * FROM unnest($1::text[], $2::text[], $3::text[]))
   AND (last_offered_at < now() - interval '1 minute' OR last_executor <> $4)
"""
_WANTED = """
UPDATE offered_action SET last_wanted_at = now()
 WHERE (project_id, name) IN (SELECT * FROM unnest($1::text[], $2::text[]))
"""
_FORGET = """
DELETE FROM offered_action
 WHERE greatest(last_offered_at, last_wanted_at) < $1
"""
_ALL = "SELECT DISTINCT project_id, name, public, safe_rerun FROM offered_action ORDER BY project_id, name"
_SEEN = """
SELECT project_id, queue, name, public, description, input_schema, output_schema, safe_rerun, last_offered_at
  FROM offered_action
"""
_UPLOADED = "SELECT project_id, namespace, name, scope = 'public' FROM dynamic_action"


async def record(pool: Pool, executor: str, offers: Iterable[Offered]) -> int:
    """Take down what workers at an executor offer now; return how many of the descriptions were news from there."""
    wanted = {(each.project, each.name, each.queue): each for each in offers}
    if not wanted:
        return 0
    keys = [list(column) for column in zip(*wanted, strict=True)]
    told = {
        (row["project_id"], row["name"], row["queue"]): msgspec.json.decode(row["told"]).get(executor)
        for row in await pool.fetch(_STORED, *keys)
    }
    news = [each for key, each in wanted.items() if told.get(key) != each.digest]
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(_STANDS, *keys, executor)
        if news:
            await lock(connection)
            await connection.executemany(_UPSERT, [_row(each, executor) for each in news])
    return len(news)


def _row(offer: Offered, executor: str) -> tuple[object, ...]:
    return (
        offer.project,
        offer.queue,
        offer.name,
        offer.public,
        offer.description,
        offer.input_schema,
        offer.output_schema,
        offer.safe_rerun,
        executor,
        offer.digest,
        _MOST_EXECUTORS,
    )


async def wanted(pool: Pool, actions: Sequence[tuple[str, str]]) -> None:
    """Take note that runs of these (project, action) are open."""
    if actions:
        await pool.execute(_WANTED, *[list(column) for column in zip(*actions, strict=True)])


async def forget(pool: Pool, *, before: datetime) -> int:
    """Remove offers that nobody made and no run waited for since a moment; return how many."""
    status = await pool.execute(_FORGET, before)
    return int(status.rpartition(" ")[2])


async def visible(source: Pool | Connection, project: str | None, *, name: str | None = None) -> list[Row]:
    """Return the offers that a project sees, or all there are when it is None, each queue on its own.

    Args:
        name: Only those of this action.
    """
    conditions = "($1::text IS NULL OR project_id = $1 OR public) AND ($2::text IS NULL OR name = $2)"
    return await source.fetch(f"{_SEEN} WHERE {conditions} ORDER BY name, project_id, queue", project, name)


async def everything(source: Pool | Connection) -> tuple[list[Known], list[Uploaded]]:
    """Return all offers, and the uploaded actions that come before them."""
    known = [Known(*row) for row in await source.fetch(_ALL)]
    # Without offers nothing can be hidden by an uploaded action, but a task that awaits a worker must know of them too.
    return known, [Uploaded(*row) for row in await source.fetch(_UPLOADED)]
