"""The supervisor over real processes: starts in stages, restarts what dies, stops in reverse, gives up loudly."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mistral_mesh.errors import MeshError
from mistral_mesh.home import Home
from mistral_mesh.program import Program
from mistral_mesh.supervisor import Supervisor

STEADY = "import pathlib, signal, sys, time; p = pathlib.Path(sys.argv[1])\n"
STEADY += "def go(*_): open(p.parent / 'stopped', 'a').write(p.name + '\\n'); sys.exit(0)\n"
STEADY += "signal.signal(signal.SIGTERM, go); p.write_text('well'); time.sleep(600)"
STUBBORN = STEADY.replace("signal.SIGTERM, go", "signal.SIGTERM, signal.SIG_IGN")


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., Program]:
    home = Home(tmp_path / "home")
    home.create()

    def make(name: str, code: str = STEADY, **more: float) -> Program:
        sign = tmp_path / name
        return Program(
            name=name,
            command=(sys.executable, "-c", code, str(sign)),
            environment={"MISTRAL_HOME": str(home.path)},
            log=home.log_file(name),
            pid_file=home.pid_file(name),
            is_well=sign.exists,
            prepare=lambda: sign.unlink(missing_ok=True),
            **more,  # type: ignore[arg-type]
        )

    return make


@asynccontextmanager
async def supervised(*stages: list[Program]) -> AsyncIterator[Supervisor]:
    supervisor, until, ready = Supervisor(stages, lambda: None), asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(supervisor.run(until=until, ready=ready.set))
    await asyncio.wait((running, asyncio.create_task(ready.wait())), return_when=asyncio.FIRST_COMPLETED)
    try:
        yield supervisor
    finally:
        until.set()
        await running


async def test_a_killed_process_is_back_within_half_a_second(program: Callable[..., Program]) -> None:
    served = program("served")
    async with supervised([served]):
        first = int(served.pid_file.read_text())
        os.kill(first, signal.SIGKILL)
        killed = time.monotonic()
        while not (second := served.pid_file.read_text()) or int(second) == first:
            assert time.monotonic() - killed < 0.5
            await asyncio.sleep(0.01)
        os.kill(int(second), 0)


async def test_stages_stop_in_the_reverse_order(program: Callable[..., Program], tmp_path: Path) -> None:
    async with supervised([program("first")], [program("second")], [program("third")]) as supervisor:
        assert supervisor.all_well
    assert (tmp_path / "stopped").read_text().split() == ["third", "second", "first"]
    assert not list((tmp_path / "home" / "run").glob("*.pid"))


async def test_what_does_not_stop_is_killed(program: Callable[..., Program]) -> None:
    async with supervised([program("stubborn", STUBBORN, stop_seconds=0.2)]) as supervisor:
        process = supervisor.keepers[0].process
    assert process is not None
    assert process.returncode == -signal.SIGKILL


async def test_what_never_starts_is_reported_with_its_last_words(program: Callable[..., Program]) -> None:
    with pytest.raises(MeshError, match=r"broken does not start \(exit code 1\):\n(.|\n)*no such setting"):
        async with supervised([program("good")], [program("broken", "raise SystemExit('no such setting')")]):
            pass
