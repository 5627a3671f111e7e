"""Temporary workers as real processes of this machine."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from mistral_core.fleet_templates import KubernetesTemplate, ProcessTemplate, Template
from mistral_scheduler.fleets.driver import CannotStart, Ended, NewWorker
from mistral_scheduler.fleets.processes import Processes

SLEEPS = "import time; time.sleep(600)"
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('on', flush=True)
time.sleep(600)
"""


@pytest.fixture
async def processes(tmp_path: Path) -> AsyncIterator[Processes]:
    made = Processes(tmp_path)
    yield made
    await made.close()


def worker(code: str, *, template: Template | None = None, **env: str) -> NewWorker:
    command = [sys.executable, "-c", code]
    return NewWorker(
        id=str(uuid4()),
        fleet="f",
        project="p",
        execution="e",
        env={"MISTRAL_WORKER_ID": "f-1", **env},
        template=template or ProcessTemplate(command=command, env={"LEVEL": "3"}),
    )


def pid_of(handle: str) -> int:
    return int(handle.split("/")[1])


async def until_ended(processes: Processes, alive: dict[str, str]) -> list[Ended]:
    async with asyncio.timeout(30):
        while True:
            if ended := await processes.ended(alive):
                return ended
            await asyncio.sleep(0.02)


def _text(path: Path) -> str:
    return path.read_text().rstrip() if path.exists() else ""


async def written(path: Path, end: str) -> None:
    """Wait until a file ends with a text."""
    async with asyncio.timeout(30):
        while True:
            if _text(path).endswith(end):
                return
            await asyncio.sleep(0.02)


async def test_a_worker_has_its_own_variables_and_none_of_ours(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MISTRAL_DATABASE_URL", "postgresql://secret")
    found = tmp_path / "found"
    code = f"import json, os; json.dump([dict(os.environ), os.getcwd()], open({str(found)!r}, 'w'))"
    new = worker(code)

    ended = await until_ended(processes, {new.id: await processes.start(new)})

    text = found.read_text()
    assert ended == [Ended(new.id)]
    assert '"LEVEL": "3"' in text
    assert '"MISTRAL_WORKER_ID": "f-1"' in text
    assert "secret" not in text
    assert new.id in text, "it runs in a folder of its own"
    assert not (tmp_path / new.id).exists(), "which goes with it"


async def test_one_that_fails_says_why(processes: Processes) -> None:
    new = worker("import sys; print('no model', file=sys.stderr); sys.exit(3)")

    ended = await until_ended(processes, {new.id: await processes.start(new)})

    assert ended == [Ended(new.id, "exit status 3: no model")]


async def test_one_is_started_once_however_often_it_is_asked_for(processes: Processes) -> None:
    new = worker(SLEEPS)

    first, second = await processes.start(new), await processes.start(new)

    assert first == second
    await processes.stop(new.id, first, 30.0)
    assert await until_ended(processes, {new.id: first}) == [Ended(new.id)]


async def test_one_that_does_not_leave_is_killed(processes: Processes, tmp_path: Path) -> None:
    new = worker(STUBBORN)
    handle = await processes.start(new)
    await written(tmp_path / new.id / "output.log", "on")

    await processes.stop(new.id, handle, 0.1)

    (ended,) = await until_ended(processes, {new.id: handle})
    assert ended.reason.startswith("killed by signal 9")


async def test_another_scheduler_on_the_machine_finds_and_ends_them(processes: Processes, tmp_path: Path) -> None:
    new = worker(SLEEPS)
    handle = await processes.start(new)
    other = Processes(tmp_path)

    assert await other.ended({new.id: handle}) == []
    await other.stop(new.id, handle, 30.0)

    assert await until_ended(other, {new.id: handle}) == [Ended(new.id)]


async def test_a_process_that_got_the_number_later_is_not_taken_for_it(processes: Processes) -> None:
    host, _, _ = (await _handle_of_the_dead(processes)).partition("/")
    stranger = await asyncio.create_subprocess_exec(sys.executable, "-c", SLEEPS, start_new_session=True)
    handle = f"{host}/{stranger.pid}/1"

    await processes.stop("x", handle, 0.0)
    ended = await processes.ended({"x": handle, "y": f"elsewhere/{stranger.pid}/1"})

    assert ended == [Ended("x")], "of those on other machines nothing is known"
    os.kill(stranger.pid, 0)
    os.kill(stranger.pid, signal.SIGKILL)
    await stranger.wait()


async def _handle_of_the_dead(processes: Processes) -> str:
    new = worker("")
    handle = await processes.start(new)
    await until_ended(processes, {new.id: handle})
    return handle


@pytest.mark.parametrize(
    ("template", "says"),
    [
        (ProcessTemplate(command=["/no/such/program"]), "/no/such/program"),
        (ProcessTemplate(command=["true"], directory="/no/such/folder"), "FileNotFoundError"),
        (KubernetesTemplate(image="i"), "template"),
    ],
)
async def test_one_that_cannot_be_started_is_said_to_be_so(
    processes: Processes, template: Template, says: str, tmp_path: Path
) -> None:
    with pytest.raises(CannotStart, match=says):
        await processes.start(worker("", template=template))
    assert os.listdir(tmp_path) == []
