"""Meshes to be hurt, and the world they act upon."""

from collections.abc import Callable, Iterator

import pytest

from mistral_mesh import MeshStatus, down
from tests.system.counting import World
from tests.system.counting import world as serving
from tests.system.havoc import Victim


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def victims(new_mesh: Callable[..., MeshStatus]) -> Iterator[Callable[..., Victim]]:
    """Call it for a mesh of this module; takes what ``new_mesh`` takes."""
    homes = []

    def start(**options: int) -> Victim:
        settings = {"MISTRAL_EGRESS_ALLOWED": "127.0.0.0/8"}
        mesh = new_mesh(settings=settings, **options)
        homes.append(mesh.home)
        return Victim(mesh, settings, **options)

    yield start
    for home in homes:
        down(home)
