"""What workers cost and how quick they are: ``python -m tests.bench.workers``. One JSON line for each, then a table.

Measured are the time from sending a run to its queue until its handler starts, tasks in a second through one worker and
through fifty, and what a thousand idle workers cost. Starts a mesh of its own unless it is told of one that runs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import uvloop

from mistral.v1 import execution_service_pb2 as executions
from mistral_mesh import MeshError, MeshStatus, Plan, ephemeral, status
from mistral_sdk import Client
from tests.bench.counters import Counters
from tests.bench.load import Clients, Wrong, check, clients
from tests.bench.measure import Figures, measured
from tests.bench.scenarios import Scenario
from tests.bench.table import table

_ROOT = Path(__file__).resolve().parents[2]
_IDLE_SECONDS = 20.0
_SETTLE_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A scenario, and the workers it is run by."""

    scenario: Scenario
    workers: int = 1
    slots: int = 1000


def _items(name: str, about: str, action: str) -> Scenario:
    return Scenario(
        name=name,
        about=about,
        workflow=f"bench_worker_items_{action}",
        tasks=1_000,
        executions=20,
        at_once=4,
        input={"count": 1_000},
        output={"n": 1_000},
    )


TRIALS = (
    Trial(scenario=_items("one-stream", "with-items over 1,000, light handler, one worker", "nothing")),
    Trial(scenario=_items("one-stream-acked", "the same, not safe to rerun: acked first", "once")),
    Trial(scenario=_items("one-stream-loop", "the same, asynchronous handler", "loop")),
    Trial(scenario=_items("one-stream-threads", "the same, handler in threads", "thread"), slots=50),
    Trial(
        scenario=_items("fifty-workers", "with-items over 1,000, light handler, 50 workers", "nothing"),
        workers=50,
        slots=40,
    ),
    Trial(
        scenario=Scenario(
            name="one-task-batch",
            about="workflows of one task, started 100 by a call, one worker",
            workflow="bench_worker_one_nothing",
            tasks=1,
            executions=4_000,
            at_once=6,
            together=100,
        )
    ),
)
LATENCIES = tuple(
    Scenario(
        name=f"idle-{action}",
        about="from the queue to the start of the handler, idle mesh",
        workflow=f"bench_worker_wait_{action}",
        tasks=1,
        executions=300,
        at_once=1,
    )
    for action in ("waited", "waited_once")
)


def definitions() -> str:
    """Return the workflows of the bench."""
    lines = ["version: '2.0'"]
    for action in ("nothing", "once", "thread", "loop"):
        lines += [
            f"bench_worker_items_{action}:",
            "  input: [count]",
            "  output: {n: <% $.n %>}",
            "  tasks:",
            "    t1:",
            "      with-items: i in <% range($.count).toList() %>",
            f"      action: bench.{action} n=<% $.i %>",
            "      publish: {n: <% task().result.len() %>}",
        ]
    lines += ["bench_worker_one_nothing:", "  tasks:", "    t1:", "      action: bench.nothing n=1"]
    for action in ("waited", "waited_once"):
        lines += [
            f"bench_worker_wait_{action}:",
            "  output: {seconds: <% $.seconds %>}",
            "  tasks:",
            "    t1:",
            f"      action: bench.{action}",
            "      publish: {seconds: <% task().result %>}",
        ]
    return "\n".join(lines) + "\n"


class WorkerCounters(Counters):
    """Reads what the workers spend, too."""

    processes: Sequence[subprocess.Popen[str]] = ()

    def cpu(self) -> dict[str, float]:
        """Seconds of processor time by process, the workers as one."""
        spent = (psutil.Process(process.pid).cpu_times() for process in self.processes)
        return {**super().cpu(), "workers": sum(times.user + times.system for times in spent)}


def main() -> None:
    """Measure what the command line asks for."""
    chosen = _arguments()
    try:
        with _mesh(chosen) as mesh:
            door = mesh.grpc_address if chosen.door == "gateway" else _program(mesh, "executor").address
            print(json.dumps({"door": chosen.door, "processors": os.cpu_count()}), flush=True)
            with programs("worker_program", door, 1, "1", "16"), Client(mesh.grpc_address) as client:
                client.upload(definitions())
            uvloop.run(_suite(mesh, door, chosen))
            if not chosen.only or "idle" in chosen.only:
                _idle(mesh, door, chosen.idle)
    except (MeshError, Wrong) as error:
        sys.exit(str(error))


async def _suite(mesh: MeshStatus, door: str, chosen: argparse.Namespace) -> None:
    counters = WorkerCounters.of(mesh.home)
    assert isinstance(counters, WorkerCounters)
    figures: list[Figures] = []
    async with clients(mesh.grpc_address, mesh.http_url) as ready:
        for latency in LATENCIES:
            if not chosen.only or latency.name in chosen.only:
                with programs("worker_program", door, 1, "1", "16"):
                    await _latency(latency, ready)
        for trial in TRIALS:
            if not chosen.only or trial.scenario.name in chosen.only:
                figures.append(await _rate(trial, ready, counters, door, chosen))
    if figures:
        print()
        print(*table(figures), sep="\n", flush=True)


