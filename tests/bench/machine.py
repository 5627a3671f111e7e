"""How fast the machine itself was: figures of a shared machine mean little without it."""

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

_LOOPS = 100_000


@dataclass(frozen=True, slots=True)
class Machine:
    """Medians, in milliseconds.

    Attributes:
        loop_ms: 100,000 turns of a Python loop.
        call_ms: A health check of the gateway: a gRPC call that does nothing.
        sync_ms: 8 KiB written and made durable, as a commit does.
    """

    loop_ms: float
    call_ms: float
    sync_ms: float

    def line(self) -> dict[str, object]:
        """Return it as the bench prints it."""
        return {"machine": {name: round(value, 2) for name, value in asdict(self).items()}}


def look(address: str) -> Machine:
    """Measure for about a second; ``address`` is the gateway's gRPC."""
    with grpc.insecure_channel(address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        call_ms = _timed(lambda: health.Check(health_pb2.HealthCheckRequest(), timeout=10), 100)
    return Machine(_timed(_loop, 20), call_ms, _sync_ms())


def _loop() -> None:
    total = 0
    for number in range(_LOOPS):
        total += number * number % 7


def _sync_ms() -> float:
    with tempfile.TemporaryDirectory(prefix="mistral-bench-") as folder:
        file = os.open(Path(folder) / "sync", os.O_WRONLY | os.O_CREAT)
        try:
            return _timed(lambda: (os.pwrite(file, b"\1" * 8192, 0), os.fdatasync(file)), 100)
        finally:
            os.close(file)


def _timed(work: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return median(taken) * 1000
