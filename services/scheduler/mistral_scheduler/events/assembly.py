"""All that a scheduler does about events, put together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mistral_core.expressions import Scope
from mistral_persistence.database import Pool
from mistral_runtime.bus import Bus
from mistral_runtime.egress import Allowed, Guard
from mistral_runtime.expressions import guarded
from mistral_runtime.lifecycle import Tasks
from mistral_scheduler.events.forgetting import forget
from mistral_scheduler.events.from_executions import FromExecutions
from mistral_scheduler.events.from_imap import FromImap
from mistral_scheduler.events.from_nats import FromNats
from mistral_scheduler.events.intake import Intake
from mistral_scheduler.events.reacting import WAKE_SUBJECT, Reacting
from mistral_scheduler.events.settings import EventSettings
from mistral_scheduler.events.sources import Listen, Sources

if TYPE_CHECKING:
    from mistral.internal.v1.engine_service_pb2_grpc import EngineServiceAsyncStub


@asynccontextmanager
async def events(
    pool: Pool, bus: Bus, stub: "EngineServiceAsyncStub", tasks: Tasks, settings: EventSettings, *, owner: str
) -> AsyncIterator[Reacting]:
    """Listen to the sources and react to events inside the block."""
    with guarded(settings.expressions, owner=_owner):
        reacting = Reacting(pool, stub, settings.definitions)
        subscription = await bus.subscribe(WAKE_SUBJECT, reacting.woken)
        guard = Guard(Allowed(settings.egress_allowed))
        listeners: dict[str, Listen] = {"nats": FromNats(bus), "amqp": _from_amqp(guard), "imap": FromImap(guard)}
        sources = Sources(pool, owner, listeners, reacting.look)
        executions = FromExecutions(pool, owner, reacting.look)
        running = [
            tasks.start(reacting.run(), name="events"),
            tasks.start(sources.run(), name="event sources"),
            tasks.start(executions.run(), name="events of executions"),
            tasks.start(forget(pool, settings), name="old events"),
        ]
        try:
            yield reacting
        finally:
            for task in running:
                task.cancel()
            await asyncio.wait(running)
            await subscription.unsubscribe()
            await sources.release()
            await executions.release()


def _owner(scope: Scope) -> str:
    """Whose an evaluation is: of one project's not all may run at once."""
    project = getattr(scope.facts, "project", "")
    return project if isinstance(project, str) else ""


def _from_amqp(guard: Guard) -> Listen:
    async def listen(source: Any, intake: Intake) -> None:
        # Loading the library takes a quarter of a second, and most schedulers never need it.
        await asyncio.to_thread(import_module, "mistral_scheduler.events.from_amqp")
        from mistral_scheduler.events.from_amqp import FromAmqp

        await FromAmqp(guard)(source, intake)

    return listen
