"""A stream of what happened and happens to one execution: first from Postgres, then live, gaps from Postgres again."""

from collections.abc import AsyncIterator
from typing import Final

from mistral_api_gateway.live.events import FINAL, ends
from mistral_api_gateway.live.hub import Hub
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import HistoryGone
from mistral_persistence import execution_reads, history
from mistral_persistence.history import HistoryEvent

IDLE_SECONDS: Final = 5.0


async def watch(
    hub: Hub, store: Store, execution_id: str, after: int, *, idle_seconds: float = IDLE_SECONDS
) -> AsyncIterator[HistoryEvent | None]:
    """Yield the events after a position, in order and without gaps, until the execution is final.

    Yields None after every ``idle_seconds`` without an event. Ends early when the gateway leaves: a reader goes on
    elsewhere from the position of the last event.

    Raises:
        HistoryGone: If the next event is not kept any more.
    """
    with hub.watching(execution_id) as watcher:
        watcher.position = after
        over = read_all = False
        while not hub.leaving:
            stored = await store.read(history.after, execution_id, watcher.position)
            for event in stored:
                if event.position != watcher.position + 1:
                    raise HistoryGone(f"The history of {execution_id} after {watcher.position} is not kept any more")
                watcher.position, over = event.position, ends(event)
                yield event
            if stored:
                read_all = False
                continue
            if over or read_all:
                return
            if await _is_over(store, execution_id):
                # It may have ended since the history was read: what it ended with is there now.
                read_all = True
                continue
            while not hub.leaving:
                try:
                    live = await watcher.next(idle_seconds)
                except TimeoutError:
                    yield None
                    continue
                if live is None:
                    break
                watcher.position = live.position
                yield live
                if ends(live):
                    return


async def _is_over(store: Store, execution_id: str) -> bool:
    states = await store.read(execution_reads.states_of, [execution_id])
    return execution_id not in states or states[execution_id] in FINAL
