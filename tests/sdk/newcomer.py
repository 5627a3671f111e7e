"""A newcomer who does what a README says: saves its files, and gives its commands in an empty folder."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.clients.toolchain import ROOT, environment, skip_without_network

SECONDS = 300
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_NAMED = re.compile(r"(?://|<!--) (\S+\.\w+)(?: -->)?\n")


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody in a folder, with a README and the address of a mesh."""

    folder: Path
    readme: str
    mesh: str

    @property
    def commands(self) -> list[str]:
        """All commands, line by line."""
        return [line for kind, text in _BLOCK.findall(self.readme) if kind == "sh" for line in text.splitlines()]

    @property
    def variables(self) -> dict[str, str]:
        return environment() | {"MESH": str(ROOT), "MISTRAL_GRPC": self.mesh}

    def save_files(self) -> None:
        """Save each example that begins with a comment that names its file."""
        for _, text in _BLOCK.findall(self.readme):
            if named := _NAMED.match(text):
                path = self.folder / named[1]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)

    def give(self, command: str) -> str:
        """Give a command, and return what it printed; skips the test if it lacks the network."""
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode != 0:
            skip_without_network(command, done.stdout + done.stderr)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    @contextmanager
    def worker(self, command: str) -> Iterator[subprocess.Popen[str]]:
        """Give the command that runs the worker, and wait until the worker is connected."""
        started = subprocess.Popen(
            # Signals shall reach all of it, as Ctrl-C does.
            ["sh", "-c", command],
            cwd=self.folder,
            env=self.variables,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert started.stderr is not None
        try:
            assert any("connected" in line and "not connected" not in line for line in started.stderr)
            yield started
        finally:
            started.kill()
            started.wait()
            started.stderr.close()
