"""What runs while things are killed: 200 workflows of ten kinds, and what must come of each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.system.counting import FAILURES, World

DEFINITIONS = Path(__file__).with_name("workload.yaml").read_text()

SHARES = {
    "crash_chain": 35,
    "crash_fan": 25,
    "crash_items": 25,
    "crash_parent": 25,
    "crash_retry": 15,
    "crash_wait": 20,
    "crash_post": 20,
    "crash_again": 15,
    "crash_timeout": 10,
    "crash_asked": 10,
}
_STEPS = ("first", "second", "third")
_NOTIFIED = 5
_HELD = ("crash_chain", "crash_items", "crash_parent")


@dataclass(slots=True)
class Run:
    """One workflow to run, and later what became of it.

    Attributes:
        notify: Whether somebody is to be told of its end.
        hold: Whether it is paused on the way, and resumed.
    """

    workflow: str
    key: str
    x: int
    url: str
    notify: bool
    hold: bool
    id: str = ""
    state: str = ""
    info: str = ""
    output: Mapping[str, Any] = field(default_factory=dict)

    @property
    def input(self) -> dict[str, Any]:
        match self.workflow:
            case "crash_retry" | "crash_post" | "crash_again":
                return {"x": self.key, "url": self.url}
            case _:
                return {"x": self.x}

    @property
    def params(self) -> dict[str, Any]:
        if not self.notify:
            return {}
        url = f"{self.url}/told/{self.key}"
        return {"notify": [{"type": "webhook", "url": url, "event_types": ["WORKFLOW_SUCCEEDED"]}]}


def mixture(world: World, prefix: str) -> list[Run]:
    """Return all runs, the kinds well mixed."""
    runs = []
    for workflow, share in SHARES.items():
        for number in range(share):
            key = f"{prefix}-{workflow.removeprefix('crash_')}-{number}"
            place = (number + 0.5) / share
            notify, hold = number % _NOTIFIED == 0, workflow in _HELD and number % _NOTIFIED == 1
            runs.append((place, Run(workflow, key, number * 100, world.url, notify=notify, hold=hold)))
    return [run for _, run in sorted(runs, key=lambda pair: (pair[0], pair[1].key))]


def complaints(runs: list[Run], world: World, *, executor_died: bool) -> list[str]:
    """Say what came out wrong. Only if an executor died may an action that must not run twice be given up."""
    return [f"{run.key} ({run.id}): {what}" for run in runs for what in _wrong(run, world, executor_died)]


def untold(runs: list[Run], world: World) -> list[str]:
    """Return the runs that asked for a notice and got none yet."""
    return [run.key for run in runs if run.notify and not world.count(f"/told/{run.key}")]


def _wrong(run: Run, world: World, executor_died: bool) -> Iterator[str]:
    if run.state != "SUCCESS":
        yield f"ended as {run.state or 'nothing'}: {run.info}"
    elif run.workflow == "crash_post":
        yield from _wrong_posts(run, world, executor_died)
    elif run.output != (expected := _expected(run)):
        yield f"gave {run.output}, not {expected}"
    match run.workflow:
        case "crash_again" if not world.count(f"/again/{run.key}"):
            yield "nothing was posted"
        case "crash_retry" if world.count(f"/flaky/{run.key}") <= FAILURES:
            yield "was not tried often enough"


def _wrong_posts(run: Run, world: World, executor_died: bool) -> Iterator[str]:
    for step in _STEPS:
        count, outcome = world.count(f"/once/{run.key}-{step}"), run.output.get(step)
        if count > 1:
            yield f"{step} was posted {count} times"
        if outcome == "done" and count == 0:
            yield f"{step} is said to be done and was never posted"
        if outcome not in ("done", "lost"):
            yield f"{step} ended as {outcome}"
        if outcome == "lost" and not executor_died:
            yield f"{step} was given up although its executor lived"


def _expected(run: Run) -> dict[str, Any]:
    x = run.x
    match run.workflow:
        case "crash_chain":
            return {"v": x + 5, "seen": [x + 1, x + 2, x + 3, x + 4, x + 5]}
        case "crash_fan":
            return {"sum": 5 * x + 15}
        case "crash_items":
            return {"doubled": [x + 2 * i for i in range(12)]}
        case "crash_parent":
            return {"many": [10 * (x + 1), 10 * (x + 2), 10 * (x + 3)], "single": 10 * x}
        case "crash_retry" | "crash_again":
            return {"status": 200}
        case _:
            return {"x": x}
