"""The parts of an engine and what each is made of."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from mistral_core.machine import Surroundings
from mistral_engine.calls import Calls
from mistral_engine.care import Care
from mistral_engine.definitions import Definitions
from mistral_engine.executors import Executors
from mistral_engine.ids import new_id
from mistral_engine.lane import Lane
from mistral_engine.outgoing import Outgoing
from mistral_engine.ownership import Ownership
from mistral_engine.routing import Routing
from mistral_engine.servicer import Engine
from mistral_engine.settings import Settings
from mistral_engine.starting import Starting
from mistral_engine.starts import Starts
from mistral_engine.worker_presence import WorkerPresence
from mistral_engine.worker_state import WorkerState
from mistral_engine.worker_waits import WorkerWaits
from mistral_persistence.database import Pool
from mistral_persistence.leases import Leases
from mistral_runtime.bus import Bus
from mistral_runtime.lifecycle import Tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What an engine consists of, before any of it runs."""

    definitions: Definitions
    executors: Executors
    leases: Leases
    ownership: Ownership
    outgoing: Outgoing
    lanes: list[Lane]
    care: Care
    engine: Engine
    worker_state: WorkerState
    worker_presence: WorkerPresence
    worker_waits: WorkerWaits


def assembled(settings: Settings, pool: Pool, bus: Bus, tasks: Tasks, stack: AsyncExitStack) -> Parts:
    """Put the parts together; connections to other engines end with ``stack``."""
    name, incarnation = settings.service.name, new_id()
    leases = Leases(pool, name=name, incarnation=incarnation, ttl_seconds=settings.lease_seconds)
    ownership = Ownership(pool, leases, name=name, renew_seconds=settings.lease_seconds / 3)
    outgoing, definitions, executors = Outgoing(bus), Definitions(pool), Executors(bus)
    lanes = [
        Lane(
            number,
            pool=pool,
            definitions=definitions,
            surroundings=Surroundings(),
            ownership=ownership,
            outgoing=outgoing,
            settings=settings,
            incarnation=incarnation[:18],
        )
        for number in range(settings.lanes)
    ]
    care = Care(pool, bus, executors, ownership, outgoing, lanes, settings, tasks, name=name)
    routing = Routing(pool, ownership, lanes, stack, settings.service.tls)
    presence = WorkerPresence(bus)
    waits = WorkerWaits(bus, pool, presence, executors, lanes, offers_kept_seconds=settings.offers_kept_seconds)
    starting = Starting(Starts(pool, definitions, ownership, lanes), ownership, routing)
    return Parts(
        definitions=definitions,
        executors=executors,
        leases=leases,
        ownership=ownership,
        outgoing=outgoing,
        lanes=lanes,
        care=care,
        worker_state=WorkerState(pool),
        worker_presence=presence,
        worker_waits=waits,
        engine=Engine(name=name, starting=starting, routing=routing, calls=Calls(pool, lanes, ownership, outgoing)),
    )
