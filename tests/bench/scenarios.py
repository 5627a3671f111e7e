"""What is measured: how many of which workflow, how many at a time, and how many tasks that makes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One thing to measure.

    Attributes:
        tasks: Actions and sub-workflows of one execution.
        executions: In one run.
        at_once: Calls under way at a time; 1 measures latency.
        together: Executions started by one call.
        output: What each must give; None if it gives nothing of interest.
        rest: Over REST, with polling, instead of gRPC.
    """

    name: str
    about: str
    workflow: str
    tasks: int
    executions: int
    at_once: int
    input: Mapping[str, Any] = field(default_factory=dict)
    output: Mapping[str, Any] | None = None
    rest: bool = False
    together: int = 1

    @property
    def latency(self) -> bool:
        """Whether it is about how long one takes rather than about how many there are in a second."""
        return self.at_once == 1


_BY_EXECUTORS = (
    Scenario(
        name="chain",
        about="10 tasks in sequence with YAQL data passing",
        workflow="bench_chain",
        tasks=10,
        executions=2_000,
        at_once=10,
        together=100,
        input={"v0": 0},
        output={"v": 10},
    ),
    Scenario(
        name="expressions",
        about="10 tasks in sequence with three YAQL expressions each",
        workflow="bench_expressions",
        tasks=10,
        executions=1_000,
        at_once=10,
        together=100,
        input={"n": 0, "tags": ["old", "new"]},
        output={"n": 10},
    ),
    Scenario(
        name="fan-out",
        about="100 tasks side by side and a join",
        workflow="bench_fan",
        tasks=102,
        executions=120,
        at_once=4,
        together=10,
    ),
    Scenario(
        name="one-task-batch",
        about="workflows of one task, started 100 by a call",
        workflow="bench_one",
        tasks=1,
        executions=4_000,
        at_once=6,
        together=100,
    ),
    Scenario(
        name="one-task",
        about="workflows of one task, a call for each",
        workflow="bench_one",
        tasks=1,
        executions=2_000,
        at_once=200,
    ),
    Scenario(
        name="sub-workflows",
        about="10 sub-workflows of 5 tasks",
        workflow="bench_parent",
        tasks=60,
        executions=80,
        at_once=4,
        together=10,
    ),
    Scenario(
        name="items",
        about="with-items over 1,000",
        workflow="bench_items",
        tasks=1_000,
        executions=10,
        at_once=1,
        input={"count": 1_000},
        output={"n": 1_000},
    ),
    Scenario(
        name="items-10k",
        about="with-items over 10,000",
        workflow="bench_items",
        tasks=10_000,
        executions=1,
        at_once=1,
        input={"count": 10_000},
        output={"n": 10_000},
    ),
    Scenario(
        name="idle",
        about="one task on an idle mesh, over gRPC",
        workflow="bench_one",
        tasks=1,
        executions=200,
        at_once=1,
    ),
    Scenario(
        name="idle-rest",
        about="one task on an idle mesh, over REST with polling",
        workflow="bench_one",
        tasks=1,
        executions=100,
        at_once=1,
        rest=True,
    ),
    Scenario(
        name="sequence",
        about="40 tasks in sequence with YAQL data passing, on an idle mesh",
        workflow="bench_sequence",
        tasks=40,
        executions=20,
        at_once=1,
        input={"v0": 0},
        output={"v": 40},
    ),
)

_LOCAL_TOO = ("chain", "fan-out", "one-task-batch", "one-task", "items", "idle", "sequence")


def _local(scenario: Scenario) -> Scenario:
    """Return the scenario with actions that the engine answers itself."""
    about = f"{scenario.about}, answered by the engine"
    return replace(scenario, name=f"{scenario.name}-local", about=about, workflow=f"{scenario.workflow}_local")


SCENARIOS = (
    *_BY_EXECUTORS,
    *(_local(scenario) for scenario in _BY_EXECUTORS if scenario.name in _LOCAL_TOO),
)
