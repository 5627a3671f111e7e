"""How tests call the real program: without settings of the surroundings, as somebody on a fresh machine."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


def program() -> str:
    return str(Path(sys.executable).with_name("mistralctl"))


def own_environment(**environment: str) -> dict[str, str]:
    """The surroundings of a person without settings of the mesh, and without a configuration of the machine's owner."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MISTRAL_", "NO_COLOR"))}
    return {**kept, "XDG_CONFIG_HOME": os.devnull, **environment}


def run_program(
    *arguments: str, cwd: Path | None = None, stdin: str = "", seconds: float = 60, **environment: str
) -> Ended:
    done = subprocess.run(
        [program(), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=seconds,
        cwd=cwd,
        env=own_environment(**environment),
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)
