"""What happened to executions that fit, page by page out of the history; nothing is waited for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mistral_api_gateway.live.watch_all import Interest
from mistral_api_gateway.operations.store import Store
from mistral_persistence import execution_sets, history
from mistral_persistence.history import HistoryEvent, HistoryRow, Place

_MOST_ROWS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a page begins: behind a row of the history, and behind so many events of the row after it."""

    place: Place
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Past:
    """An event, and the name of the workflow of its execution."""

    event: HistoryEvent
    workflow_name: str


async def past(
    store: Store, project: str | None, interest: Interest, begin: Mark, until: datetime, limit: int
) -> tuple[list[Past], Mark | None]:
    """Return some events and where the next page begins; None if there are no more.

    There may be fewer than ``limit``, or none, although there are more: so much is looked through and no more.

    Raises:
        InvalidInput: If a value of the conditions does not fit its column.
    """
    found: list[Past] = []
    place, skip, looked = begin.place, begin.skip, 0
    while looked < _MOST_ROWS:
        rows = await store.read(history.rows_between, place, until)
        names = await _names(store, project, interest, rows)
        for row in rows:
            name = names.get(row.execution_id)
            for number, event in enumerate(row.events):
                if number < skip or name is None or not interest.wants(event):
                    continue
                if len(found) == limit:
                    return found, Mark(place, number)
                found.append(Past(event, name))
            place, skip = row.place, 0
        looked += len(rows)
        if len(rows) < history.ROWS_AT_ONCE:
            return found, None
    return found, Mark(place)


async def _names(store: Store, project: str | None, interest: Interest, rows: Sequence[HistoryRow]) -> dict[str, str]:
    # Asked for without rows too: what is wrong with the conditions shows also where nothing happened.
    ids = sorted({row.execution_id for row in rows}) or [history.NOWHERE]
    return await store.read(execution_sets.names_among, ids, interest.filters, interest.nulls, project=project)
