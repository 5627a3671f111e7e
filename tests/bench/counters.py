"""What a mesh used meanwhile: processor time of each process, commits, messages. Read before and after."""

import asyncio
import json
import re
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import grpc.aio
import psutil

from mistral.internal.v1 import engine_service_pb2 as engine
from mistral.internal.v1 import engine_service_pb2_grpc as engine_grpc
from mistral_mesh import MeshStatus, status
from mistral_mesh.embedded import postgres as embedded_postgres
from mistral_mesh.home import Home

# Postgres gathers the figures of a connection for that long.
_SETTLE_SECONDS = 1.1


@dataclass(frozen=True, slots=True)
class Reading:
    """All counters at one moment.

    Attributes:
        cpu: Seconds by process, ``client`` among them.
        commits: Of the whole database, whoever made them.
        engine_commits: Of the engines alone.
        messages: That the bus server took in.
    """

    cpu: Mapping[str, float]
    commits: int
    engine_commits: int
    messages: int


class Counters:
    """Reads the counters of a mesh on this machine, found by its home."""

    def __init__(self, home: Path, dsn: str) -> None:
        self._home = home
        self._dsn = dsn
        self._monitor = _monitor(home)

    @classmethod
    def of(cls, home: Path) -> "Counters":
        """Return those of the mesh in a home with an embedded Postgres and NATS."""
        return cls(home, embedded_postgres.postgres(Home(home))[1])

    def cpu(self) -> dict[str, float]:
        """Seconds of processor time since each process started."""
        spent = {program.name: _seconds(program.pid) for program in self._status().programs if program.pid}
        return {**spent, "client": _own(psutil.Process())}

    async def read(self) -> Reading:
        """Read all of them; takes a second, for Postgres tells its own only then."""
        cpu = self.cpu()
        await asyncio.sleep(_SETTLE_SECONDS)
        return Reading(
            cpu, await self._commits(), await self._engine_commits(), await asyncio.to_thread(self._messages)
        )

    async def _commits(self) -> int:
        connection = await asyncpg.connect(self._dsn)
        try:
            query = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
            return int(await connection.fetchval(query))
        finally:
            await connection.close()

    async def _engine_commits(self) -> int:
        total = 0
        for program in self._status().programs:
            if program.name.startswith("engine-"):
                async with grpc.aio.insecure_channel(program.address) as channel:
                    answer = await engine_grpc.EngineServiceStub(channel).GetStatus(engine.GetStatusRequest())
                    total += answer.commits
        return total

    def _messages(self) -> int:
        with urllib.request.urlopen(f"http://{self._monitor}/varz", timeout=5) as answer:
            return int(json.load(answer)["in_msgs"])

    def _status(self) -> MeshStatus:
        now = status(self._home)
        assert now is not None, "the mesh is gone"
        return now


def _monitor(home: Path) -> str:
    found = re.search(r'^http: "(.*)"$', (Home(home).run / "nats.conf").read_text(), re.MULTILINE)
    assert found is not None, "the configuration of the bus names no monitor"
    return found[1]


def _seconds(pid: int) -> float:
    """Seconds that a process and those it started have spent."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    return sum(map(_own, family))


def _own(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system
