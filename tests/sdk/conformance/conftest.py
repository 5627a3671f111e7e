"""One mesh for all scenarios, and the worker programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import grpc
import pytest

from mistral_mesh import MeshStatus
from tests.sdk.conformance.asking import OPTIONS, Asking
from tests.system.havoc import Victim

# Short, so that scenarios in which a worker dies are.
LEASE_SECONDS = 5
# For scenarios in which a service dies: however long a busy machine takes to start it again, runs stay the worker's.
LONG_LEASE_SECONDS = 60
SETTINGS = {"MISTRAL_FIELD_SIZE_LIMIT_KB": "2048"}
REPLICAS = {"executors": 2}

Meshes = Callable[[int], tuple[Victim, Asking]]


@pytest.fixture(scope="module")
def meshes(new_mesh: Callable[..., MeshStatus]) -> Iterator[Meshes]:
    """Call it with the length of a lease in seconds for a mesh of this module."""
    with ExitStack() as stack:

        @cache
        def start(lease: int) -> tuple[Victim, Asking]:
            settings = SETTINGS | {"MISTRAL_WORKER_LEASE_SECONDS": str(lease)}
            victim = Victim(new_mesh(settings=settings, **REPLICAS), settings, **REPLICAS)
            channel = stack.enter_context(grpc.insecure_channel(victim.grpc_address, options=OPTIONS))
            return victim, Asking(channel)

        yield start
