"""One scenario, several times, and the figures it gives."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

from tests.bench.counters import Counters, Reading
from tests.bench.load import Clients, check
from tests.bench.scenarios import Scenario


@dataclass(slots=True)
class Figures:
    """What was measured; rates and latencies are medians of the runs.

    Attributes:
        p50_ms: Of single executions, from the call to the answer.
        cpu_us: Microseconds of processor time for a task, by process, over all runs.
        commits: Transactions of the whole database for a task.
        engine_commits: Those of the engine.
        messages: Taken in by the bus server, for a task.
    """

    scenario: str
    about: str
    runs: int
    executions: int
    at_once: int
    tasks_per_second: float
    executions_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: dict[str, float] = field(default_factory=dict)
    commits: float | None = None
    engine_commits: float | None = None
    messages: float | None = None

    def line(self) -> dict[str, object]:
        """As a JSON object."""
        return asdict(self)


async def measured(scenario: Scenario, clients: Clients, counters: Counters | None, runs: int) -> Figures:
    """Warm up once, then run a scenario several times."""
    await _warm_up(scenario, clients)
    before = await counters.read() if counters else None
    walls, seconds, rates = [], [], []
    for _ in range(runs):
        wall, ended = await clients.run(scenario)
        check(scenario, ended)
        walls.append(wall)
        rates.append(scenario.executions / wall)
        seconds.append(sorted(each.seconds for each in ended))
    after = await counters.read() if counters else None
    rate = statistics.median(rates)
    figures = Figures(
        scenario=scenario.name,
        about=scenario.about,
        runs=runs,
        executions=scenario.executions,
        at_once=scenario.at_once,
        tasks_per_second=round(rate * scenario.tasks, 1),
        executions_per_second=round(rate, 2),
        p50_ms=_quantile(seconds, 0.50),
        p99_ms=_quantile(seconds, 0.99),
    )
    if before and after:
        _use(figures, before, after, tasks=runs * scenario.executions * scenario.tasks)
    return figures


async def _warm_up(scenario: Scenario, clients: Clients) -> None:
    few = max(1, min(scenario.executions // 10, 100))
    await clients.run(replace(scenario, executions=few))


def _use(figures: Figures, before: Reading, after: Reading, *, tasks: int) -> None:
    spent = {name: (seconds - before.cpu.get(name, 0.0)) * 1e6 / tasks for name, seconds in after.cpu.items()}
    figures.cpu_us = {name: round(micros, 1) for name, micros in spent.items()}
    figures.commits = round((after.commits - before.commits) / tasks, 4)
    figures.engine_commits = round((after.engine_commits - before.engine_commits) / tasks, 4)
    figures.messages = round((after.messages - before.messages) / tasks, 4)


def _quantile(runs: Sequence[Sequence[float]], part: float) -> float:
    """Median over the runs of a quantile of each, in milliseconds."""
    return round(1000 * statistics.median(run[min(len(run) - 1, round(part * (len(run) - 1)))] for run in runs), 2)
