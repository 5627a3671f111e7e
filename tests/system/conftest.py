"""Meshes to be hurt, and the world they act upon."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from mistral_mesh import MeshStatus, down
from tests.system.counting import World
from tests.system.counting import world as serving
from tests.system.havoc import Victim
from tests.system.mistral_command import Mistral


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


@pytest.fixture(scope="module")
def mistral(new_mesh: Callable[..., MeshStatus]) -> Mistral:
    """The ``mistral`` command against a mesh of this module with everything switched on."""
    mesh = new_mesh(settings={"MISTRAL_DYNAMIC_ACTIONS": "true", "MISTRAL_ALLOW_ACTION_EXECUTION_DELETION": "true"})
    return Mistral(mesh.http_url)


@pytest.fixture
def stored(tmp_path: Path) -> Callable[..., str]:
    """Call it with a text; it returns the path of a file that holds it."""

    def store(text: str, *, ending: str = "yaml", **words: str) -> str:
        file = tmp_path / f"{uuid4().hex}.{ending}"
        file.write_text(text.format(**words) if words else text)
        return str(file)

    return store


@pytest.fixture
def upload(mistral: Mistral, stored: Callable[..., str]) -> Callable[..., str]:
    """Call it with the text of a workflow; it returns its name."""

    def send(text: str, **words: str) -> str:
        fresh = f"n{uuid4().hex[:10]}"
        mistral.text("workflow-create", stored(text, name=fresh, **words))
        return fresh

    return send
