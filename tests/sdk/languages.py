"""The SDKs that the conformance suite drives: how the worker program of each is built and run."""

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache

import pytest

from tests.clients.toolchain import ROOT, Project, built, environment

# `make test-sdks` names what it wants; otherwise no toolchain but Python is asked for.
WANTED_VARIABLE = "MISTRAL_TEST_SDKS"

_JAVA = ("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")

LANGUAGES = {
    "raw": Project("tests/sdk/raw", (sys.executable, "worker.py")),
    "python": Project("libs/sdk/python/conformance", (sys.executable, "worker.py")),
    "go": Project("libs/sdk/go/conformance", ("build/worker",), (("go", (1, 26)),)),
    "typescript": Project(
        "libs/sdk/typescript/conformance", ("node", "build/worker.js"), (("node", (18,)), ("npm", ()))
    ),
    "java": Project(
        "libs/sdk/java/conformance",
        (*_JAVA, "-cp", "target/classes:target/dependency/*", "mesh.mistral.sdk.conformance.Main"),
        (("javac", (17,)), ("mvn", (3, 6))),
    ),
}


@dataclass(frozen=True, slots=True)
class Program:
    """A worker program that is ready to run."""

    language: str
    project: Project

    def start(self, variables: dict[str, str]) -> subprocess.Popen[bytes]:
        """Run it; its output comes through pipes."""
        return subprocess.Popen(
            self.project.run,
            cwd=self.project.path,
            env=environment() | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )


def wanted() -> list[str]:
    """Return the languages of this session: those named in the environment, or the protocol alone."""
    named = os.environ.get(WANTED_VARIABLE, "").replace(",", " ").split()
    unknown = [name for name in named if name not in {*LANGUAGES, "all"}]
    if unknown:
        raise pytest.UsageError(f"{WANTED_VARIABLE} names what is no SDK here: {', '.join(unknown)}")
    return [name for name in LANGUAGES if name in named or "all" in named] if named else ["raw"]


@cache
def program(language: str) -> Program:
    """Build the worker program of a language; skips the test when the machine lacks something for it."""
    project = LANGUAGES[language]
    if not project.path.is_dir():
        pytest.fail(f"{project.folder} does not exist", pytrace=False)
    if (project.path / "build.sh").exists():
        built(project)
    return Program(language, project)


__all__ = ["LANGUAGES", "ROOT", "WANTED_VARIABLE", "Program", "program", "wanted"]
