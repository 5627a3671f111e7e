"""Correlation: finding what waits for an event, and waking it up."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from mistral_core.errors import ExpressionFailed
from mistral_core.event_triggers.reaction import Reaction, Trigger, Verdict, Wake, fits_key
from mistral_persistence.database import Connection
from mistral_persistence.event_reactions import PendingEvent
from mistral_persistence.literals import as_uuid
from mistral_persistence.waiting_work import Row, paused_executions, waiting_actions
from mistral_scheduler.events.orders import Unusable, WakeLater, WakeRefused, wake
from mistral_scheduler.events.patience import evaluated

if TYPE_CHECKING:
    from mistral.internal.v1.engine_service_pb2_grpc import EngineServiceAsyncStub

_MOST: Final = 500
_AGAIN_SECONDS: Final = 1.0


class Woken(Struct, frozen=True, kw_only=True):
    """What came of it; without a verdict it is to be tried again."""

    verdict: Verdict | None = None
    reason: str = ""
    execution_id: str = ""
    again_in: float | None = None


class Waking:
    """Wakes up what waits for events."""

    def __init__(self, stub: "EngineServiceAsyncStub") -> None:
        self._stub = stub

    async def wake(
        self, connection: Connection, trigger: Trigger, pending: PendingEvent, wanted: Wake, until: float
    ) -> Woken:
        """Wake up what the trigger finds for the event: one thing, or all if it says so."""
        if wanted.execution_id and not as_uuid(wanted.execution_id):
            return Woken(verdict=Verdict.NOTHING_WAITS, reason="what the expression for the execution gives is no id")
        rows = await _waiting(connection, trigger, wanted)
        try:
            fitting, failure = await _fitting(rows, trigger, pending, wanted, until)
        except TimeoutError:
            return Woken(verdict=Verdict.EXPRESSION_FAILED, reason="the expressions take too long")
        try:
            woken, refusal = await self._woken(trigger, wanted, fitting)
        except WakeLater:
            return Woken(again_in=_AGAIN_SECONDS)
        except Unusable as error:
            return Woken(verdict=Verdict.EXPRESSION_FAILED, reason=str(error))
        if woken:
            more = f" (and {len(woken) - 1} more)" if len(woken) > 1 else ""
            return Woken(
                verdict=Verdict.FIRED,
                reason=f"{woken[0]['task'] or 'the execution'}{more}",
                execution_id=woken[0]["execution_id"],
            )
        if pending.age < trigger.correlation.wait_seconds:
            return Woken(verdict=Verdict.WAITING, reason="nothing waits for it yet", again_in=_AGAIN_SECONDS)
        if refusal:
            return Woken(verdict=Verdict.REFUSED, reason=refusal)
        if failure and not fitting:
            return Woken(verdict=Verdict.EXPRESSION_FAILED, reason=failure)
        return Woken(verdict=Verdict.NOTHING_WAITS, reason=_nothing(len(rows)))

    async def _woken(self, trigger: Trigger, wanted: Wake, fitting: Sequence[Row]) -> tuple[list[Row], str]:
        woken: list[Row] = []
        refusal = ""
        for row in fitting:
            try:
                await wake(self._stub, trigger.reaction, row["id"], wanted)
            except WakeRefused as error:
                refusal = str(error)
                continue
            except WakeLater:
                # What was woken up already must not wait for what is not.
                if woken:
                    break
                raise
            woken.append(row)
            if not trigger.correlation.every:
                break
        return woken, refusal


async def _waiting(connection: Connection, trigger: Trigger, wanted: Wake) -> Sequence[Row]:
    about: dict[str, Any] = {"execution_id": wanted.execution_id or None, "workflow": wanted.workflow, "limit": _MOST}
    if trigger.reaction is Reaction.RESUME:
        return await paused_executions(connection, trigger.project, **about)
    return await waiting_actions(connection, trigger.project, task=wanted.task, **about)


async def _fitting(
    rows: Sequence[Row], trigger: Trigger, pending: PendingEvent, wanted: Wake, until: float
) -> tuple[list[Row], str]:
    """Return what is equal to the key of the event, and how the expression failed, if it did for some."""
    found: list[Row] = []
    failure = ""
    for number, row in enumerate(rows):
        waiting = {
            "input": msgspec.json.decode(row["input"]),
            "execution_input": msgspec.json.decode(row["execution_input"]),
            "task": row["task"],
            "workflow": row["workflow"],
            "action": row["action"],
            "tags": list(row["tags"]),
            "execution_id": row["execution_id"],
        }
        try:
            fits = await evaluated(
                lambda waiting=waiting: fits_key(trigger.correlation, pending.event, wanted.key, waiting),  # type: ignore[misc]
                until=until,
            )
        except ExpressionFailed as error:
            failure = error.message
            continue
        if fits:
            found.append(row)
            if not trigger.correlation.every and len(found) >= 10:
                break
        if number % 50 == 49:
            await asyncio.sleep(0)
    return found, failure


def _nothing(looked_at: int) -> str:
    if not looked_at:
        return "nothing waits"
    most = " or more" if looked_at == _MOST else ""
    return f"none of the {looked_at}{most} that wait is equal to the key of the event"
