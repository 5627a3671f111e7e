"""The TypeScript SDK: its manual from an empty folder, and its own tests."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from mistral_mesh import MeshStatus
from tests.clients.toolchain import ROOT, Project, built, environment
from tests.sdk.newcomer import SECONDS, Newcomer

pytestmark = pytest.mark.slow

SDK = ROOT / "libs/sdk/typescript"
README = (SDK / "README.md").read_text()
LEFT = re.compile(r'"message":"left"')


@pytest.fixture(scope="module", autouse=True)
def toolchain() -> None:
    """Skip what follows, aloud, when the machine has no Node; the first command of the manual is a part of this."""
    built(Project("libs/sdk/typescript", (), (("node", (18,)), ("npm", ()))))


def test_a_newcomer_gets_from_an_empty_folder_to_a_worker_that_serves_a_workflow(
    mesh: MeshStatus, tmp_path: Path
) -> None:
    newcomer = Newcomer(tmp_path, README, mesh.grpc_address)
    build, *installs, compile_both, work, start = newcomer.commands
    assert build == "sh $MESH/libs/sdk/typescript/build.sh"
    for command in installs:
        newcomer.give(command)
    newcomer.save_files()
    newcomer.give(compile_both)
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
        ["npm", "test"], cwd=SDK, env=environment(), capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_package_holds_what_runs_and_its_types_alone() -> None:
    packed = subprocess.run(
        ["tar", "-tzf", "build/mistral-mesh-sdk.tgz"], cwd=SDK, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    others = [name for name in packed if not re.fullmatch(r"package/dist/.*\.(js|d\.ts)", name)]
    assert sorted(others) == ["package/README.md", "package/package.json"]
    assert "package/dist/index.d.ts" in packed


def test_the_lock_file_names_no_address() -> None:
    assert '"resolved"' not in (SDK / "package-lock.json").read_text()
