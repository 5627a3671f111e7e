"""What is to be done about events: which wait for it, who waits for them, and what came of it."""

from collections.abc import Sequence
from typing import Any, Final

import asyncpg
import msgspec
from msgspec import Struct

from mistral_core.event_triggers.event import Event
from mistral_core.event_triggers.reaction import Binding, Correlation, Reaction, Trigger, Verdict
from mistral_persistence.database import Connection, Pool

# While the mesh is in maintenance events wait.
_PENDING = """
SELECT id::text, source, event_id, exchange, topic, event, project_id, payload, created_at, scope, publisher, user_id,
       happened_at, depth, attempts, extract(epoch FROM now() - created_at)::float8 AS age
  FROM received_event
 WHERE state <> 'DONE' AND next_attempt_at <= now() AND (SELECT status FROM maintenance) = 'RUNNING'
 ORDER BY next_attempt_at, id LIMIT $1
   FOR UPDATE SKIP LOCKED
"""
_NEXT = """
SELECT extract(epoch FROM min(next_attempt_at) - now())::float8 FROM received_event WHERE state <> 'DONE'
"""
_TRIGGER_COLUMNS: Final = """
id::text, name, project_id, workflow_id::text, workflow_input, workflow_params, exchange, topic, event, matching,
scope = 'public' AS public, enabled, condition, input_mapping, reaction, correlation,
(SELECT namespace FROM workflow w WHERE w.id = event_trigger.workflow_id) AS namespace
"""
_BINDING_COLUMNS: Final = """
id::text, name, project_id, exchange, topic, event, matching, scope = 'public' AS public, enabled, condition, mapping
"""
_FOR_EVENT: Final = "(matching = 'glob' OR (exchange = $1 AND topic = $2 AND event = $3)) AND enabled"
_SEEN: Final = "(project_id = $4 OR $5)"
_MOST: Final = 1000
_TRIGGERS = f"""
SELECT {_TRIGGER_COLUMNS} FROM event_trigger
 WHERE {_FOR_EVENT} AND ({_SEEN} OR scope = 'public') AND created_at <= $6
 ORDER BY created_at, id LIMIT {_MOST}
"""
_BINDINGS = f"""
SELECT {_BINDING_COLUMNS} FROM event_binding
 WHERE {_FOR_EVENT} AND {_SEEN} AND created_at <= $6
 ORDER BY created_at, id LIMIT {_MOST}
"""
_OF_PROJECT = "FROM {} WHERE $1::text IS NULL OR project_id = $1 ORDER BY created_at, id LIMIT $2"
_DONE_WITH = "SELECT trigger_id::text FROM event_verdict WHERE event_id = $1::uuid AND verdict <> 'WAITING'"
_SETTLE = """
INSERT INTO event_verdict (event_id, trigger_id, kind, name, project_id, verdict, reason, execution_id)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::uuid[])
    ON CONFLICT (event_id, trigger_id) DO UPDATE
   SET verdict = excluded.verdict, reason = excluded.reason, execution_id = excluded.execution_id, at = now()
"""
# A trigger that was removed meanwhile has no row to count in.
_COUNT = """
INSERT INTO event_trigger_status AS s (trigger_id, fired, refused, last_fired_at, last_refused_at)
SELECT t.id, n.fired, n.refused, CASE WHEN n.fired > 0 THEN now() END, CASE WHEN n.refused > 0 THEN now() END
  FROM (SELECT trigger_id, count(*) FILTER (WHERE fired) AS fired, count(*) FILTER (WHERE NOT fired) AS refused
          FROM unnest($1::uuid[], $2::boolean[]) AS u (trigger_id, fired) GROUP BY trigger_id) n
  JOIN event_trigger t ON t.id = n.trigger_id
 ORDER BY t.id
    ON CONFLICT (trigger_id) DO UPDATE SET fired = s.fired + excluded.fired, refused = s.refused + excluded.refused,
       last_fired_at = coalesce(excluded.last_fired_at, s.last_fired_at),
       last_refused_at = coalesce(excluded.last_refused_at, s.last_refused_at)
"""
_CLOSE = """
UPDATE received_event r
   SET state = u.state, fired = r.fired + u.fired, attempts = r.attempts + 1, updated_at = now(),
       next_attempt_at = now() + u.again_in * interval '1 second'
  FROM unnest($1::uuid[], $2::text[], $3::integer[], $4::float8[]) AS u (id, state, fired, again_in)
 WHERE r.id = u.id
"""
_DEPTH = """
SELECT v.execution_id::text, max(r.depth) FROM event_verdict v JOIN received_event r ON r.id = v.event_id
 WHERE v.execution_id = ANY($1::uuid[]) GROUP BY v.execution_id
"""


class PendingEvent(Struct, frozen=True):
    """An event to be looked at; ``age`` is the seconds since it was received."""

    event: Event
    attempts: int
    age: float


class Outcome(Struct, frozen=True, kw_only=True):
    """What a trigger or a binding made of an event."""

    event_id: str
    wanted: Trigger | Binding
    verdict: Verdict
    reason: str = ""
    execution_id: str | None = None


class Closing(Struct, frozen=True):
    """What becomes of an event: done, or looked at again in so many seconds."""

    event_id: str
    fired: int
    again_in: float | None = None


