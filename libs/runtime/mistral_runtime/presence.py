"""Signs of life of a service, every second over the bus: who lives is known by being heard, and written nowhere."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from mistral.internal.v1.envelope_pb2 import ServiceHeartbeat
from mistral_runtime.bus import Bus

SUBJECT: Final = "mistral.services.heartbeat"
EVERY_SECONDS: Final = 1.0
SILENT_SECONDS: Final = 4.0
"""Who was not heard for so long is gone."""


@asynccontextmanager
async def present(bus: Bus, *, kind: str, name: str, address: str) -> AsyncIterator[None]:
    """Tell every second inside the block that the service lives, and at its end that it leaves.

    Args:
        kind: Such as ``engine``.
        name: Stable over restarts; replicas that share one are told apart all the same.
        address: ``host:port`` of its gRPC server.
    """
    started = Timestamp()
    started.GetCurrentTime()
    beat = ServiceHeartbeat(instance=uuid.uuid4().hex, kind=kind, name=name, address=address, started_at=started)
    beating = bus.tasks.start(_beat(bus, beat.SerializeToString()), name="sign of life")
    try:
        yield
    finally:
        beating.cancel()
        beat.leaving = True
        bus.send(SUBJECT, beat.SerializeToString())


def bound(listen: str, port: int) -> str:
    """Return the address of what listens at ``host:port``, once the port is known."""
    return f"{listen.rpartition(':')[0]}:{port}"


async def _beat(bus: Bus, data: bytes) -> None:
    while True:
        bus.send(SUBJECT, data)
        await asyncio.sleep(EVERY_SECONDS)
