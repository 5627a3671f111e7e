"""The loop that looks at stored events: who waits for them is started, each once.

An event is done with only after the engine has said that what it started is durable. A start bears a key made of the
trigger and the event: who repeats it after a crash gets the execution that is there.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import grpc.aio

from mistral_core.event_triggers.definitions import EventDefinition
from mistral_core.event_triggers.event import MESH_EXCHANGE, NAMED_TOPIC, stored_id
from mistral_core.event_triggers.reaction import (
    Binding,
    Decision,
    Declined,
    Raise,
    Start,
    Trigger,
    Verdict,
    Wake,
    decide,
)
from mistral_persistence import event_reactions as stored
from mistral_persistence import received_events
from mistral_persistence.database import Connection, Pool
from mistral_persistence.event_reactions import Closing, Outcome, PendingEvent
from mistral_persistence.outage import OUTAGE
from mistral_persistence.received_events import NewEvent
from mistral_runtime.bus import Message
from mistral_runtime.metrics import counter
from mistral_scheduler.events.orders import LATER, Unusable, encoded, order, started
from mistral_scheduler.events.patience import evaluated
from mistral_scheduler.events.waking import Waking

if TYPE_CHECKING:
    from mistral.internal.v1.engine_service_pb2_grpc import EngineServiceAsyncStub

_log = logging.getLogger(__name__)

WAKE_SUBJECT: Final = "mistral.received"
_BATCH: Final = 100
_LOOK_SECONDS: Final = 1.0
_AGAIN_SECONDS: Final = 0.25
# So long all events of a batch may evaluate; what is not done by then has its turn again, later each time.
_BATCH_SECONDS: Final = 8.0
_MOST_ATTEMPTS: Final = 6
_AWAY: Final[tuple[type[Exception], ...]] = (*OUTAGE, grpc.aio.AioRpcError)

_SEEN = counter("scheduler_events_seen", "Received events that were looked at")
_FIRED = counter("scheduler_events_fired", "What event triggers have started or woken up")
_REFUSED = counter("scheduler_events_refused", "Starts by event triggers that were refused")


@dataclass(slots=True)
class _Look:
    """One event, and what is known of it so far."""

    pending: PendingEvent
    decisions: list[tuple[Trigger | Binding, Decision]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    again_in: float | None = None

    def settled(self, wanted: Trigger | Binding, verdict: Verdict, reason: str = "", execution: str = "") -> None:
        """Note what came of a trigger or a binding."""
        self.outcomes.append(
            Outcome(
                event_id=self.pending.event.id,
                wanted=wanted,
                verdict=verdict,
                reason=reason,
                execution_id=execution or None,
            )
        )

    def again(self, seconds: float) -> None:
        """Have it looked at again, at the latest in so many seconds."""
        self.again_in = seconds if self.again_in is None else min(self.again_in, seconds)

    @property
    def closing(self) -> Closing:
        fired = sum(one.verdict is Verdict.FIRED for one in self.outcomes)
        return Closing(self.pending.event.id, fired, self.again_in)


class Reacting:
    """Reacts to events; any number of schedulers may run it."""

    def __init__(self, pool: Pool, stub: "EngineServiceAsyncStub", definitions: Sequence[EventDefinition] = ()) -> None:
        self._pool = pool
        self._stub = stub
        self._definitions = definitions
        self._waking = Waking(stub)
        self._wake = asyncio.Event()

    async def woken(self, message: Message) -> None:
        """Take note that a gateway has stored an event."""
        self._wake.set()

    def look(self) -> None:
        """Take note that an event was stored here."""
        self._wake.set()

    async def run(self) -> None:
        """React for ever; an engine or a store that is away is waited for."""
        while True:
            self._wake.clear()
            try:
                if await self.react() == _BATCH:
                    continue
                due_in = await stored.next_in(self._pool)
            except _AWAY as error:
                _log.warning("events have to wait: %s", _said(error))
                await asyncio.sleep(_AGAIN_SECONDS)
                continue
            seconds = _LOOK_SECONDS if due_in is None else min(max(due_in, _AGAIN_SECONDS), _LOOK_SECONDS)
            try:
                async with asyncio.timeout(seconds):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def react(self) -> int:
        """Look at events that are due and return at how many, at most 100.

        Raises:
            grpc.aio.AioRpcError: If no engine answers; nothing is settled then.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            looks = [_Look(pending) for pending in await stored.pending(connection, limit=_BATCH)]
            if not looks:
                return 0
            until = asyncio.get_running_loop().time() + _BATCH_SECONDS
            wanted = [await self._wanted(connection, look.pending) for look in looks]
            await asyncio.gather(*(self._decide(*pair, until) for pair in zip(looks, wanted, strict=True)))
            await self._start(looks)
            await self._raise(connection, looks)
            for look in looks:
                await self._rouse(connection, look, until)
            outcomes = [outcome for look in looks for outcome in look.outcomes]
            await stored.settle(connection, outcomes, [look.closing for look in looks])
        _SEEN.inc(len(looks))
        _FIRED.inc(sum(look.closing.fired for look in looks))
        return len(looks)

    async def _wanted(self, connection: Connection, pending: PendingEvent) -> list[Trigger | Binding]:
        found = await stored.candidates(connection, pending.event)
        done = await stored.done_with(connection, pending.event.id) if pending.attempts else frozenset()
        return [one for one in found if one.id not in done]

    async def _decide(self, look: _Look, wanted: Sequence[Trigger | Binding], until: float) -> None:
        """Decide for one event; triggers that do not wait for it are not spoken of."""
        event = look.pending.event
        for one in wanted:
            try:
                decision = await evaluated(lambda one=one: decide(one, event, self._definitions), until=until)  # type: ignore[misc]
            except TimeoutError:
                if look.pending.attempts + 1 < _MOST_ATTEMPTS:
                    look.again(2.0**look.pending.attempts)
                    continue
                decision = Declined(Verdict.EXPRESSION_FAILED, "the expressions take too long")
            match decision:
                case Declined(verdict=Verdict.NOT_MATCHED | Verdict.NOT_SEEN):
                    continue
                case Declined(verdict=verdict, reason=reason):
                    look.settled(one, verdict, reason)
                case _:
                    look.decisions.append((one, decision))

    async def _start(self, looks: Sequence[_Look]) -> None:
        wanted = []
        for look in looks:
            for one, decision in look.decisions:
                if not (isinstance(decision, Start) and isinstance(one, Trigger)):
                    continue
                try:
                    wanted.append((look, one, order(one, look.pending.event, decision)))
                except Unusable as error:
                    look.settled(one, Verdict.EXPRESSION_FAILED, str(error))
        answers = await started(self._stub, [start for _, _, start in wanted])
        for (look, one, _), answer in zip(wanted, answers, strict=True):
            if not answer.HasField("refusal"):
                look.settled(one, Verdict.FIRED, execution=answer.execution.id)
            elif answer.refusal.error in LATER:
                look.again(min(2.0**look.pending.attempts, 60.0))
            else:
                _REFUSED.inc()
                look.settled(one, Verdict.REFUSED, f"{answer.refusal.error}: {answer.refusal.message}")

    async def _raise(self, connection: Connection, looks: Sequence[_Look]) -> None:
        """Store events under the logical names that stand for what happened."""
        made = []
        for look in looks:
            for one, decision in look.decisions:
                if isinstance(decision, Raise) and isinstance(one, Binding):
                    try:
                        made.append(_named(one, look.pending, decision))
                    except Unusable as error:
                        look.settled(one, Verdict.EXPRESSION_FAILED, str(error))
                        continue
                    look.settled(one, Verdict.FIRED, f"the event {one.name!r} was made")
        if made:
            await received_events.store(connection, made)
            self._wake.set()

    async def _rouse(self, connection: Connection, look: _Look, until: float) -> None:
        """Wake up what waits. Last, for what was woken up cannot be taken back."""
        for one, decision in look.decisions:
            if not (isinstance(decision, Wake) and isinstance(one, Trigger)):
                continue
            found = await self._waking.wake(connection, one, look.pending, decision, until)
            if found.verdict is not None:
                look.settled(one, found.verdict, found.reason, found.execution_id)
            if found.again_in is not None:
                look.again(found.again_in)


def _named(binding: Binding, pending: PendingEvent, decision: Raise) -> NewEvent:
    event = pending.event
    source = f"binding/{binding.id}"
    return NewEvent(
        id=stored_id(source, event.id),
        source_id=None,
        source="binding",
        event_id=event.id,
        project=event.project if binding.public else binding.project,
        scope="public" if binding.public else "private",
        exchange=MESH_EXCHANGE,
        topic=NAMED_TOPIC,
        event=binding.name,
        publisher=event.publisher,
        user=event.user,
        happened_at=event.happened_at,
        payload=encoded(decision.payload).decode(),
        depth=event.depth + 1,
        cause_id=event.id,
    )


def _said(error: Exception) -> str:
    return error.code().name if isinstance(error, grpc.aio.AioRpcError) else type(error).__name__
