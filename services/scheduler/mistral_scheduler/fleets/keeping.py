"""Keeping as many temporary workers as are wanted. One scheduler does it at a time; another takes over when it dies.

What is done is written before it is done: a row, then the worker; so whoever takes over finds everything.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from google.protobuf.message import DecodeError

from mistral.internal.v1.worker_pool_pb2 import WantedPools, WorkersPresent
from mistral_core.errors import InvalidInput
from mistral_core.fleet_templates import template_of
from mistral_core.worker_pools import EXECUTION_LABEL, FLEET_LABEL
from mistral_persistence import fleet_workers as rows
from mistral_persistence.database import Pool
from mistral_persistence.fleet_workers import FleetRow
from mistral_persistence.outage import OUTAGE
from mistral_runtime.bus import Message
from mistral_scheduler.fleets.backoff import WINDOW, may_start
from mistral_scheduler.fleets.demand import Demand, Quiet, Want
from mistral_scheduler.fleets.driver import CannotStart, Driver, NewWorker
from mistral_scheduler.fleets.leading import Turn, leading
from mistral_scheduler.fleets.settings import FleetSettings

_log = logging.getLogger(__name__)

WANTED_SUBJECT = "mistral.workers.wanted"
PRESENT_SUBJECT = "mistral.workers.present"

_EVERY_SECONDS = 1.0
# So many at once: starting a process takes a good part of a processor.
_STARTS = 20
_KEPT = timedelta(days=1)
_FORGET = 1_000


@dataclass(frozen=True, slots=True)
class _Wish:
    """Workers of one fleet for one execution."""

    want: Want
    workers: int
    fleet: FleetRow

    @property
    def key(self) -> tuple[str, str]:
        return self.fleet.id, self.want.execution


class Fleets:
    """Starts and ends the workers of all fleets."""

    def __init__(self, pool: Pool, drivers: Mapping[str, Driver], settings: FleetSettings) -> None:
        self._pool = pool
        self._drivers = drivers
        self._settings = settings
        self._demand = Demand()
        self._quiet = Quiet()
        self._connected: dict[str, float] = {}
        self._first_seen: dict[str, float] = {}
        self._asked: set[str] = set()

    async def heard_wanted(self, message: Message) -> None:
        """Take down what an engine wants."""
        try:
            pools = WantedPools.FromString(message.data).pools
        except DecodeError:
            _log.error("dropped a message of %s that names no pools", WANTED_SUBJECT)
            return
        self._demand.hear(pools, time.monotonic())

    async def heard_present(self, message: Message) -> None:
        """Take down which workers are connected."""
        try:
            present = WorkersPresent.FromString(message.data)
        except DecodeError:
            _log.error("dropped a message of %s that names no workers", PRESENT_SUBJECT)
            return
        now = time.monotonic()
        for pool in present.pools:
            if FLEET_LABEL in pool.pool.labels:
                self._connected.update(dict.fromkeys(pool.worker_ids, now))

    async def run(self) -> None:
        """Look after the workers whenever it is this scheduler's turn; never returns."""
        while True:
            try:
                async with leading(self._pool) as turn:
                    await self._lead(turn)
            except OUTAGE as error:
                _log.warning("fleets are looked after later: %s", type(error).__name__)
            await asyncio.sleep(_EVERY_SECONDS)

    async def _lead(self, turn: Turn) -> None:
        while turn.lasts:
            await self.round()
            await asyncio.sleep(_EVERY_SECONDS)

    async def round(self) -> None:
        """Do once whatever has to be done."""
        now = time.monotonic()
        alive = await self._reaped(await rows.alive(self._pool))
        alive = await self._given_up(alive, now)
        wishes = await self._wishes(self._demand.wanted(now))
        await self._stop(alive, wishes, now)
        await self._start(alive, wishes)
        await rows.forget(self._pool, before=datetime.now(UTC) - _KEPT, limit=_FORGET)

    async def _wishes(self, wanted: Mapping[Want, int]) -> list[_Wish]:
        if not wanted:
            return []
        keys = {f"{number}": want for number, want in enumerate(wanted)}
        found = await rows.fleets_of(self._pool, [(key, want.project, want.fleet) for key, want in keys.items()])
        return [_Wish(keys[key], wanted[keys[key]], fleet) for key, fleet in found.items()]

    async def _reaped(self, alive: Sequence[Any]) -> list[Any]:
        """Write down who has ended, and return the others."""
        gone = {row["id"] for row in alive if row["state"] == "STARTING"}
        for worker_id in gone:
            # Of those that we start ourselves none is left in this state: somebody died over it.
            await rows.ended(self._pool, worker_id, "the scheduler ended while it started this worker")
        for name, driver in self._drivers.items():
            handles = {row["id"]: row["handle"] for row in alive if row["driver"] == name and row["id"] not in gone}
            for ended in await driver.ended(handles) if handles else ():
                gone.add(ended.id)
                await rows.ended(self._pool, ended.id, ended.reason)
        self._asked -= gone
        return [row for row in alive if row["id"] not in gone]

    async def _given_up(self, alive: Sequence[Any], now: float) -> list[Any]:
        """End those that have not been connected for long, and return the others."""
        ids = {row["id"] for row in alive}
        self._first_seen = {each: self._first_seen.get(each, now) for each in ids}
        self._connected = {name: at for name, at in self._connected.items() if name[-36:] in ids}
        last = {name[-36:]: at for name, at in self._connected.items()}
        kept = []
        for row in alive:
            if now - max(last.get(row["id"], 0.0), self._first_seen[row["id"]]) < self._settings.connect_seconds:
                kept.append(row)
                continue
            if (driver := self._drivers.get(row["driver"])) is not None:
                await driver.stop(row["id"], row["handle"], 0.0)
            reason = f"not connected for {self._settings.connect_seconds:g} seconds"
            await rows.ended(self._pool, row["id"], reason)
        return kept

    async def _stop(self, alive: Sequence[Any], wishes: Sequence[_Wish], now: float) -> None:
        """Ask those to leave that nothing is wanted of, and those whose fleet is gone."""
        live = {(row["fleet_id"], row["execution_id"]) for row in alive}
        quiet = self._quiet.seconds(live, {wish.key for wish in wishes}, now)
        for row in alive:
            idle = row["idle_seconds"]
            if idle is None:
                await self._ask_to_leave(row, "the fleet was removed")
            elif quiet[row["fleet_id"], row["execution_id"]] >= idle:
                await self._ask_to_leave(row, "")

    async def _ask_to_leave(self, row: Any, reason: str) -> None:
        driver = self._drivers.get(row["driver"])
        if driver is None or row["id"] in self._asked:
            return
        self._asked.add(row["id"])
        await rows.stopping(self._pool, row["id"], reason)
        await driver.stop(row["id"], row["handle"], self._settings.grace_seconds)

    async def _start(self, alive: Sequence[Any], wishes: Sequence[_Wish]) -> None:
        live: dict[tuple[str, str], int] = {}
        for row in alive:
            if row["id"] not in self._asked:
                key = row["fleet_id"], row["execution_id"]
                live[key] = live.get(key, 0) + 1
        missing = [(wish, min(wish.workers, wish.fleet.most_workers) - live.get(wish.key, 0)) for wish in wishes]
        if not any(count > 0 for _, count in missing):
            return
        moment = datetime.now(UTC)
        failures = await rows.failures(self._pool, moment - WINDOW)
        room = _STARTS
        for wish, count in missing:
            failed, last = failures.get("/".join(wish.key), (0, moment))
            starts = min(count, room)
            if starts > 0 and may_start(failed, last, moment):
                await self._start_some(wish, starts if not failed else 1)
                room -= starts

    async def _start_some(self, wish: _Wish, count: int) -> None:
        ids = [str(uuid4()) for _ in range(count)]
        await rows.add(
            self._pool, ids, fleet_id=wish.fleet.id, execution_id=wish.want.execution, driver=wish.fleet.driver
        )
        for worker_id in ids:
            try:
                handle = await self._started(wish, worker_id)
            except CannotStart as error:
                _log.warning("a worker of fleet %s could not be started", wish.fleet.name)
                await rows.ended(self._pool, worker_id, str(error))
            else:
                await rows.started(self._pool, worker_id, handle)

    async def _started(self, wish: _Wish, worker_id: str) -> str:
        fleet = wish.fleet
        driver = self._drivers.get(fleet.driver)
        if driver is None:
            raise CannotStart(f"the driver {fleet.driver} is switched off here; see MISTRAL_FLEET_DRIVERS")
        try:
            template = template_of(fleet.driver, fleet.template)
        except InvalidInput as error:
            raise CannotStart(str(error)) from None
        return await driver.start(
            NewWorker(
                id=worker_id,
                fleet=fleet.name,
                project=fleet.project,
                execution=wish.want.execution,
                env=self._env(wish, worker_id),
                template=template,
            )
        )

    def _env(self, wish: _Wish, worker_id: str) -> dict[str, str]:
        fleet, settings = wish.fleet, self._settings
        env = {
            "MISTRAL_GRPC": settings.address,
            "MISTRAL_WORKER_ID": f"{fleet.name}-{worker_id}",
            "MISTRAL_SLOTS": str(fleet.slots),
            "MISTRAL_LABELS": f"{FLEET_LABEL}={fleet.name},{EXECUTION_LABEL}={wish.want.execution}",
            "MISTRAL_IDLE_SECONDS": str(fleet.idle_seconds),
        }
        return {**env, "MISTRAL_TOKEN": settings.token} if settings.token else env
