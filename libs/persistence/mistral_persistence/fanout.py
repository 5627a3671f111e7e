"""From what happened to deliveries of subscriptions: one transaction takes out the one and puts in the other.

Only one notifier does it at a time, so that what happened to an execution stays in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mistral_persistence.database import Connection, Pool

_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('notification fan-out'))"
_SOURCES = """
SELECT s.id, s.execution_id, s.about, s.events,
       e.project_id, e.workflow_id::text, e.workflow_name, e.workflow_namespace, e.root_id::text,
       e.task_execution_id::text, to_micros(e.created_at) AS created_at, e.tags
  FROM (SELECT * FROM notification_source ORDER BY id LIMIT $1) s
  LEFT JOIN execution e ON e.id = s.execution_id AND s.about IS NULL
 ORDER BY s.id
"""
_TASKS = """
SELECT id::text, to_micros(created_at) AS created_at, (body ->> 'started_at')::bigint AS started_at,
       (body ->> 'finished_at')::bigint AS finished_at
  FROM task_record WHERE id = ANY($1::uuid[])
"""
_SUBSCRIPTIONS = """
SELECT id::text, project_id, event_types, workflow_names, tags, states, condition, publisher, wants_actions,
       coalesce(updated_at, created_at) AS changed_at
  FROM subscription WHERE enabled AND project_id = ANY($1)
"""
_INSERT = """
INSERT INTO notification (execution_id, event, payload, publisher, subscription_id)
SELECT execution, event, payload, publisher, subscription
  FROM unnest($1::uuid[], $2::text[], $3::json[], $4::json[], $5::uuid[]) WITH ORDINALITY
       AS new (execution, event, payload, publisher, subscription, place)
 ORDER BY place
"""


@dataclass(frozen=True, slots=True)
class Source:
    """What one commit did to one execution; ``about`` and ``events`` are JSON texts.

    The rest is of the execution, where ``about`` is None; None too if there is no execution any more.
    """

    id: int
    execution_id: UUID
    about: str | None
    events: str
    project_id: str | None
    workflow_id: str | None
    workflow_name: str | None
    workflow_namespace: str | None
    root_execution_id: str | None
    task_execution_id: str | None
    created_at: int | None
    tags: Sequence[str] | None


@dataclass(frozen=True, slots=True)
class TaskTimes:
    """When a task began and ended, in microseconds since the epoch."""

    created_at: int
    started_at: int | None
    finished_at: int | None


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A subscription as far as it decides what it gets; ``publisher`` is a JSON text."""

    id: str
    project_id: str
    event_types: Sequence[str]
    workflow_names: Sequence[str]
    tags: Sequence[str]
    states: Sequence[str]
    condition: str
    publisher: str
    wants_actions: bool
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A delivery to be made; ``payload`` and ``publisher`` are JSON texts."""

    execution_id: UUID
    event: str
    payload: str
    publisher: str
    subscription_id: str


async def anything(pool: Pool) -> bool:
    """Tell whether anybody has subscribed, or something is left from when somebody had."""
    return bool(
        await pool.fetchval(
            "SELECT EXISTS (SELECT FROM subscription WHERE enabled) OR EXISTS (SELECT FROM notification_source)"
        )
    )


async def sources(connection: Connection, limit: int) -> list[Source] | None:
    """Return the oldest of what happened, for this transaction alone; None if another notifier is at it."""
    if not await connection.fetchval(_LOCK):
        return None
    return [Source(*row) for row in await connection.fetch(_SOURCES, limit)]


async def task_times(connection: Connection, ids: Sequence[str]) -> dict[str, TaskTimes]:
    """Return the times of tasks by their ids; those of removed executions are missing."""
    rows = await connection.fetch(_TASKS, ids)
    return {row["id"]: TaskTimes(row["created_at"], row["started_at"], row["finished_at"]) for row in rows}


async def subscribed(connection: Connection, projects: Sequence[str]) -> list[Subscribed]:
    """Return the subscriptions of projects that are switched on."""
    return [Subscribed(*row) for row in await connection.fetch(_SUBSCRIPTIONS, projects)]


async def replace(connection: Connection, done: Sequence[Source], deliveries: Sequence[NewDelivery]) -> None:
    """Take out what happened and put in what is to be told of it, in that order."""
    if deliveries:
        columns = zip(
            *((d.execution_id, d.event, d.payload, d.publisher, d.subscription_id) for d in deliveries), strict=True
        )
        await connection.execute(_INSERT, *map(list, columns))
    await connection.execute("DELETE FROM notification_source WHERE id = ANY($1::bigint[])", [one.id for one in done])
