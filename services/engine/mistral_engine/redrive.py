"""Actions whose answer does not come: asks the executors, and sends again those that are lost.

An action is lost when no executor has it and the bus cannot have it: its queue is empty, or the stream was made
after it was sent. It runs again if that is safe, or if no executor died since it was sent, for then nobody can have
begun it. Otherwise it is sent as doubtful, and an executor runs it only if an action of its kind may run twice; if
not, it is answered as lost, which policies can handle.
"""

import logging
from collections.abc import Iterable, Sequence

from nats.js.errors import APIError, NotFoundError

from mistral_core.machine.command import RunAction
from mistral_core.machine.execution import Execution
from mistral_core.priority import consumer_of
from mistral_core.worker_pools import is_pool
from mistral_engine.applying import Applying
from mistral_engine.dispatch import Envelope, place_of
from mistral_engine.executors import Executors
from mistral_engine.figures import REDRIVEN
from mistral_engine.flights import Flight, Flights, flight, runs_of
from mistral_engine.hot import HotExecutions
from mistral_engine.ids import new_id, now
from mistral_engine.outgoing import Outgoing
from mistral_runtime.bus import Bus
from mistral_runtime.bus.streams import BOOT, TASKS

_log = logging.getLogger(__name__)

_MOST = 2_000
_MOST_POOLS = 200


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
        self._begun = now()

    async def run(self) -> None:
        """Send again what is lost."""
        made, booted = (int(self._bus.streams.created(s).timestamp() * 1e6) for s in (TASKS, BOOT))
        # What we took up from somebody who sent it to a server before this one is not waited for.
        inherited = booted if booted < self._begun else 0
        overdue = await self._overdue(max(made, inherited, now() - self._lost_micros), made)
        if not overdue:
            return
        held = await self._executors.holding((f.action_id, f.attempt) for f in overdue)
        missing = [f for f in overdue if (f.action_id, f.attempt) not in held]
        await self._applying.load([f.execution_id for f in missing])
        lost = await self._surely_lost(list(self._awaited(missing)), made)
        if lost:
            _log.warning("%d actions were lost and are sent again", len(lost))
            await self._send(lost)

    async def _overdue(self, moment: int, made: int) -> list[Flight]:
        """Return flights to look after; those that the bus still has for workers may wait there for long."""
        empty: dict[str, bool] = {}
        found: list[Flight] = []
        for each in self._flights.sent_before(moment):
            if each.pool is not None and each.sent_at >= made:
                if each.token not in empty:
                    empty[each.token] = len(empty) < _MOST_POOLS and await self._pool_is_empty(each.token)
                if not empty[each.token]:
                    continue
            found.append(each)
            if len(found) == _MOST:
                break
        return found

    async def _pool_is_empty(self, token: str) -> bool:
        """Whether the bus has nothing for a pool, neither waiting nor given out and not yet answered."""
        info = await self._bus.client.jetstream().stream_info(TASKS, subjects_filter=f"mistral.tasks.{token}.>")
        return not info.state.subjects

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
        places = {place_of(execution, run) for _, execution, run in waiting}
        empty = {place for place in places if await self._is_empty(place)}
        return [w for w in waiting if w[0].sent_at < made or place_of(w[1], w[2]) in empty]

    async def _is_empty(self, place: str) -> bool:
        queue = place.rpartition(".")[0]
        if is_pool(queue):
            return await self._pool_is_empty(queue)
        try:
            info = await self._bus.client.jetstream().consumer_info(TASKS, consumer_of(place))
        except (NotFoundError, APIError):
            # Nobody serves the queue; what is sent to it waits there.
            return False
        return not info.num_pending and not info.num_ack_pending

    def _may_have_begun(self, flight: Flight) -> bool:
        return not flight.safe_rerun and not self._executors.unchanged_since(flight.sent_at / 1e6)

    async def _send(self, lost: Sequence[tuple[Flight, Execution, RunAction]]) -> None:
        envelopes = []
        for old, execution, run in lost:
            doubtful = self._may_have_begun(old)
            REDRIVEN.labels(why="doubtful" if doubtful else "lost").inc()
            # A new name: under the old one the bus might drop it.
            name, place = f"again-{new_id()}", place_of(execution, run)
            envelope = Envelope(name, place, "", [(execution, run)], doubtful=doubtful)
            envelopes.append(envelope)
            self._flights.add(flight(execution, run.task_id, run.action_id, now(), envelope.id))
        await self._outgoing.dispatch(envelopes)
