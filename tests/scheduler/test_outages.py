"""What the servers do to a scheduler delays timers and loses none."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from mistral_runtime.bus import connect
from mistral_runtime.settings import ServiceSettings
from mistral_scheduler.app import running
from mistral_scheduler.settings import SchedulerSettings


@pytest.fixture
async def own_bus(nats_server) -> AsyncIterator[tuple]:
    server, url = nats_server()
    async with connect(url, "test") as bus:
        await bus.streams.ensure_streams()
        yield server, url, bus


async def test_timers_that_come_due_while_the_bus_is_away_are_fired_afterwards(own_bus, engine, database):
    server, url, bus = own_bus
    await bus.subscribe("mistral.engine.>", engine.apply)
    settings = SchedulerSettings(
        service=ServiceSettings(name="scheduler-0", nats_url=url), database_url=database, history_days=7
    )
    async with running(settings):
        server.kill()
        await engine.store(*[0.2] * 50, wake=False)
        await asyncio.sleep(1.5)
        server.restart()
        await engine.until_heard(50, within_seconds=30)


async def test_it_goes_on_after_a_restart_of_postgres(scheduler, engine, postgres_server):
    server, _ = postgres_server
    async with scheduler():
        await engine.store(0.1)
        await engine.until_heard(1, within_seconds=30)
        engine.deletes = False
        await engine.store(*[2.0] * 20)
        server.kill()
        await asyncio.to_thread(server.restart)
        await engine.until_heard(21, within_seconds=30)
