"""The Go SDK: its manual from an empty folder, its own tests, and its generated code."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from mistral_mesh import MeshStatus
from tests.clients.toolchain import ROOT, built, environment
from tests.sdk.languages import LANGUAGES
from tests.sdk.newcomer import SECONDS, Newcomer

pytestmark = pytest.mark.slow

SDK = ROOT / "libs/sdk/go"
README = (SDK / "README.md").read_text()
LEFT = re.compile(r"INFO left worker=")


@pytest.fixture(scope="module", autouse=True)
def toolchain() -> None:
    """Skip what follows, aloud, when the machine has no Go."""
    built(LANGUAGES["go"])


def test_a_newcomer_gets_from_an_empty_folder_to_a_worker_that_serves_a_workflow(
    mesh: MeshStatus, tmp_path: Path
) -> None:
    newcomer = Newcomer(tmp_path, README, mesh.grpc_address)
    init, edit, tidy, work, start = newcomer.commands
    for command in (init, edit):
        newcomer.give(command)
    newcomer.save_files()
    newcomer.give(tidy)
    with newcomer.worker(work) as worker:
        said = re.search(r"It prints `(.*)`", README)
        assert said is not None
        assert newcomer.give(start).strip() == said[1]
        os.killpg(worker.pid, signal.SIGINT)
        # The shell may end before the worker does, and has a code of its own.
        assert worker.stderr is not None
        assert LEFT.search(worker.stderr.read())


def test_its_own_tests_pass() -> None:
    done = subprocess.run(
        ["go", "test", "./..."],
        cwd=SDK,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_is_formatted_and_vetted() -> None:
    sources = [str(path) for path in SDK.rglob("*.go") if "gen" not in path.parts]
    for command in (["gofmt", "-l", *sources], ["go", "vet", "./..."]):
        done = subprocess.run(command, cwd=SDK, env=environment(), capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_its_generated_code_is_that_of_the_contracts(tmp_path: Path) -> None:
    """What differs is made anew by ``sh libs/sdk/go/generate.sh``, and committed."""
    subprocess.run(["sh", "generate.sh", str(tmp_path)], cwd=SDK, env=environment(), check=True, timeout=SECONDS)
    made = {path.relative_to(tmp_path): path.read_text() for path in tmp_path.rglob("*.go")}
    committed = {path.relative_to(SDK): path.read_text() for path in (SDK / "gen").rglob("*.go")}
    assert sorted(made) == sorted(committed)
    stale = [str(path) for path, text in made.items() if committed[path] != text]
    assert not stale, f"run `sh libs/sdk/go/generate.sh`: {', '.join(stale)}"
