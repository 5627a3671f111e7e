"""What happened to executions, read back in order: the source of watches and of their resume tokens.

The engine writes it; a row holds what one commit did to one execution, its position is that of its last event.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias

import msgspec

from mistral_persistence.database import Connection, Pool

ROWS_AT_ONCE = 200

_AFTER = """
SELECT position, events FROM execution_history
 WHERE execution_id = $1::uuid AND position > $2 ORDER BY position LIMIT $3
"""

_LATEST = """
SELECT execution_id::text AS id, max(position) AS position FROM execution_history
 WHERE execution_id = ANY($1::uuid[]) GROUP BY execution_id
"""


# The index by time finds the few pages of a span of time; in it the order is by place.
_BETWEEN = """
SELECT at, execution_id::text AS id, position, events FROM execution_history
 WHERE at >= $1 AND at < $2 AND (at, execution_id, position) > ($1, $3::uuid, $4)
 ORDER BY at, execution_id, position LIMIT $5
"""

_OLDEST_DAY = """
SELECT min(to_date(right(c.relname, 8), 'YYYYMMDD'))
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
 WHERE i.inhparent = 'execution_history'::regclass AND c.relname ~ '^execution_history_[0-9]{8}$'
"""

Place: TypeAlias = tuple[datetime, str, int]
"""Time, execution and position of a row among those of all executions."""

NOWHERE = "00000000-0000-0000-0000-000000000000"
"""The execution of a place before all others of its time."""


class HistoryEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to an execution or one of its tasks.

    Attributes:
        position: Within the execution's history, contiguous from 1.
        at: Microseconds since the epoch.
    """

    position: int
    event: str = ""
    at: int = 0
    execution_id: str = ""
    root_execution_id: str = ""
    workflow_name: str = ""
    task_id: str | None = None
    task_name: str | None = None
    type: str | None = None
    state: str | None = None
    state_info: str | None = None


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """What one commit did to one execution, and its place among all."""

    place: Place
    execution_id: str
    events: Sequence[HistoryEvent]


_decoder = msgspec.json.Decoder(list[HistoryEvent])


async def after(source: Pool | Connection, execution_id: str, position: int) -> list[HistoryEvent]:
    """Return the next events after a position, oldest first; empty when there are none yet.

    At most what ``ROWS_AT_ONCE`` commits did: ask again with the position of the last one for more.
    """
    rows = await source.fetch(_AFTER, execution_id, position, ROWS_AT_ONCE)
    events = (event for row in rows for event in _decoder.decode(row["events"]))
    return [event for event in events if event.position > position]


async def latest(source: Pool | Connection, execution_ids: Sequence[str]) -> dict[str, int]:
    """Return the newest position of each execution that has a history."""
    rows: list[Any] = await source.fetch(_LATEST, execution_ids)
    return {row["id"]: row["position"] for row in rows}


async def between(source: Pool | Connection, after: Place, until: datetime) -> tuple[list[HistoryEvent], Place | None]:
    """Return events of all executions after a place and before a time, and the place to go on from.

    The place is None when there are no more of that span.
    """
    rows = await rows_between(source, after, until)
    events = [event for row in rows for event in row.events]
    return events, rows[-1].place if len(rows) == ROWS_AT_ONCE else None


async def rows_between(source: Pool | Connection, after: Place, until: datetime) -> list[HistoryRow]:
    """Return rows after a place and before a time, in order; fewer than ``ROWS_AT_ONCE`` if there are no more."""
    at, execution_id, position = after
    rows = await source.fetch(_BETWEEN, at, until, execution_id, position, ROWS_AT_ONCE)
    return [
        HistoryRow((row["at"], row["id"], row["position"]), row["id"], _decoder.decode(row["events"])) for row in rows
    ]


async def oldest_day(source: Pool | Connection) -> date | None:
    """Return the first day, in UTC, whose history is kept."""
    found: date | None = await source.fetchval(_OLDEST_DAY)
    return found
