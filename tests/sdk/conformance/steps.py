"""What can happen in a scenario after the start. A step of the file is the name of a function here and its argument."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import psutil

from mistral_mesh import status
from tests.sdk.conformance.stage import Stage

Step = Callable[[Stage, Any], None]


def wait_for_lines(stage: Stage, wanted: Mapping[str, int]) -> None:
    """Wait until handlers have written at least so many of each event."""
    stage.wait(lambda: all(stage.counts()[event] >= count for event, count in wanted.items()), f"lines {wanted}")


def expect_lines(stage: Stage, wanted: Mapping[str, int]) -> None:
    """Handlers have written just these until now."""
    assert stage.counts() == wanted, str(stage)


def wait_for_end(stage: Stage, _: Any) -> None:
    """Wait until all executions are final."""
    for execution in stage.executions:
        stage.asking.ended(execution)


def wait_for_exit(stage: Stage, worker: str) -> None:
    """Wait until a worker has gone."""
    stage.hands[worker].exit_code()


def start_worker(stage: Stage, workers: Mapping[str, Mapping[str, Any]]) -> None:
    """Start further workers; one of a name that is there is a new instance of it."""
    for name, options in workers.items():
        stage.start_worker(name, **options)


def kill(stage: Stage, worker: str) -> None:
    """Crash a worker."""
    stage.hands[worker].kill()


def terminate(stage: Stage, worker: str) -> None:
    """Send SIGTERM to a worker."""
    stage.hands[worker].terminate()


def cut(stage: Stage, given: Mapping[str, Any]) -> None:
    """Cut the connection of a worker for some seconds, or until handlers have written lines."""
    proxy = stage.hands[given["worker"]].proxy
    proxy.cut()
    if "until_lines" in given:
        wait_for_lines(stage, given["until_lines"])
    time.sleep(given.get("seconds", 0))
    proxy.mend()


def kill_services(stage: Stage, name: str) -> None:
    """Kill all replicas of a service; the supervisor starts them again."""
    for process in _replicas(stage, name):
        process.kill()


def terminate_services(stage: Stage, name: str) -> None:
    """Ask all replicas of a service to leave; the supervisor starts them again."""
    for process in _replicas(stage, name):
        process.terminate()


def hold_service(stage: Stage, given: Mapping[str, Any]) -> None:
    """Have a process stand still for some seconds."""
    process = stage.victim.process(given["name"])
    process.suspend()
    try:
        time.sleep(given["seconds"])
    finally:
        process.resume()


def stop_executions(stage: Stage, state: str) -> None:
    """Stop what was started."""
    for execution in stage.executions:
        stage.asking.stop(execution, state)


def complete_actions(stage: Stage, given: Mapping[str, Any]) -> None:
    """End the actions of all executions from outside."""
    for execution in stage.executions:
        stage.asking.complete(execution, given["state"], given["result"])


def _replicas(stage: Stage, name: str) -> list[psutil.Process]:
    asyncio.run(stage.victim.settled())
    now = status(stage.victim.home)
    assert now is not None
    replicas = [program.name for program in now.programs if program.name.rpartition("-")[0] == name]
    assert replicas, f"no {name} among {[program.name for program in now.programs]}"
    return [stage.victim.process(replica) for replica in replicas]


STEPS: dict[str, Step] = {
    step.__name__: step
    for step in (
        wait_for_lines,
        expect_lines,
        wait_for_end,
        wait_for_exit,
        start_worker,
        kill,
        terminate,
        cut,
        kill_services,
        terminate_services,
        hold_service,
        stop_executions,
        complete_actions,
    )
}
