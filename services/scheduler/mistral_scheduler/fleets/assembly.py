"""Fleets put together: the drivers that may be used, and what the scheduler runs of it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from mistral_persistence.database import Pool
from mistral_runtime.bus import Bus
from mistral_scheduler.fleets.driver import Driver
from mistral_scheduler.fleets.keeping import PRESENT_SUBJECT, WANTED_SUBJECT, Fleets
from mistral_scheduler.fleets.processes import Processes
from mistral_scheduler.fleets.settings import FleetSettings


@asynccontextmanager
async def fleets(pool: Pool, bus: Bus, settings: FleetSettings) -> AsyncIterator[Fleets]:
    """Yield what looks after temporary workers, listening already; ``run()`` does the work."""
    async with AsyncExitStack() as stack:
        drivers: dict[str, Driver] = {}
        if "process" in settings.drivers:
            drivers["process"] = Processes(settings.folder)
        if settings.cluster is not None:
            # Loading an HTTP client takes longer than all the rest of the scheduler.
            from mistral_scheduler.fleets.cluster import Cluster
            from mistral_scheduler.fleets.kubernetes import Jobs

            drivers["kubernetes"] = Jobs(Cluster(settings.cluster))
        for driver in drivers.values():
            stack.push_async_callback(driver.close)
        made = Fleets(pool, drivers, settings)
        await bus.subscribe(WANTED_SUBJECT, made.heard_wanted)
        await bus.subscribe(PRESENT_SUBJECT, made.heard_present)
        yield made
