"""A mesh from end to end: up in the foreground or the background, and down."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil

from mistral_mesh import servers
from mistral_mesh.errors import MeshError
from mistral_mesh.home import Home
from mistral_mesh.orphans import end_orphans
from mistral_mesh.plan import Plan
from mistral_mesh.ports import is_free, keep_free
from mistral_mesh.services import Addresses, reachable, scheme, services
from mistral_mesh.status import MeshStatus, ProgramStatus, status
from mistral_mesh.supervisor import Supervisor
from mistral_runtime.loopback import is_loopback

_POLL_SECONDS = 0.05
_START_SECONDS = 180.0
_STOP_SECONDS = 60.0


def up(plan: Plan, *, on_ready: Callable[[MeshStatus], None] = lambda status: None) -> None:
    """Run the mesh in this process until SIGINT or SIGTERM, then stop it.

    Raises:
        MeshError: If one runs in this home already, a port is taken, or something does not start.
    """
    with plan.folders.locked():
        end_orphans(plan.folders)
        _check_exposure(plan)
        _check_ports(plan)
        asyncio.run(_Mesh(plan).run(on_ready))


def up_in_background(plan: Plan) -> MeshStatus:
    """Start the mesh in a process of its own and return once everything is well.

    Raises:
        MeshError: As ``up``.
    """
    home = plan.folders
    home.create()
    if home.is_locked():
        raise MeshError(f"a mesh runs in {home.path} already; `mistralctl down` stops it")
    home.error.unlink(missing_ok=True)
    log = home.log_file("mesh")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "mistral_mesh"],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    assert process.stdin is not None
    with process.stdin as pipe:
        pipe.write(msgspec.json.encode(plan, enc_hook=str))
    return _wait_until_ready(home, process, log)


def down(home: Path) -> bool:
    """Stop the mesh of a home, and what a crashed one left behind; False if there was nothing.

    Raises:
        MeshError: If it does not stop even by force.
    """
    folders = Home(home)
    running = status(home)
    if running is not None:
        _end(folders, running.pid)
    with folders.locked():
        return end_orphans(folders) > 0 or running is not None


@contextmanager
def ephemeral(plan: Plan) -> Iterator[MeshStatus]:
    """Have a mesh inside the ``with`` block: the one that runs in this home, or one that is stopped afterwards."""
    found = status(plan.home)
    if found is not None and found.ready:
        yield found
        return
    started = up_in_background(plan)
    try:
        yield started
    finally:
        down(plan.home)


class _Mesh:
    """The programs of one plan, and their state on disk."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._addresses = Addresses.choose(plan)
        first, database_url, nats_url = servers.servers(plan)
        every = list(services(plan, self._addresses, database_url=database_url, nats_url=nats_url))
        engines = [program for program in every if program.name.startswith("engine-")]
        gateways = [program for program in every if program.name.startswith("api_gateway-")]
        others = [program for program in every if program not in engines and program not in gateways]
        self._supervisor = Supervisor((first, engines, others, gateways), self._save)

    async def run(self, on_ready: Callable[[MeshStatus], None]) -> None:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
        try:
            await self._supervisor.run(until=stopped, ready=lambda: on_ready(self._status()))
        finally:
            self._plan.folders.state.unlink(missing_ok=True)

    def _save(self) -> None:
        self._status().save()

    def _status(self) -> MeshStatus:
        return MeshStatus(
            pid=os.getpid(),
            home=self._plan.home,
            http_url=f"{scheme(self._plan)}://{reachable(self._addresses.http)}",
            grpc_address=reachable(self._addresses.grpc),
            ready=self._supervisor.all_well,
            programs=tuple(
                ProgramStatus(
                    name=keeper.program.name,
                    pid=keeper.process.pid if keeper.process and keeper.process.returncode is None else None,
                    state=keeper.state,
                    restarts=keeper.restarts,
                    address=keeper.program.address,
                    metrics=keeper.program.metrics,
                )
                for keeper in self._supervisor.keepers
            ),
        )


def _check_exposure(plan: Plan) -> None:
    """Say at once what the gateway would say each time that it is started."""
    if not is_loopback(plan.host) and plan.environment.get("MISTRAL_AUTH", "none").strip() in ("", "none"):
        raise MeshError(
            f"MISTRAL_HOST={plan.host} is reached from elsewhere: set MISTRAL_AUTH to api-key, oidc or keystone, or"
            " leave MISTRAL_HOST at 127.0.0.1"
        )


def _check_ports(plan: Plan) -> None:
    for option, port in (("--http-port", plan.http_port), ("--grpc-port", plan.grpc_port)):
        if port and not is_free(port, plan.host):
            raise MeshError(f"port {port} on {plan.host} is taken by another program; choose another with {option}")
        keep_free(port)


def _wait_until_ready(home: Home, process: subprocess.Popen[bytes], log: Path) -> MeshStatus:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            said = home.error if home.error.exists() else log
            raise MeshError(said.read_text(errors="replace").strip())
        now = status(home.path)
        if now is not None and now.pid == process.pid and now.ready:
            return now
        time.sleep(_POLL_SECONDS)
    _end(home, process.pid)
    raise MeshError(f"the mesh is not well after {_START_SECONDS:.0f} s; see {home.logs}")


def _end(home: Home, pid: int) -> None:
    """Ask a supervisor to go, and make it go: its children are then orphans."""
    try:
        supervisor = psutil.Process(pid)
        supervisor.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        while home.is_locked() and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        if home.is_locked():
            supervisor.kill()
            supervisor.wait(_STOP_SECONDS)
    except psutil.NoSuchProcess:
        pass