async def _latency(scenario: Scenario, ready: Clients) -> None:
    await ready.run(replace(scenario, executions=20))
    _, ended = await ready.run(scenario)
    check(scenario, ended)
    answers = [executions.StartExecutionResponse.FromString(each.answer).execution for each in ended]
    waited = sorted(1000 * float(json.loads(answer.output)["seconds"]) for answer in answers)
    whole = sorted(1000 * each.seconds for each in ended)
    line = {
        "scenario": scenario.name,
        "about": scenario.about,
        "assign_to_start_ms": {"p50": _quantile(waited, 0.5), "p99": _quantile(waited, 0.99)},
        "execution_ms": {"p50": _quantile(whole, 0.5), "p99": _quantile(whole, 0.99)},
    }
    print(json.dumps(line), flush=True)


async def _rate(
    trial: Trial, ready: Clients, counters: WorkerCounters, door: str, chosen: argparse.Namespace
) -> Figures:
    processes = min(trial.workers, chosen.processes)
    each = trial.workers // processes
    with programs("worker_program", door, processes, str(each), str(trial.slots)) as started:
        counters.processes = started
        figures = await measured(trial.scenario, ready, counters, chosen.runs)
        counters.processes = ()
    print(json.dumps(figures.line() | {"workers": trial.workers, "processes": processes}), flush=True)
    return figures


def _idle(mesh: MeshStatus, door: str, count: int) -> None:
    """Measure what idle workers cost, against what the mesh costs without them."""
    watched = [_program(mesh, name).pid for name in ("executor", "api_gateway")]
    time.sleep(_SETTLE_SECONDS)
    before = _share(watched)
    with programs("idle_workers", door, 1, str(count)):
        time.sleep(_SETTLE_SECONDS)
        with_them = _share(watched)
    shares = {"without": round(before, 2), "with": round(with_them, 2), "cost": round(with_them - before, 2)}
    print(json.dumps({"scenario": "idle-workers", "workers": count, "percent_of_a_core": shares}), flush=True)


def _share(pids: Sequence[int]) -> float:
    """Return what processes use of one core meanwhile, in percent."""
    processes = [psutil.Process(pid) for pid in pids]
    begun = [process.cpu_times() for process in processes]
    time.sleep(_IDLE_SECONDS)
    now = [process.cpu_times() for process in processes]
    spent = sum(n.user + n.system - b.user - b.system for n, b in zip(now, begun, strict=True))
    return 100 * spent / _IDLE_SECONDS


@contextmanager
def programs(module: str, door: str, count: int, *arguments: str) -> Iterator[list[subprocess.Popen[str]]]:
    """Run a program of the bench some times; returns when all are ready."""
    command = [sys.executable, "-m", f"tests.bench.{module}", door, *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    started = [subprocess.Popen(command, cwd=_ROOT, **pipes) for _ in range(count)]  # type: ignore[call-overload]
    try:
        for process in started:
            if process.stdout.readline().strip() != "ready":
                raise Wrong(f"{module} did not become ready")
        yield started
    finally:
        for process in started:
            process.stdin.close()
        for process in started:
            process.wait(30)
            process.stdout.close()


def _program(mesh: MeshStatus, name: str) -> Any:
    return next(program for program in mesh.programs if program.name.startswith(f"{name}-"))


@contextmanager
def _mesh(chosen: argparse.Namespace) -> Iterator[MeshStatus]:
    if chosen.home:
        found = status(chosen.home.absolute())
        if found is None:
            sys.exit(f"no mesh runs in {chosen.home}")
        yield found
        return
    with tempfile.TemporaryDirectory(prefix="mistral-bench-") as folder:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MISTRAL_")}
        counts = {name: getattr(chosen, name) for name in ("gateways", "engines", "executors")}
        with ephemeral(Plan.read(environment, home=folder, http_port=0, grpc_port=0, **counts)) as mesh:
            yield mesh


def _quantile(values: Sequence[float], part: float) -> float:
    return round(values[min(len(values) - 1, round(part * (len(values) - 1)))], 2)


def _arguments() -> argparse.Namespace:
    names = [*(each.name for each in LATENCIES), *(trial.scenario.name for trial in TRIALS), "idle"]
    parser = argparse.ArgumentParser(prog="make bench-workers", description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=names, help="may be repeated")
    parser.add_argument("--runs", type=int, default=3, help="medians are taken over them")
    parser.add_argument("--processes", type=int, default=5, help="most processes of workers")
    parser.add_argument("--idle", type=int, default=1000, help="idle workers")
    parser.add_argument("--door", choices=("gateway", "executor"), default="gateway", help="where workers connect")
    parser.add_argument("--home", type=Path, help="of a mesh that runs on this machine")
    own = parser.add_argument_group("a mesh of its own")
    for name in ("gateways", "engines", "executors"):
        own.add_argument(f"--{name}", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
