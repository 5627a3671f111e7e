"""Keeping as many temporary workers as are wanted: on a real store and bus, with real processes."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from mistral.internal.v1.worker_pool_pb2 import PoolPresent, WantedPools, WorkerPool, WorkersPresent
from mistral_persistence import fleet_workers
from mistral_persistence import fleets as rows
from mistral_persistence.database import Pool
from mistral_runtime.bus import Bus
from mistral_runtime.lifecycle import supervised
from mistral_scheduler.fleets.assembly import fleets
from mistral_scheduler.fleets.keeping import PRESENT_SUBJECT, WANTED_SUBJECT, Fleets
from mistral_scheduler.fleets.settings import FleetSettings
from tests.scheduler.fleets.test_processes import written

SLEEPS = "import time; time.sleep(600)"


@dataclass
class Fleet:
    """A fleet in the store, and what engines tell of it."""

    pool: Pool
    bus: Bus
    id: str
    name: str
    execution: str

    def want(self, runs: int, workers: int = 0) -> None:
        labels = {"mistral.fleet": self.name, "mistral.execution": self.execution}
        pool = WorkerPool(
            project_id="p", queue="default", action="cut", labels=labels, open_runs=runs, fleet_workers=workers
        )
        self.bus.send(WANTED_SUBJECT, WantedPools(pools=[pool]).SerializeToString())

    def connected(self, ids: list[str]) -> None:
        pool = WorkerPool(labels={"mistral.fleet": self.name})
        told = WorkersPresent(pools=[PoolPresent(pool=pool, worker_ids=[f"{self.name}-{one}" for one in ids])])
        self.bus.send(PRESENT_SUBJECT, told.SerializeToString())

    async def workers(self, *, ended: bool = False) -> list[Any]:
        return await fleet_workers.listed(self.pool, self.id, execution_id="", ended=ended)

    async def until(self, count: int, state: str = "RUNNING", *, runs: int = 0, workers: int = 0) -> list[Any]:
        """Wait until so many workers are in a state, and none in another; meanwhile engines go on telling."""
        async with asyncio.timeout(60):
            while True:
                if runs:
                    self.want(runs, workers)
                found = await self.workers(ended=state == "ENDED")
                if len(found) == count and all(row["state"] == state for row in found):
                    return found
                await asyncio.sleep(0.1)


@pytest.fixture
async def make(pool: Pool, bus: Bus) -> AsyncIterator[Any]:
    made: list[Fleet] = []

    async def fleet(code: str = SLEEPS, **more: Any) -> Fleet:
        name, fleet_id = f"f{uuid4().hex[:8]}", str(uuid4())
        usual = {"description": None, "driver": "process", "most_workers": 10, "slots": 2, "idle_seconds": 1}
        command = f'["{sys.executable}", "-c", {json.dumps(code)}]'
        new = rows.NewFleet(
            id=fleet_id,
            project="p",
            name=name,
            scope="private",
            **{**usual, "template": f'{{"command": {command}}}', **more},
        )
        async with pool.acquire() as connection:
            await rows.create(connection, new)
        made.append(Fleet(pool, bus, fleet_id, name, f"e-{name}"))
        return made[-1]

    yield fleet
    for one in made:
        for row in await one.workers():
            with_pid = row["handle"].split("/")
            if len(with_pid) == 3:
                with suppress(ProcessLookupError):
                    os.killpg(int(with_pid[1]), signal.SIGKILL)
        await pool.execute("DELETE FROM fleet_worker WHERE fleet_id = $1", one.id)
        await pool.execute("DELETE FROM fleet WHERE id = $1", one.id)


@asynccontextmanager
async def keeping(pool: Pool, bus: Bus, folder: Path, **more: Any) -> AsyncIterator[Fleets]:
    settings = FleetSettings(drivers=("process",), folder=folder, address="mesh:1", token="t", **more)
    async with fleets(pool, bus, settings) as made, supervised() as tasks:
        tasks.start(made.run(), name="fleets")
        yield made


async def test_workers_come_when_runs_wait_and_go_when_none_is_left(
    make: Any, pool: Pool, bus: Bus, tmp_path: Path
) -> None:
    fleet = await make()
    async with keeping(pool, bus, tmp_path):
        started = await fleet.until(3, runs=3, workers=100)
        fleet.want(0)
        gone = await fleet.until(3, "ENDED")

    assert all(row["handle"] for row in started)
    assert {row["reason"] for row in gone} == {""}
    for row in started:
        with pytest.raises(ProcessLookupError):
            os.kill(int(row["handle"].split("/")[1]), 0)


async def test_no_more_are_started_than_the_fleet_allows(make: Any, pool: Pool, bus: Bus, tmp_path: Path) -> None:
    fleet = await make(most_workers=2)
    async with keeping(pool, bus, tmp_path):
        await fleet.until(2, runs=50, workers=50)
        for _ in range(10):
            fleet.want(50, 50)
            await asyncio.sleep(0.2)
        assert len(await fleet.workers(ended=True)) == 2


async def test_a_worker_knows_what_it_is_for(make: Any, pool: Pool, bus: Bus, tmp_path: Path) -> None:
    found = tmp_path / "found"
    fleet = await make(f"import json, os; json.dump(dict(os.environ), open({str(found)!r}, 'w')); {SLEEPS}")
    async with keeping(pool, bus, tmp_path / "work"):
        (row,) = await fleet.until(1, runs=1)
        await written(found, "}")

    text = found.read_text()
    for said in (
        '"MISTRAL_GRPC": "mesh:1"',
        f'"MISTRAL_WORKER_ID": "{fleet.name}-{row["id"]}"',
        '"MISTRAL_SLOTS": "2"',
        f'"MISTRAL_LABELS": "mistral.fleet={fleet.name},mistral.execution={fleet.execution}"',
        '"MISTRAL_IDLE_SECONDS": "1"',
        '"MISTRAL_TOKEN": "t"',
    ):
        assert said in text


async def test_one_that_dies_is_replaced_and_says_how_it_died(make: Any, pool: Pool, bus: Bus, tmp_path: Path) -> None:
    fleet = await make()
    async with keeping(pool, bus, tmp_path):
        (first,) = await fleet.until(1, runs=1)
        os.kill(int(first["handle"].split("/")[1]), signal.SIGKILL)
        async with asyncio.timeout(60):
            while True:
                fleet.want(1)
                alive = [row for row in await fleet.workers() if row["state"] == "RUNNING"]
                if alive and alive[0]["id"] != first["id"]:
                    break
                await asyncio.sleep(0.1)
        ended = [row for row in await fleet.workers(ended=True) if row["id"] == first["id"]]

    assert ended[0]["reason"] == "killed by signal 9"


async def test_those_of_a_fleet_that_is_removed_are_asked_to_leave(
    make: Any, pool: Pool, bus: Bus, tmp_path: Path
) -> None:
    fleet = await make(idle_seconds=86_400)
    async with keeping(pool, bus, tmp_path):
        await fleet.until(1, runs=1)
        await pool.execute("DELETE FROM fleet WHERE id = $1", fleet.id)
        (row,) = await fleet.until(1, "ENDED", runs=1)

    assert row["reason"] == "the fleet was removed"


async def test_whoever_takes_over_finds_the_workers_and_starts_no_others(
    make: Any, pool: Pool, bus: Bus, tmp_path: Path
) -> None:
    fleet = await make()
    async with keeping(pool, bus, tmp_path):
        before = await fleet.until(2, runs=2)
    async with keeping(pool, bus, tmp_path):
        for _ in range(15):
            fleet.want(2)
            await asyncio.sleep(0.2)
        after = await fleet.workers(ended=True)
        fleet.want(0)
        await fleet.until(2, "ENDED")

    assert {row["id"] for row in after} == {row["id"] for row in before}


async def test_only_one_of_two_schedulers_starts_workers(make: Any, pool: Pool, bus: Bus, tmp_path: Path) -> None:
    fleet = await make()
    async with keeping(pool, bus, tmp_path / "a"), keeping(pool, bus, tmp_path / "b"):
        await fleet.until(3, runs=3)
        for _ in range(10):
            fleet.want(3)
            await asyncio.sleep(0.2)
        assert len(await fleet.workers(ended=True)) == 3


async def test_one_that_never_connects_is_given_up(make: Any, pool: Pool, bus: Bus, tmp_path: Path) -> None:
    fleet = await make(most_workers=1)
    async with keeping(pool, bus, tmp_path, connect_seconds=2.0):
        (row,) = await fleet.until(1, runs=1)
        async with asyncio.timeout(60):
            while row["id"] not in {one["id"] for one in await fleet.workers(ended=True) if one["state"] == "ENDED"}:
                fleet.want(1)
                await asyncio.sleep(0.2)
        ended = next(one for one in await fleet.workers(ended=True) if one["id"] == row["id"])

    assert ended["reason"] == "not connected for 2 seconds"


async def test_one_that_stays_connected_is_kept(make: Any, pool: Pool, bus: Bus, tmp_path: Path) -> None:
    fleet = await make(most_workers=1)
    async with keeping(pool, bus, tmp_path, connect_seconds=2.0):
        (row,) = await fleet.until(1, runs=1)
        for _ in range(20):
            fleet.want(1)
            fleet.connected([row["id"]])
            await asyncio.sleep(0.2)
        assert [one["id"] for one in await fleet.workers(ended=True)] == [row["id"]]


async def test_what_cannot_be_started_says_so_and_is_not_tried_without_end(
    make: Any, pool: Pool, bus: Bus, tmp_path: Path
) -> None:
    fleet = await make(driver="kubernetes", template='{"image": "i"}')
    async with keeping(pool, bus, tmp_path):
        for _ in range(25):
            fleet.want(5)
            await asyncio.sleep(0.2)
        tried = await fleet.workers(ended=True)

    assert tried
    assert all("MISTRAL_FLEET_DRIVERS" in row["reason"] for row in tried)
    assert len(tried) < 12
