"""Counters, gauges and histograms of a service, and the port that Prometheus reads them from."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, start_http_server

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


def counter(name: str, says: str, labels: Sequence[str] = ()) -> Counter:
    """Declare ``mistral_<name>_total``; call once per process, at module level."""
    return Counter(f"mistral_{name}", says, tuple(labels))


def gauge(name: str, says: str, labels: Sequence[str] = ()) -> Gauge:
    return Gauge(f"mistral_{name}", says, tuple(labels))


def histogram(name: str, says: str, labels: Sequence[str] = (), buckets: Sequence[float] = SECONDS) -> Histogram:
    """Declare a histogram; the default buckets are for durations in seconds, ``SIZES`` for counts."""
    return Histogram(f"mistral_{name}", says, tuple(labels), buckets=tuple(buckets))


@asynccontextmanager
async def metrics_server(port: int, host: str = "127.0.0.1") -> AsyncIterator[int]:
    """Serve ``/metrics`` from a thread of its own and yield the port; port 0 serves nothing and yields 0."""
    if port == 0:
        yield 0
        return
    server, thread = start_http_server(port, host, REGISTRY)
    try:
        yield int(server.server_port)
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()
        await asyncio.to_thread(thread.join)
