"""The manual of the SDK, from an empty folder: every command and every example in it is run."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mistral_mesh import MeshStatus

SDK = Path(__file__).resolve().parents[3] / "libs" / "sdk" / "python"
README = (SDK / "README.md").read_text()
BLOCKS = re.findall(r"(<!-- needs: \w+ -->\n)?```(\w+)\n(.*?)```", README, re.DOTALL)
COMMANDS = [line for _, kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
EXAMPLES = [(needs, text) for needs, kind, text in BLOCKS if kind == "python"]
SECONDS = 300


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel of the SDK, made anew."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=SDK, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def environment(wheel: Path, mesh: MeshStatus) -> dict[str, str]:
    """What is set around a newcomer: nothing of ours but the address of the mesh, which is another than the usual."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MISTRAL_", "PYTHON"))}
    links = f"{wheel} {clean.get('PIP_FIND_LINKS', '')}".strip()
    return clean | {"PIP_FIND_LINKS": links, "MISTRAL_GRPC_ADDRESS": mesh.grpc_address, "PYTHONUNBUFFERED": "1"}


@pytest.fixture(scope="module")
def folder(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The newcomer's folder after the first commands, with the files that the manual has them save."""
    place = tmp_path_factory.mktemp("newcomer")
    for command in COMMANDS[:2]:
        done = subprocess.run(
            command, shell=True, cwd=place, env=environment, capture_output=True, text=True, timeout=SECONDS
        )
        if re.search(r"No matching distribution found for (grpcio|protobuf)", done.stderr):
            pytest.skip(f"no package index is reached, which `{command}` needs")
        assert done.returncode == 0, done.stderr
    for _, text in EXAMPLES:
        if named := re.match(r"# (\w+\.py)\n", text):
            (place / named[1]).write_text(text)
    return place


@pytest.fixture
def worker(folder: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """The worker as the third command starts it."""
    started = subprocess.Popen(
        COMMANDS[2].split(),
        cwd=folder,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        executable=folder / "venv/bin/python",
    )
    try:
        assert started.stderr is not None
        assert any("is connected" in line for line in started.stderr)
        yield started
    finally:
        started.kill()
        started.wait()
        assert started.stderr is not None
        started.stderr.close()


def test_it_installs_alone(folder: Path, environment: dict[str, str]) -> None:
    listed = subprocess.run(
        ["venv/bin/pip", "list", "--format=freeze"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    names = {line.partition("==")[0] for line in listed.stdout.splitlines()}
    assert names - {"pip", "setuptools", "wheel"} == {"mistral-mesh-sdk", "grpcio", "protobuf", "typing_extensions"}


def test_the_first_worker_serves_the_first_workflow(
    folder: Path, environment: dict[str, str], worker: subprocess.Popen[str]
) -> None:
    ended = subprocess.run(
        COMMANDS[3], shell=True, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS
    )
    assert ended.stdout.strip() == re.search(r"It prints `(.*)`", README)[1], ended.stderr  # type: ignore[index]
    worker.send_signal(signal.SIGINT)
    assert worker.wait(SECONDS) == 0


def test_every_command_was_run() -> None:
    assert len(COMMANDS) == 4


def test_the_examples_run_from_top_to_bottom(environment: dict[str, str], tmp_path: Path) -> None:
    """With the packages of the repository, for the encryption needs one more than the first worker."""
    program = tmp_path / "examples.py"
    program.write_text("\n".join(text for _, text in EXAMPLES if not re.match(r"# \w+\.py\n", text)))
    ended = subprocess.run(
        [sys.executable, str(program)], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-2:] == ["{'cents': 300, 'approved': True}", "{'stored': {'number': '4111'}}"]


def test_all_settings_are_named() -> None:
    named = set(re.findall(r"MISTRAL_[A-Z_]+", README))
    sources = (path.read_text() for path in (SDK / "mistral_sdk").glob("*.py"))
    read = {name for text in sources for name in re.findall(r"\"(MISTRAL_[A-Z_]+)\"", text)} - {"MISTRAL_GRPC"}
    assert read <= named


@pytest.fixture
def run_module(folder: Path, environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run ``python -m mistral_sdk`` to its end."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        command = ["venv/bin/python", "-m", "mistral_sdk", *arguments]
        around = environment | variables
        return subprocess.run(command, cwd=folder, env=around, capture_output=True, text=True, timeout=SECONDS)

    return run


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        (["nowhere:worker"], {}, "mistral_sdk: there is no module nowhere"),
        (["greeter:waiter"], {}, "mistral_sdk: the module greeter has no waiter"),
        (
            ["greeter:hello.__name__"],
            {},
            "mistral_sdk: greeter:hello.__name__ is no Worker, and no function that returns one",
        ),
        (["json"], {}, "mistral_sdk: 'json' holds no action; the decorator `action` makes one"),
        (["greeter"], {"MISTRAL_SLOTS": "many"}, "mistral_sdk: MISTRAL_SLOTS must be a number, not 'many'"),
        (["greeter", "--slots", "0"], {}, "mistral_sdk: slots are 1 to 10000, not 0"),
        (
            ["greeter"],
            {"MISTRAL_LABELS": "gpu"},
            "mistral_sdk: MISTRAL_LABELS must be like `gpu=yes,zone=a`, not 'gpu'",
        ),
    ],
)
def test_what_is_wrong_is_told_in_a_line(
    run_module: Callable[..., subprocess.CompletedProcess[str]],
    arguments: list[str],
    variables: dict[str, str],
    said: str,
) -> None:
    ended = run_module(*arguments, **variables)
    assert (ended.returncode, ended.stderr.strip()) == (1, said)
