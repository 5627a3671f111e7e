"""Actions whose answer does not come: asks the executors, and has those that are lost run again or fail.

An action is lost when no executor has it and the bus cannot have it: its queue is empty, or the stream was made
after it was sent. It runs again if that is safe, or if no executor died since it was sent, for then nobody can have
begun it. Otherwise it fails, as something that policies can handle.
"""

import logging
from collections.abc import Iterable, Sequence

from nats.js.errors import APIError, NotFoundError

from mistral_core.machine.command import RunAction
from mistral_core.machine.event import ActionLost
from mistral_core.machine.execution import Execution
from mistral_engine.applying import Applying
from mistral_engine.dispatch import Envelope, queue_of
from mistral_engine.executors import Executors
from mistral_engine.figures import REDRIVEN
from mistral_engine.flights import Flight, Flights, runs_of
from mistral_engine.hot import HotExecutions
from mistral_engine.ids import new_id, now
from mistral_engine.outgoing import Outgoing
from mistral_engine.work import Occurrence
from mistral_runtime.bus import Bus
from mistral_runtime.bus.streams import BOOT, TASKS

_log = logging.getLogger(__name__)

_MOST = 2_000


class Redrive:
    """Looks after the flights of one lane. Runs as a job of the lane, between its batches."""

    def __init__(
        self,
        bus: Bus,
        executors: Executors,
        applying: Applying,
        hot: HotExecutions,
        flights: Flights,
        outgoing: Outgoing,
        *,
        lost_seconds: float,
    ) -> None:
        self._bus = bus
        self._executors = executors
        self._applying = applying
        self._hot = hot
        self._flights = flights
        self._outgoing = outgoing
        self._lost_micros = int(lost_seconds * 1e6)

    async def run(self) -> list[Occurrence]:
        """Send again what is lost and may run; return the events for what is lost and may not."""
        made, booted = (int(self._bus.streams.created(s).timestamp() * 1e6) for s in (TASKS, BOOT))
        overdue = list(self._flights.sent_before(max(made, booted, now() - self._lost_micros)))[:_MOST]
        if not overdue:
            return []
        held = await self._executors.holding((f.action_id, f.attempt) for f in overdue)
        missing = [f for f in overdue if (f.action_id, f.attempt) not in held]
        await self._applying.load([f.execution_id for f in missing])
        lost = await self._surely_lost(list(self._awaited(missing)), made)
        again, failed = self._sorted(lost)
        if again:
            _log.warning("%d actions were lost and are sent again", len(again))
            REDRIVEN.labels(why="lost").inc(len(again))
            await self._send(again)
        REDRIVEN.labels(why="failed").inc(len(failed))
        return [
            (f.execution_id, ActionLost(at=now(), task_id=f.task_id, action_id=f.action_id, attempt=f.attempt))
            for f in failed
        ]

    def _awaited(self, flights: Iterable[Flight]) -> Iterable[tuple[Flight, Execution, RunAction]]:
        owed: dict[str, dict[str, RunAction]] = {}
        for each in flights:
            hot = self._hot.get(each.execution_id)
            if hot is not None and each.execution_id not in owed:
                owed[each.execution_id] = {run.action_id: run for run in runs_of(hot.execution)}
            run = owed.get(each.execution_id, {}).get(each.action_id)
            if hot is None or run is None:
                # Nobody waits for it any more.
                self._flights.remove(each.action_id)
            else:
                yield each, hot.execution, run

    async def _surely_lost(
        self, waiting: Sequence[tuple[Flight, Execution, RunAction]], made: int
    ) -> list[tuple[Flight, Execution, RunAction]]:
        queues = {queue_of(execution, run) for _, execution, run in waiting}
        empty = {queue for queue in queues if await self._is_empty(queue)}
        return [w for w in waiting if w[0].sent_at < made or queue_of(w[1], w[2]) in empty]

    async def _is_empty(self, queue: str) -> bool:
        try:
            info = await self._bus.client.jetstream().consumer_info(TASKS, f"executors_{queue}")
        except (NotFoundError, APIError):
            # Nobody serves the queue; what is sent to it waits there.
            return False
        return not info.num_pending and not info.num_ack_pending

    def _sorted(
        self, lost: Sequence[tuple[Flight, Execution, RunAction]]
    ) -> tuple[list[tuple[Flight, Execution, RunAction]], list[Flight]]:
        again, failed = [], []
        for each in lost:
            if each[0].safe_rerun or self._executors.unchanged_since(each[0].sent_at / 1e6):
                again.append(each)
            else:
                failed.append(each[0])
        return again, failed

    async def _send(self, lost: Sequence[tuple[Flight, Execution, RunAction]]) -> None:
        envelopes = []
        for old, execution, run in lost:
            # A new name: under the old one the bus might drop it.
            envelope = Envelope(f"again-{new_id()}", queue_of(execution, run), "", [(execution, run)])
            envelopes.append(envelope)
            self._flights.add(
                Flight(
                    old.execution_id,
                    old.partition,
                    old.task_id,
                    old.action_id,
                    run.attempt,
                    now(),
                    envelope.id,
                    old.safe_rerun,
                )
            )
        await self._outgoing.dispatch(envelopes)
