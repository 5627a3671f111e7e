"""The history of executions as a source of events: who is interested, how far it was read, and what comes next."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

import msgspec
from msgspec import Struct

from mistral_core.event_triggers.matching import fits
from mistral_persistence.database import Pool
from mistral_persistence.history import NOWHERE, HistoryEvent
from mistral_persistence.standalone import SHOWN

_ROWS = 500

_INTERESTS = """
SELECT DISTINCT project_id, scope = 'public', event, matching = 'glob', exchange, topic FROM event_trigger WHERE enabled
   AND (matching = 'glob' OR (exchange = $1 AND topic = $2))
UNION
SELECT DISTINCT project_id, false, event, matching = 'glob', exchange, topic FROM event_binding WHERE enabled
   AND (matching = 'glob' OR (exchange = $1 AND topic = $2))
"""
_CLAIM = """
INSERT INTO event_cursor AS c (name, reached, owner, owned_until)
VALUES ($1, now(), $2, now() + $3 * interval '1 second')
    ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, owned_until = excluded.owned_until
 WHERE c.owner = excluded.owner OR c.owned_until < now()
RETURNING reached
"""
_REACH = "UPDATE event_cursor SET reached = $3 WHERE name = $1 AND owner = $2"
_RELEASE = "UPDATE event_cursor SET owned_until = '-infinity' WHERE owner = $1"
_AFTER = f"""
SELECT h.at, h.execution_id::text AS id, h.position, h.events, e.project_id, e.root_id::text AS root_id,
       e.workflow_id::text AS workflow_id, e.workflow_name, e.workflow_namespace
  FROM (SELECT at, execution_id, position, events FROM execution_history
         WHERE at >= $1 AND at < $2 AND (at, execution_id, position) > ($1, $3::uuid, $4)
         ORDER BY at, execution_id, position LIMIT $5) h
  LEFT JOIN execution e ON e.id = h.execution_id AND {SHOWN} AND ($6 OR e.project_id = ANY($7::text[]))
 ORDER BY h.at, h.execution_id, h.position
"""

Place: TypeAlias = tuple[datetime, str, int]


class Interest(Struct, frozen=True):
    """Somebody who waits for events of executions."""

    project: str
    public: bool
    event: str
    glob: bool


class Happening(Struct, frozen=True, kw_only=True):
    """One thing that happened to an execution."""

    at: datetime
    execution_id: str
    root_id: str
    position: int
    event: str
    project: str
    workflow_id: str
    workflow_name: str
    workflow_namespace: str
    task_id: str | None
    task_name: str | None
    state: str | None
    state_info: str | None


_decoder = msgspec.json.Decoder(list[HistoryEvent])


def beginning(since: datetime) -> Place:
    """Return the place before all that happened at a time or after."""
    return (since, NOWHERE, 0)


async def interests(pool: Pool, exchange: str, topic: str) -> list[Interest]:
    """Return who may wait for events of that exchange and topic."""
    rows = await pool.fetch(_INTERESTS, exchange, topic)
    return [
        Interest(project, public, event, glob)
        for project, public, event, glob, at, about in rows
        if fits(at, exchange, glob=glob) and fits(about, topic, glob=glob)
    ]


async def now(pool: Pool) -> datetime:
    """Return the time of the store."""
    found: datetime = await pool.fetchval("SELECT now()")
    return found


async def claim(pool: Pool, name: str, owner: str, *, seconds: float) -> datetime | None:
    """Become, or stay, who reads; return how far it was read, None if somebody else reads."""
    found: datetime | None = await pool.fetchval(_CLAIM, name, owner, seconds)
    return found


async def reach(pool: Pool, name: str, owner: str, reached: datetime) -> None:
    """Note how far it was read."""
    await pool.execute(_REACH, name, owner, reached)


async def release(pool: Pool, owner: str) -> None:
    """Leave the reading to others."""
    await pool.execute(_RELEASE, owner)


async def after(
    pool: Pool, place: Place, until: datetime, wanted: Sequence[Interest]
) -> tuple[list[Happening], Place | None]:
    """Return what happened after a place and before a time in the projects that are interested.

    The place to go on from is None when there is no more.
    """
    everybody = any(each.public for each in wanted)
    projects = list({each.project for each in wanted})
    rows = await pool.fetch(_AFTER, place[0], until, place[1], place[2], _ROWS, everybody, projects)
    found = []
    for row in rows:
        # Another project's, or removed meanwhile.
        if row["project_id"] is None:
            continue
        for event in _decoder.decode(row["events"]):
            found.append(
                Happening(
                    at=row["at"],
                    execution_id=row["id"],
                    root_id=row["root_id"],
                    position=event.position,
                    event=event.event,
                    project=row["project_id"],
                    workflow_id=row["workflow_id"],
                    workflow_name=row["workflow_name"],
                    workflow_namespace=row["workflow_namespace"],
                    task_id=event.task_id,
                    task_name=event.task_name,
                    state=event.state,
                    state_info=event.state_info,
                )
            )
    last = rows[-1] if len(rows) == _ROWS else None
    return found, (last["at"], last["id"], last["position"]) if last is not None else None
