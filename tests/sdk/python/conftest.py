"""A mesh for the tests of the SDK, with leases that end soon, and clients of it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from typing import Any

import pytest

from mistral_mesh import MeshStatus
from mistral_sdk import Client, Worker

LEASE_SECONDS = 3
_numbers = count(1)


@pytest.fixture(scope="module")
def workers_mesh(new_mesh: Callable[..., MeshStatus]) -> MeshStatus:
    """A mesh where a run belongs to a worker for three seconds without a sign of life."""
    return new_mesh(settings={"MISTRAL_WORKER_LEASE_SECONDS": str(LEASE_SECONDS)})


@pytest.fixture
def client(workers_mesh: MeshStatus) -> Iterator[Client]:
    """A client of that mesh."""
    with Client(workers_mesh.grpc_address) as made:
        yield made


@pytest.fixture
def working(workers_mesh: MeshStatus) -> Iterator[Callable[..., Worker]]:
    """Call it with actions for a worker that is connected; it is stopped with the test."""
    with ExitStack() as stack:

        def work(*actions: Any, **options: Any) -> Worker:
            name = options.pop("id", f"worker-{next(_numbers)}")
            options = {"drain_seconds": 5, **options}
            worker = Worker(workers_mesh.grpc_address, actions=actions, id=name, **options)
            return stack.enter_context(worker.background())

        yield work


@pytest.fixture
def one_task(client: Client) -> Callable[..., str]:
    """Call it with a task's text for the name of a workflow of that task; its input is ``given``, its output too."""

    def define(task: str) -> str:
        name = f"sdk_{next(_numbers)}"
        client.upload(
            f"version: '2.0'\n{name}:\n  input: [{{given: {{}}}}]\n  output: {{result: <% task(t).result %>}}\n"
            f"  tasks:\n    t: {task}\n"
        )
        return name

    return define
