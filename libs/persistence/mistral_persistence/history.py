"""What happened to executions, read back in order: the source of watches and of their resume tokens.

The engine writes it; a row holds what one commit did to one execution, its position is that of its last event.
"""

from collections.abc import Sequence
from typing import Any

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
