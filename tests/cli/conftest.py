"""The real program, run as a person runs it."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


def _run(*arguments: str, cwd: Path | None = None, stdin: str = "", seconds: float = 60, **environment: str) -> Ended:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MISTRAL_")}
    done = subprocess.run(
        [str(Path(sys.executable).with_name("mistralctl")), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=seconds,
        cwd=cwd,
        env={**kept, **environment},
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def run_mistralctl() -> Callable[..., Ended]:
    """Call it with arguments; it runs without settings of the surroundings."""
    return _run


@pytest.fixture
def mistralctl(tmp_path: Path) -> Callable[..., Ended]:
    """Call it with arguments; it runs in an empty folder, without settings of the surroundings."""
    return partial(_run, cwd=tmp_path)
