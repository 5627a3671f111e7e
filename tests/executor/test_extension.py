"""A package of somebody else adds actions by entry points, in each of the forms an action can have."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mistral_executor.actions.registry import Registry, installed

PACKAGE = Path(__file__).parents[2] / "examples" / "action_package"


@pytest.fixture
def with_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """The example package, installed; one of its entry points leads nowhere, one wants a name of ours."""
    project = (PACKAGE / "pyproject.toml").read_text()
    section = project.split('[project.entry-points."mistral_mesh.actions"]')[1].split("[")[0]
    points = section.replace('"', "") + "greet.broken = mesh_greetings.nowhere:nothing\n"
    points += "greet.odd = mesh_greetings.hello:ActionContext\nstd.echo = mesh_greetings.hello:hello\n"
    folder = tmp_path / "mesh_greetings-0.1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: mesh-greetings\nVersion: 0.1.0\n")
    (folder / "entry_points.txt").write_text(f"[mistral_mesh.actions]\n{points}")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(PACKAGE))
    importlib.invalidate_caches()
    yield installed()
    for name in [name for name in sys.modules if name.startswith("mesh_greetings")]:
        del sys.modules[name]


async def test_its_actions_run_like_ours(engine: Any, start: Any, with_package: Registry):
    await start(with_package)

    assert await engine.run("greet.hello", {"name": "Ada"}, workflow_name="w") == (
        "SUCCESS",
        {"greeting": "Hello, Ada!", "for": "w"},
    )
    assert await engine.run("greet.hello", {"name": ""}) == ("ERROR", {"reason": "there is nobody to greet"})
    assert await engine.run("greet.slow", {"name": "Ada"}) == ("SUCCESS", "Hello at last, Ada!")
    assert await engine.run("greet.Card", {"to": "Ada"}) == ("SUCCESS", "Dear Ada,\nAll the best")
    assert await engine.run("greet.Card", {}) == (
        "REFUSED",
        "Invalid input [name=greet.Card, class=mesh_greetings.card.Card, missing=['to']]",
    )


def test_its_faults_are_its_own(with_package: Registry, caplog: pytest.LogCaptureFixture):
    assert "greet.broken" not in with_package
    assert with_package["std.echo"].implementation == "mistral_executor.actions.basic.echo"


def test_the_context_is_no_parameter(with_package: Registry):
    assert with_package["greet.hello"].signature.text == "name, polite=false"
    assert with_package["greet.slow"].signature.text == "name, seconds=0.1"
    assert with_package["greet.Card"].signature.text == "to, lines=null"
