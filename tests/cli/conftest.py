"""The real program, run as a person runs it."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.cli.program import Ended, run_program


@pytest.fixture(scope="session")
def run_mistralctl() -> Callable[..., Ended]:
    """Call it with arguments; it runs without settings of the surroundings."""
    return run_program


@pytest.fixture
def mistralctl(tmp_path: Path) -> Callable[..., Ended]:
    """Call it with arguments; it runs in an empty folder, without settings of the surroundings."""
    return partial(run_program, cwd=tmp_path)


@pytest.fixture(scope="session")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of a mesh for all tests here that need not be alone on it."""
    home = tmp_path_factory.mktemp("shared")
    started = run_program("up", "--wait", "--home", str(home), "--http-port", "0", "--grpc-port", "0", seconds=120)
    assert started.code == 0, started.err
    yield home
    stopped = run_program("down", "--home", str(home))
    assert stopped.code == 0, stopped.err


@pytest.fixture
def shared_ctl(mistralctl: Callable[..., Ended], shared_home: Path) -> Callable[..., Ended]:
    """Call it with arguments; it talks to the shared mesh."""
    return partial(mistralctl, MISTRAL_HOME=str(shared_home))
