"""What executions of the mesh do, as events of the exchange ``mistral`` and the topic ``executions``.

The history is the source: it is written with what it tells of, so nothing is lost. Rows may become visible a little
later than their times say; what is read begins a while before the time that was reached, and what was stored already
is a duplicate that nobody sees. Only what a trigger or a binding waits for is stored.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec

from mistral_core.event_triggers.event import EXECUTIONS_TOPIC, MESH_EXCHANGE, stored_id
from mistral_core.event_triggers.matching import fits
from mistral_persistence import event_reactions, execution_events, received_events
from mistral_persistence.database import Pool
from mistral_persistence.execution_events import Happening, Interest
from mistral_persistence.outage import OUTAGE
from mistral_persistence.received_events import NewEvent

_log = logging.getLogger(__name__)

SOURCE: Final = "executions"
_LOOK_SECONDS: Final = 1.0
_CLAIM_SECONDS: Final = 10.0
_SHORT: Final = timedelta(seconds=5)
# A commit of an engine that takes longer than this has lost its lease, and is refused.
_LONG: Final = timedelta(seconds=60)
_LONG_EVERY: Final = 15
_MOST_REMEMBERED: Final = 100_000


class FromExecutions:
    """Reads the history; of any number of schedulers one at a time does."""

    def __init__(self, pool: Pool, owner: str, look: Callable[[], None]) -> None:
        self._pool = pool
        self._owner = owner
        self._look = look
        self._told: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._rounds = 0

    async def run(self) -> None:
        """Read for ever; a store that is away is waited for."""
        while True:
            try:
                await self.read()
            except OUTAGE as error:
                _log.warning("events of executions have to wait: %s", type(error).__name__)
            await asyncio.sleep(_LOOK_SECONDS)

    async def release(self) -> None:
        """Leave the reading to the other schedulers; call after ``run()`` was cancelled."""
        try:
            await execution_events.release(self._pool, self._owner)
        except OUTAGE as error:
            _log.info("events of executions stay claimed for %g s: %s", _CLAIM_SECONDS, type(error).__name__)

    async def read(self) -> int:
        """Store what has happened since the last time and is waited for; return how much."""
        interests = await execution_events.interests(self._pool, MESH_EXCHANGE, EXECUTIONS_TOPIC)
        reached = await execution_events.claim(self._pool, SOURCE, self._owner, seconds=_CLAIM_SECONDS)
        if reached is None:
            return 0
        until = await execution_events.now(self._pool)
        if not interests:
            await execution_events.reach(self._pool, SOURCE, self._owner, until)
            return 0
        since = reached - (_SHORT if self._rounds % _LONG_EVERY else _LONG)
        self._rounds += 1
        stored = 0
        place: execution_events.Place | None = execution_events.beginning(since)
        while place is not None:
            happenings, place = await execution_events.after(self._pool, place, until, interests)
            stored += await self._store([one for one in happenings if self._new(one) and _wanted(one, interests)])
        await execution_events.reach(self._pool, SOURCE, self._owner, until)
        return stored

    def _new(self, happening: Happening) -> bool:
        key = happening.execution_id, happening.position
        if key in self._told:
            return False
        self._told[key] = None
        if len(self._told) > _MOST_REMEMBERED:
            self._told.popitem(last=False)
        return True

    async def _store(self, happenings: Sequence[Happening]) -> int:
        if not happenings:
            return 0
        roots = list({one.root_id for one in happenings})
        depths = await event_reactions.depths(self._pool, roots)
        made = [_event(one, depths.get(one.root_id, -1) + 1) for one in happenings]
        fresh = await received_events.store(self._pool, made)
        if fresh:
            self._look()
        return len(fresh)


def _wanted(happening: Happening, interests: Sequence[Interest]) -> bool:
    return any(
        (each.public or each.project == happening.project) and fits(each.event, happening.event, glob=each.glob)
        for each in interests
    )


def _event(happening: Happening, depth: int) -> NewEvent:
    event_id = f"{happening.execution_id}/{happening.position}"
    return NewEvent(
        id=stored_id(SOURCE, event_id),
        source_id=None,
        source=SOURCE,
        event_id=event_id,
        project=happening.project,
        scope="private",
        exchange=MESH_EXCHANGE,
        topic=EXECUTIONS_TOPIC,
        event=happening.event,
        publisher=f"workflow/{happening.workflow_name}"[:255],
        user="",
        happened_at=happening.at.isoformat(),
        payload=msgspec.json.encode(_payload(happening)).decode(),
        depth=depth,
    )


def _payload(happening: Happening) -> dict[str, Any]:
    return {
        "event": happening.event,
        "workflow_execution_id": happening.execution_id,
        "root_execution_id": happening.root_id,
        "workflow_id": happening.workflow_id,
        "workflow_name": happening.workflow_name,
        "workflow_namespace": happening.workflow_namespace,
        "project_id": happening.project,
        "task_execution_id": happening.task_id,
        "task_name": happening.task_name,
        "state": happening.state,
        "state_info": happening.state_info,
    }
