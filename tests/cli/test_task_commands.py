"""``mistralctl task`` against a real mesh: suspending, resuming and replaying a task."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

WAITING = """
version: '2.0'
waiting:
  tasks:
    ask: {action: std.async_noop, publish: {said: <% task().result %>}}
"""


@pytest.fixture(scope="module")
def mesh(run_mistralctl: Callable, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of a mesh that was started by the program itself."""
    home = tmp_path_factory.mktemp("mesh")
    started = run_mistralctl("up", "--wait", "--home", str(home), "--http-port", "0", "--grpc-port", "0", seconds=120)
    assert started.code == 0, started.err
    yield home
    stopped = run_mistralctl("down", "--home", str(home))
    assert stopped.code == 0, stopped.err


def test_a_task_is_suspended_resumed_and_replayed(mesh: Path, mistralctl: Callable, tmp_path: Path) -> None:
    (tmp_path / "waiting.yaml").write_text(WAITING)

    def ctl(*arguments: str) -> Any:
        return mistralctl(*arguments, MISTRAL_HOME=str(mesh))

    def answer(*arguments: str) -> Any:
        ended = ctl(*arguments, "-o", "json")
        assert ended.code == 0, ended.err
        return json.loads(ended.out)

    answer("workflow", "create", "waiting.yaml")
    execution = answer("execution", "start", "waiting")["id"]
    task = answer("task", "list", "-e", execution)[0]["id"]
    action = answer("action-execution", "list", "--task", task)[0]["id"]

    assert answer("task", "suspend", task)["state"] == "PAUSED"
    early = ctl("task", "replay", task)
    assert (early.code, "PAUSED" in early.err) == (1, True)
    assert answer("task", "resume", task)["state"] == "RUNNING"
    answer("action-execution", "complete", action, "--result", '{"v": 1}')
    assert answer("execution", "get", execution)["state"] == "SUCCESS"
    replayed = answer("task", "replay", task)

    assert (replayed["name"], replayed["state"], replayed["id"] != task) == ("ask", "RUNNING", True)
    assert answer("execution", "get", execution)["state"] == "RUNNING"
    old = answer("task", "get", task)
    assert (old["state"], replayed["id"] in json.dumps(old)) == ("SUCCESS", True)
