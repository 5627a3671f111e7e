"""What can happen to a mesh: its processes die, stop and go on, its servers restart and lose what they kept."""

import asyncio
import os
import shutil
import signal
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from mistral_mesh import MeshStatus, Plan, status, up_in_background
from mistral_mesh.embedded import postgres as embedded_postgres
from mistral_mesh.home import Home

_PATIENCE_SECONDS = 60.0


class Victim:
    """A mesh of real processes that a test may hurt. It kills only what its own supervisor started."""

    def __init__(self, mesh: MeshStatus, settings: Mapping[str, str], **replicas: int) -> None:
        ports = {"http_port": _port(mesh.http_url), "grpc_port": _port(mesh.grpc_address)}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MISTRAL_")}
        self.plan = Plan.read({**environment, **settings}, home=mesh.home, **ports, **replicas)
        self.home = mesh.home
        self.grpc_address = mesh.grpc_address
        self.http_url = mesh.http_url
        self.dsn = embedded_postgres.postgres(Home(mesh.home))[1]

    def process(self, name: str) -> psutil.Process:
        """Return a process by its name, such as ``engine-0``."""
        pid = next(program.pid for program in self._status().programs if program.name == name)
        assert pid is not None, f"{name} does not run"
        return psutil.Process(pid)

    async def settled(self) -> None:
        """Wait until every process is well."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while unwell := [p.name for p in self._status().programs if p.state != "well" or p.pid is None]:
            assert time.monotonic() < deadline, f"not well: {unwell}"
            await asyncio.sleep(0.05)

    def _status(self) -> MeshStatus:
        now = status(self.home)
        assert now is not None, "the supervisor is gone"
        return now


Deed = Callable[[Victim], Coroutine[None, None, None]]


def kill(name: str) -> Deed:
    """Crash a process; its supervisor starts it again."""

    async def deed(victim: Victim) -> None:
        victim.process(name).kill()

    return deed


def restart(name: str, number: signal.Signals) -> Deed:
    """Ask a server to go; its supervisor starts it again."""

    async def deed(victim: Victim) -> None:
        victim.process(name).send_signal(number)

    return deed


def pause(name: str, seconds: float) -> Deed:
    """Have a process stand still as if its machine slept, and then go on as if nothing had been."""

    async def deed(victim: Victim) -> None:
        process = victim.process(name)
        process.suspend()
        try:
            await asyncio.sleep(seconds)
        finally:
            process.resume()

    return deed


async def cut_the_power(victim: Victim) -> None:
    """Kill every process at once, the supervisor first, and bring the same home up again on the same ports."""
    supervisor = psutil.Process(victim._status().pid)
    family = [supervisor, *supervisor.children(recursive=True)]
    supervisor.kill()
    for process in family[1:]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    await asyncio.to_thread(psutil.wait_procs, family, 10)
    await asyncio.to_thread(up_in_background, victim.plan)


async def lose_the_bus(victim: Victim) -> None:
    """Kill NATS and delete all that JetStream kept; it starts again empty."""
    nats = victim.process("nats")
    supervisor = psutil.Process(victim._status().pid)
    # Held still, it cannot start the server on what is being deleted.
    supervisor.suspend()
    try:
        nats.kill()
        await _gone(nats)
        await asyncio.to_thread(shutil.rmtree, _store(victim.home))
    finally:
        supervisor.resume()


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])


def _store(home: Path) -> Path:
    return Home(home).data / "nats"


async def _gone(process: psutil.Process) -> None:
    """Wait for the end of a process whose parent cannot collect it."""
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
