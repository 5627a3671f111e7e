"""One mesh for all scenarios, and the worker programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import grpc
import pytest

from mistral_mesh import MeshStatus
from tests.sdk.conformance.asking import OPTIONS, Asking
from tests.system.havoc import Victim

# Short, so that scenarios with a crash are; long enough for a machine under load.
SETTINGS = {"MISTRAL_WORKER_LEASE_SECONDS": "5", "MISTRAL_FIELD_SIZE_LIMIT_KB": "2048"}
REPLICAS = {"executors": 2}


@pytest.fixture(scope="module")
def victim(new_mesh: Callable[..., MeshStatus]) -> Victim:
    return Victim(new_mesh(settings=SETTINGS, **REPLICAS), SETTINGS, **REPLICAS)


@pytest.fixture(scope="module")
def asking(victim: Victim) -> Iterator[Asking]:
    with grpc.insecure_channel(victim.grpc_address, options=OPTIONS) as channel:
        yield Asking(channel)
