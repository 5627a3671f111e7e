"""Builds the projects of this room by their own ``build.sh``, and says aloud what a machine lacks for one."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD_SECONDS = 1200

# Where a toolchain may be that no PATH names.
_PLACES = ("/usr/local/go/bin", "/usr/lib/go/bin")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# What the tools say when packages cannot be fetched for want of a network.
_NO_NETWORK = re.compile(
    r"no such host|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network is unreachable"
    r"|connection refused|connection timed out|connection reset|i/o timeout|Unknown host|TLS handshake timeout"
    r"|Temporary failure in name resolution|No route to host|UnknownHostException|Could not transfer",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with a ``build.sh``.

    Attributes:
        folder: Where it is, from the root of the repository.
        run: The command that ``build.sh`` makes possible, from that folder.
        tools: Programs it needs, each with its least version.
    """

    folder: str
    run: tuple[str, ...]
    tools: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @property
    def path(self) -> Path:
        """The folder."""
        return ROOT / self.folder


def environment() -> dict[str, str]:
    """Return the environment of builds and clients: ours, with all places where toolchains are."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("MISTRAL_", "PYTHON"))}
    return ours | {"PATH": os.pathsep.join([os.environ.get("PATH", os.defpath), *_PLACES])}


@cache
def built(project: Project) -> tuple[str, ...]:
    """Build a project and return its command; skips the test when the machine lacks a tool or the network for it."""
    for tool, least in project.tools:
        _require(tool, least)
    done = subprocess.run(
        ["sh", "build.sh"],
        cwd=project.path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=BUILD_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        skip_without_network(project.folder, done.stdout)
        pytest.fail(f"{project.folder}/build.sh failed:\n{done.stdout[-5000:]}", pytrace=False)
    return project.run


def skip_without_network(what: str, said: str) -> None:
    """Skip the test if what a tool said means that packages cannot be fetched."""
    if fault := _NO_NETWORK.search(said):
        pytest.skip(f"{what} needs packages and there is no network for them: {fault.group(0)}")


def _require(tool: str, least: tuple[int, ...]) -> None:
    found = shutil.which(tool, path=environment()["PATH"])
    if found is None:
        pytest.skip(f"{tool} is not installed")
    if not least:
        return
    flag = "version" if tool == "go" else "-version" if tool in ("java", "javac") else "--version"
    said = subprocess.run([found, flag], env=environment(), capture_output=True, text=True, check=False)
    version = re.search(r"\d+(\.\d+)*", _COLOURS.sub("", said.stdout + said.stderr))
    if version is None or tuple(int(part) for part in version.group(0).split(".")) < least:
        wanted = ".".join(str(part) for part in least)
        pytest.skip(f"{tool} {version.group(0) if version else '(of no version)'} is too old: {wanted} is needed")
