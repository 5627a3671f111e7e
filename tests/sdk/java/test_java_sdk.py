"""The Java SDK: its manual from an empty folder, and its own tests."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

from mistral_mesh import MeshStatus
from tests.clients.toolchain import ROOT, built, environment
from tests.sdk.languages import LANGUAGES
from tests.sdk.newcomer import Newcomer

pytestmark = pytest.mark.slow

SDK = ROOT / "libs/sdk/java"
README = (SDK / "README.md").read_text()
SECONDS = 600


@pytest.fixture(scope="module", autouse=True)
def toolchain() -> None:
    """Skip what follows, aloud, when the machine has no Java or no Maven."""
    built(LANGUAGES["java"])


def test_a_newcomer_gets_from_an_empty_folder_to_a_worker_that_serves_a_workflow(
    mesh: MeshStatus, tmp_path: Path
) -> None:
    newcomer = Newcomer(tmp_path, README, mesh.grpc_address)
    install, compile_, work, start = newcomer.commands
    newcomer.give(install)
    newcomer.save_files()
    newcomer.give(compile_)
    # As a terminal has it: Ctrl-C is for the program, not for the shell around it.
    with newcomer.worker(f"exec {work}") as worker:
        said = re.search(r"It prints `(.*)`", README)
        assert said is not None
        assert newcomer.give(start).strip() == said[1]
        os.killpg(worker.pid, signal.SIGINT)
        assert worker.wait(SECONDS) == 0


def test_its_own_tests_pass() -> None:
    done = subprocess.run(
        ["mvn", "-B", "-q", "-ntp", "test"],
        cwd=SDK,
        env=environment() | {"MAVEN_OPTS": "-XX:TieredStopAtLevel=1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-10000:]


def test_its_sources_are_packed_beside_it() -> None:
    with ZipFile(SDK / "target/mistral-mesh-sdk-0.1.0-sources.jar") as packed:
        names = packed.namelist()
    assert "mesh/mistral/sdk/Worker.java" in names
    assert "mistral/v1/WorkerServiceGrpc.java" in names
