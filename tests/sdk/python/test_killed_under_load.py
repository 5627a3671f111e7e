"""Workers, executors and the gateway are killed under load: nothing is lost, nothing runs twice that must not."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mistral_mesh import MeshStatus, status
from mistral_sdk import Client, State
from mistral_sdk.client import InvalidRequest

SECONDS = 240
ITEMS = 30
EACH = 10
PROGRAM = Path(__file__).with_name("noting_worker.py")
WORKFLOWS = "version: '2.0'\n" + "".join(
    f"""
killed_{kind}:
  output: {{numbers: <% $.numbers %>}}
  tasks:
    t:
      with-items: n in <% range({ITEMS}).toList() %>
      action: noted.{kind} n=<% $.n %>
      publish: {{numbers: <% task().result %>}}
"""
    for kind in ("once", "again")
)


class Crew:
    """Worker processes that come back under their names after they were killed."""

    def __init__(self, address: str, notes: Path) -> None:
        self._address = address
        self._notes = notes
        self._processes = {name: self._start(name) for name in ("one", "two", "three")}

    def kill(self, name: str) -> None:
        self._processes[name].kill()
        self._processes[name].wait()
        self._processes[name] = self._start(name)

    def close(self) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            # One that was asked before it could hear just ends.
            assert process.wait(SECONDS) in (0, -signal.SIGTERM)

    def begun(self) -> Counter[str]:
        """How often each run was begun."""
        return Counter(self._notes.read_text().splitlines()) if self._notes.exists() else Counter()

    def _start(self, name: str) -> "subprocess.Popen[bytes]":
        settings = {"MISTRAL_GRPC_ADDRESS": self._address, "MISTRAL_WORKER_ID": name, "MISTRAL_SLOTS": "8"}
        return subprocess.Popen([sys.executable, str(PROGRAM), str(self._notes)], env=os.environ | settings)


@pytest.fixture
def harried(new_mesh: Callable[..., MeshStatus], tmp_path: Path) -> Iterator[tuple[MeshStatus, Crew]]:
    """A mesh with two executors, and three worker processes."""
    mesh = new_mesh(executors=2, settings={"MISTRAL_WORKER_LEASE_SECONDS": "3"})
    with ExitStack() as stack:
        crew = Crew(mesh.grpc_address, tmp_path / "notes")
        stack.callback(crew.close)
        yield mesh, crew


def test_nothing_is_lost_and_nothing_runs_twice(harried: tuple[MeshStatus, Crew]) -> None:
    mesh, crew = harried
    with Client(mesh.grpc_address, timeout=SECONDS) as client:
        client.upload(WORKFLOWS)
        _offered(client)
        started = {kind: [client.start(f"killed_{kind}").id for _ in range(EACH)] for kind in ("once", "again")}
        for number, victim in enumerate(("one", "executor-0", "two", "api_gateway-0", "three", "executor-1"), 1):
            _wait(lambda least=number * 50: crew.begun().total() >= least)
            crew.kill(victim) if "-" not in victim else _kill_program(mesh, victim)
        ended = {kind: [client.wait(id, timeout=SECONDS) for id in ids] for kind, ids in started.items()}
    begun = crew.begun()
    assert [each.state for each in ended["again"]] == [State.SUCCESS] * EACH
    assert [each.output["numbers"] for each in ended["again"]] == [list(range(ITEMS))] * EACH
    assert {each.state for each in ended["once"]} <= {State.SUCCESS, State.ERROR}
    twice = {run: times for run, times in begun.items() if run.startswith("noted.once") and times > 1}
    assert twice == {}
    # One more was run to see whether it is offered.
    assert sum(run.startswith("noted.again") for run in begun) == EACH * ITEMS + 1


def _offered(client: Client) -> None:
    """Wait until the workers are known: an action that nobody ever offered is refused."""
    for action in ("noted.once", "noted.again"):
        _wait(lambda action=action: _runs(client, action))


def _runs(client: Client, action: str) -> bool:
    try:
        return bool(client.run_action(action, {"n": 1}, timeout=SECONDS) == 1)
    except InvalidRequest:
        return False


def _kill_program(mesh: MeshStatus, name: str) -> None:
    found = status(mesh.home)
    assert found is not None
    pid = next(program.pid for program in found.programs if program.name == name)
    if pid:
        os.kill(pid, signal.SIGKILL)


def _wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)