async def pending(connection: Connection, *, limit: int) -> list[PendingEvent]:
    """Lock and return events to be looked at; those that another scheduler has locked are left out."""
    return [PendingEvent(event_of(row), row["attempts"], row["age"]) for row in await connection.fetch(_PENDING, limit)]


async def next_in(pool: Pool) -> float | None:
    """Return the seconds until an event is to be looked at, negative when it is late; None if there is none."""
    seconds: float | None = await pool.fetchval(_NEXT)
    return seconds


async def candidates(source: Pool | Connection, event: Event) -> list[Trigger | Binding]:
    """Return enabled triggers and bindings that may wait for an event, oldest first, at most a thousand of each.

    Those that were made after it was received have nothing to do with it.
    """
    given = (event.exchange, event.topic, event.type, event.project, event.public, event.received_at)
    triggers = [trigger_of(row) for row in await source.fetch(_TRIGGERS, *given)]
    return [*triggers, *(binding_of(row) for row in await source.fetch(_BINDINGS, *given))]


async def all_of(
    source: Pool | Connection, project: str | None, *, limit: int
) -> tuple[list[tuple[Trigger, Any]], list[tuple[Binding, Any]]]:
    """Return triggers and bindings of a project, or of all for None, each with the time it was made."""
    triggers = await source.fetch(
        f"SELECT {_TRIGGER_COLUMNS}, created_at {_OF_PROJECT.format('event_trigger')}", project, limit
    )
    bindings = await source.fetch(
        f"SELECT {_BINDING_COLUMNS}, created_at {_OF_PROJECT.format('event_binding')}", project, limit
    )
    return (
        [(trigger_of(row), row["created_at"]) for row in triggers],
        [(binding_of(row), row["created_at"]) for row in bindings],
    )


async def done_with(connection: Connection, event_id: str) -> frozenset[str]:
    """Return the ids of triggers and bindings that are done with an event from an earlier look."""
    return frozenset(row[0] for row in await connection.fetch(_DONE_WITH, event_id))


async def settle(connection: Connection, outcomes: Sequence[Outcome], closings: Sequence[Closing]) -> None:
    """Write down what became of events, and count it at the triggers."""
    # Always the same order, so that schedulers do not wait for each other.
    ordered = sorted(outcomes, key=lambda one: (one.event_id, one.wanted.id))
    if ordered:
        await connection.execute(_SETTLE, *map(list, zip(*(_values(one) for one in ordered), strict=True)))
    counted = [one for one in ordered if one.verdict in (Verdict.FIRED, Verdict.REFUSED)]
    if counted:
        fired = [one.verdict is Verdict.FIRED for one in counted]
        await connection.execute(_COUNT, [one.wanted.id for one in counted], fired)
    await connection.execute(
        _CLOSE,
        [one.event_id for one in closings],
        ["DONE" if one.again_in is None else "WAITING" for one in closings],
        [one.fired for one in closings],
        [one.again_in or 0.0 for one in closings],
    )


async def depths(source: Pool | Connection, execution_ids: Sequence[str]) -> dict[str, int]:
    """Return, for executions that an event started, how many events led to it."""
    return {row[0]: row[1] for row in await source.fetch(_DEPTH, execution_ids)}


def event_of(row: asyncpg.Record) -> Event:
    """Return the event of a row that has its columns."""
    return Event(
        id=row["id"],
        source=row["source"],
        event_id=row["event_id"],
        exchange=row["exchange"],
        topic=row["topic"],
        type=row["event"],
        project=row["project_id"],
        payload=msgspec.json.decode(row["payload"]),
        received_at=row["created_at"],
        public=row["scope"] == "public",
        publisher=row["publisher"],
        user=row["user_id"],
        happened_at=row["happened_at"],
        depth=row["depth"],
    )


def trigger_of(row: asyncpg.Record) -> Trigger:
    """Return the trigger of a row."""
    parts = {name: msgspec.json.decode(row[name]) for name in ("workflow_input", "workflow_params", "input_mapping")}
    texts = ("id", "name", "project_id", "workflow_id", "exchange", "topic", "event", "matching", "condition")
    values = {name: row[name] for name in (*texts, "public", "enabled")}
    correlation = msgspec.json.decode(row["correlation"], type=Correlation)
    project = values.pop("project_id")
    values["namespace"] = row["namespace"] or ""
    return Trigger(**values, **parts, project=project, reaction=Reaction(row["reaction"]), correlation=correlation)


def binding_of(row: asyncpg.Record) -> Binding:
    """Return the binding of a row."""
    texts = ("id", "name", "exchange", "topic", "event", "matching", "condition", "public", "enabled")
    mapping = msgspec.json.decode(row["mapping"])
    return Binding(**{name: row[name] for name in texts}, project=row["project_id"], mapping=mapping)


def _values(one: Outcome) -> tuple[Any, ...]:
    kind = "trigger" if isinstance(one.wanted, Trigger) else "binding"
    first = (one.event_id, one.wanted.id, kind, one.wanted.name, one.wanted.project, one.verdict.value)
    return (*first, one.reason[:2000].replace("\0", ""), one.execution_id)
