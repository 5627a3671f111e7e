"""The benchmark suite: ``python -m tests.bench``. One JSON line for each scenario, then a table.

Starts a mesh of its own in a temporary folder, with everything on this machine and durable commits, unless it is told
of one that runs. What a mesh of another machine uses cannot be seen from here, so no processor time is given then.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import uvloop

from mistral_mesh import MeshError, Plan, ephemeral, status
from tests.bench.counters import Counters
from tests.bench.load import Wrong, clients
from tests.bench.machine import look
from tests.bench.measure import Figures, measured
from tests.bench.scenarios import SCENARIOS, Scenario
from tests.bench.table import table


@dataclass(frozen=True, slots=True)
class Target:
    """The mesh to load; ``home`` is known if it runs on this machine."""

    url: str
    grpc: str
    home: Path | None


def main() -> None:
    """Run what the command line asks for."""
    chosen = _arguments()
    try:
        with _target(chosen) as target:
            uvloop.run(_suite(target, _scenarios(chosen), chosen.runs))
    except (MeshError, Wrong) as error:
        sys.exit(str(error))


async def _suite(target: Target, scenarios: Sequence[Scenario], runs: int) -> None:
    counters = Counters.of(target.home) if target.home else None
    all_figures: list[Figures] = []
    async with clients(target.grpc, target.url) as ready:
        await ready.define()
        print(json.dumps(look(target.grpc).line()), flush=True)
        for scenario in scenarios:
            figures = await measured(scenario, ready, counters, runs)
            all_figures.append(figures)
            print(json.dumps(figures.line()), flush=True)
        # Once more: a machine that is shared changes its speed while one measures.
        print(json.dumps(look(target.grpc).line()), flush=True)
    print()
    print(*table(all_figures), sep="\n", flush=True)


@contextmanager
def _target(chosen: argparse.Namespace) -> Iterator[Target]:
    if chosen.home:
        found = status(chosen.home.absolute())
        if found is None:
            sys.exit(f"no mesh runs in {chosen.home}")
        yield Target(found.http_url, found.grpc_address, found.home)
    elif chosen.url or chosen.grpc:
        yield Target(chosen.url or "http://127.0.0.1:8989", chosen.grpc or "127.0.0.1:50051", None)
    else:
        with tempfile.TemporaryDirectory(prefix="mistral-bench-") as folder:
            environment = {name: value for name, value in os.environ.items() if not name.startswith("MISTRAL_")}
            counts = {name: getattr(chosen, name) for name in ("gateways", "engines", "executors")}
            plan = Plan.read(environment, home=folder, http_port=0, grpc_port=0, **counts)
            with ephemeral(plan) as mesh:
                yield Target(mesh.http_url, mesh.grpc_address, mesh.home)


def _scenarios(chosen: argparse.Namespace) -> list[Scenario]:
    wanted = [s for s in SCENARIOS if not chosen.scenario or s.name in chosen.scenario]
    changes = {"executions": chosen.executions, "at_once": chosen.at_once}
    given = {name: value for name, value in changes.items() if value}
    return [replace(scenario, **given) for scenario in wanted]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    parser.add_argument("--scenario", action="append", choices=[s.name for s in SCENARIOS], help="may be repeated")
    parser.add_argument("--runs", type=int, default=3, help="medians are taken over them")
    parser.add_argument("-n", "--executions", type=int, help="executions in a run, instead of the scenario's")
    parser.add_argument("-c", "--at-once", type=int, help="executions under way at a time, instead of the scenario's")
    place = parser.add_argument_group("a mesh that runs already")
    place.add_argument("--home", type=Path, help="on this machine")
    place.add_argument("--url", help="REST, such as http://127.0.0.1:8989")
    place.add_argument("--grpc", help="public gRPC, such as 127.0.0.1:50051")
    own = parser.add_argument_group("a mesh of its own")
    for name in ("gateways", "engines", "executors"):
        own.add_argument(f"--{name}", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
