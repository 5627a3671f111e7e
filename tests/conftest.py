"""Real servers for tests: one Postgres and one NATS a session, a fresh database a module, more of either on request."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from mistral_mesh import MeshStatus, Plan, down, up_in_background
from mistral_mesh.embedded import nats as embedded_nats
from mistral_mesh.embedded import postgres as embedded_postgres
from mistral_mesh.home import Home
from mistral_mesh.program import Running, running

_numbers = count(1)


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, str]]:
    """The server of the session and its DSN; stop, kill or restart it only in a test that puts it right again."""
    program, dsn = embedded_postgres.postgres(Home(tmp_path_factory.mktemp("pg")))
    with running(program) as server:
        yield server, dsn


@pytest.fixture(scope="session")
def postgres(postgres_server: tuple[Running, str]) -> str:
    """The DSN of a real Postgres; its database is shared by the session."""
    return postgres_server[1]


@pytest.fixture(scope="session")
def new_database(postgres: str) -> Callable[[], str]:
    """Call it for the DSN of a new, empty database without any tables."""

    def create() -> str:
        name = f"test_{next(_numbers)}"
        embedded_postgres.sql(postgres, f"CREATE DATABASE {name}")
        return urlunsplit(urlsplit(postgres)._replace(path=f"/{name}", netloc=urlsplit(postgres).netloc))

    return create


@pytest.fixture(scope="module")
def database(new_database: Callable[[], str]) -> str:
    """The DSN of an empty database of this test module; migrations are not applied."""
    return new_database()


@pytest.fixture(scope="session")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real NATS with JetStream, shared by the session."""
    program, url = embedded_nats.nats(Home(tmp_path_factory.mktemp("nats")))
    with running(program):
        yield url


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[Callable[[], tuple[Running, str]]]:
    """Call it for a NATS of the test's own, to be killed, restarted or robbed of its store, and its URL."""
    with ExitStack() as stack:

        def start() -> tuple[Running, str]:
            program, url = embedded_nats.nats(Home(tmp_path / f"nats-{next(_numbers)}"))
            return stack.enter_context(running(program)), url

        yield start


@pytest.fixture(scope="module")
def new_mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., MeshStatus]]:
    """Call it for a whole mesh of real processes on free ports, each in a home of its own, stopped with the module.

    Takes what ``Plan.read`` takes (``engines=2``), and ``settings`` for the environment of the services.
    """
    with ExitStack() as stack:

        def start(*, settings: Mapping[str, str] | None = None, **options: Any) -> MeshStatus:
            environment = {name: value for name, value in os.environ.items() if not name.startswith("MISTRAL_")}
            home = options.pop("home", None) or tmp_path_factory.mktemp("mesh")
            ports = {"http_port": 0, "grpc_port": 0}
            plan = Plan.read({**environment, **(settings or {})}, home=home, **(ports | options))
            running = up_in_background(plan)
            stack.callback(down, plan.home)
            return running

        yield start


@pytest.fixture(scope="module")
def mesh(new_mesh: Callable[..., MeshStatus]) -> Iterator[MeshStatus]:
    """A whole mesh of this test module, one replica of each service."""
    running = new_mesh()
    yield running
    down(running.home)
