"""Taking up executions that somebody else left, and finding what was lost of one's own.

Done for every live execution of a partition that is gained, after a commit whose outcome is not known, and slowly
for all live executions all the time. Actions go out again in envelopes of the same names, so the bus drops those
that it has; those too old for that are left to ``redrive``.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta

from mistral_core.machine.command import RunAction
from mistral_core.machine.event import ChildFinished, TimerFired, TimerKind
from mistral_core.machine.execution import Execution
from mistral_core.machine.state import State
from mistral_engine.applying import Applying
from mistral_engine.dispatch import Envelope, place_of
from mistral_engine.figures import REDRIVEN
from mistral_engine.flights import Flights, flight, runs_of
from mistral_engine.hot import HotExecutions
from mistral_engine.ids import now
from mistral_engine.outgoing import Outgoing
from mistral_engine.work import Occurrence
from mistral_persistence import restore
from mistral_persistence.database import Pool
from mistral_runtime.bus import Bus
from mistral_runtime.bus.streams import BOOT, TASKS

_log = logging.getLogger(__name__)

_CHUNK = 200
FIRST = "00000000-0000-0000-0000-000000000000"
_REMEMBERED_MICROS = int(timedelta(seconds=100).total_seconds() * 1e6)
"""How long the bus surely knows a message by its name: a little less than its duplicate window."""

_WAITS = (TimerKind.WAIT_BEFORE, TimerKind.WAIT_AFTER, TimerKind.RETRY)


class Recovery:
    """Reads live executions back into a lane. Runs as a job of the lane, between its batches."""

    def __init__(
        self, pool: Pool, bus: Bus, applying: Applying, hot: HotExecutions, flights: Flights, outgoing: Outgoing
    ) -> None:
        self._pool = pool
        self._bus = bus
        self._applying = applying
        self._hot = hot
        self._flights = flights
        self._outgoing = outgoing
        self._back_at = 0
        bus.on_reconnect(self._reconnected)

    def _reconnected(self) -> None:
        self._back_at = now()

    def _remembered(self) -> int:
        """Since when the bus knows by its name what it was sent.

        A server that was restarted no longer knows the names of what was taken from its queues.
        """
        created = self._bus.streams.created
        made = max(created(TASKS), created(BOOT))
        return max(now() - _REMEMBERED_MICROS, int(made.timestamp() * 1e6), self._back_at)

    async def partitions(self, partitions: Sequence[int]) -> list[Occurrence]:
        """Take up all live executions of partitions that were gained; return the events found missing."""
        after, count = FIRST, 0
        missing: list[Occurrence] = []
        while ids := await restore.live_executions(self._pool, partitions, after, _CHUNK):
            missing.extend(await self.executions(ids))
            after, count = ids[-1], count + len(ids)
        if count:
            _log.info("%d live executions were taken up", count)
        return missing

    async def executions(self, ids: Sequence[str]) -> list[Occurrence]:
        """Take up some executions: send what is open and not known to be out; return the events found missing."""
        await self._applying.load(ids)
        executions = [hot.execution for i in ids if (hot := self._hot.get(i)) is not None]
        await self._send_again(executions)
        return [*await self._timers(executions), *await self._children(executions)]

    async def _send_again(self, executions: Sequence[Execution]) -> None:
        unknown = [(e, run) for e in executions for run in runs_of(e) if run.action_id not in self._flights]
        if not unknown:
            return
        names = await restore.open_envelopes(self._pool, [e.id for e, _ in unknown])
        groups: dict[tuple[str, str], list[tuple[Execution, RunAction]]] = defaultdict(list)
        remembered = self._remembered()
        for execution, run in unknown:
            action = execution.tasks[run.task_id].actions[run.action_id]
            name = names.get(run.action_id, run.action_id)
            self._flights.add(flight(execution, run.task_id, run.action_id, action.updated_at, name))
            if action.updated_at > remembered:
                groups[place_of(execution, run), name].append((execution, run))
        REDRIVEN.labels(why="taken up").inc(sum(map(len, groups.values())))
        await self._outgoing.dispatch([Envelope(name, place, "", runs) for (place, name), runs in groups.items()])

    async def _timers(self, executions: Sequence[Execution]) -> list[Occurrence]:
        delayed = [(e, t) for e in executions for t in e.tasks.values() if t.state is State.DELAYED]
        if not delayed:
            return []
        pending = await restore.pending_timers(self._pool, [e.id for e, _ in delayed])
        return [
            (execution.id, TimerFired(at=now(), task_id=task.id, kind=kind, round=task.round))
            for execution, task in delayed
            if not any((task.id, kind.value, task.round) in pending for kind in _WAITS)
            for kind in _WAITS
        ]

    async def _children(self, executions: Sequence[Execution]) -> list[Occurrence]:
        waited = {child: (e.id, task) for e in executions for task, child in _open_children(e)}
        if not waited:
            return []
        return [
            (
                waited[end.id][0],
                ChildFinished(
                    at=now(),
                    task_id=waited[end.id][1],
                    child_id=end.id,
                    state=State(end.state),
                    output=end.output,
                    state_info=end.state_info,
                ),
            )
            for end in await restore.ends_of(self._pool, list(waited))
        ]


def _open_children(execution: Execution) -> Iterator[tuple[str, str]]:
    for task in execution.tasks.values():
        for child in task.children.values():
            if child.state in (State.RUNNING, State.PAUSED):
                yield task.id, child.id
