"""Who this executor is, and its signs of life."""

import asyncio
import uuid
from dataclasses import dataclass, field, replace

from google.protobuf.timestamp_pb2 import Timestamp

from mistral.internal.v1.envelope_pb2 import ExecutorHeartbeat
from mistral_executor.running import Runner
from mistral_runtime.bus import Bus

HEARTBEAT = "mistral.executors.heartbeat"
EVERY_SECONDS = 1.0


def _now() -> Timestamp:
    now = Timestamp()
    now.GetCurrentTime()
    return now


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Names of this executor.

    Attributes:
        name: Stable over restarts.
        instance: New after every start of the process.
        address: Of its gRPC server.
    """

    name: str
    queues: tuple[str, ...]
    address: str = ""
    instance: str = field(default_factory=lambda: uuid.uuid4().hex)
    started_at: Timestamp = field(default_factory=_now)

    def reached_at(self, address: str) -> "Identity":
        return replace(self, address=address)


class Heart:
    """Tells every second that this executor lives; from ``leave()`` on also that it goes in good order."""

    def __init__(self, bus: Bus, identity: Identity, runner: Runner) -> None:
        self._bus = bus
        self._identity = identity
        self._runner = runner
        self._leaving = False

    async def beat(self) -> None:
        while True:
            self.tell()
            await asyncio.sleep(EVERY_SECONDS)

    def leave(self) -> None:
        self._leaving = True
        self.tell()

    def tell(self) -> None:
        identity = self._identity
        heartbeat = ExecutorHeartbeat(
            instance=identity.instance,
            address=identity.address,
            started_at=identity.started_at,
            leaving=self._leaving,
            queues=identity.queues,
            running=self._runner.running,
        )
        self._bus.send(HEARTBEAT, heartbeat.SerializeToString())
