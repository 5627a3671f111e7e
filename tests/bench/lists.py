"""How long lists take when there is much to list: ``make bench-lists ROWS=1000000``.

Starts a mesh of its own, fills its tables, and asks for each kind of list many times, over REST, one after the other.
Prints a JSON line for each and then a table. What a project with little of its own sees is read as the gateway reads
it, without HTTP around: who is what project is a matter of authentication.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import asyncpg

from mistral_mesh import MeshError, Plan, ephemeral
from mistral_mesh.embedded import postgres as embedded_postgres
from mistral_mesh.home import Home
from tests.bench.filling import PROJECTS, fill
from tests.bench.list_requests import REQUESTS, ListRequest, drawn
from tests.bench.machine import look
from tests.bench.project_lists import ProjectLists
from tests.bench.table import aligned

_AIM_MS = 100.0


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one kind of list took, in milliseconds.

    Attributes:
        rows: Of the longest answer.
        failed: Answers that were none, such as one that took too long.
    """

    about: str
    p50_ms: float
    p99_ms: float
    rows: int
    failed: int

    def line(self) -> dict[str, Any]:
        """As a JSON object."""
        return {"list": self.about, **{name: value for name, value in asdict(self).items() if name != "about"}}


def main() -> None:
    """Run what the command line asks for."""
    chosen = _arguments()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MISTRAL_")}
    try:
        if chosen.dsn:
            asyncio.run(_measured(chosen, chosen.url, chosen.dsn))
            return
        with tempfile.TemporaryDirectory(prefix="mistral-bench-") as folder:
            plan = Plan.read(environment, home=folder, http_port=0, grpc_port=0)
            with ephemeral(plan) as mesh:
                print(json.dumps(look(mesh.grpc_address).line()), flush=True)
                asyncio.run(_suite(chosen, mesh.http_url, mesh.home))
                print(json.dumps(look(mesh.grpc_address).line()), flush=True)
    except MeshError as error:
        sys.exit(str(error))


async def _suite(chosen: argparse.Namespace, url: str, home: Path) -> None:
    dsn = embedded_postgres.postgres(Home(home))[1]
    connection = await asyncpg.connect(dsn)
    try:
        filled = await fill(connection, chosen.rows, lambda n: print(f"{n:,} executions", file=sys.stderr, flush=True))
    finally:
        await connection.close()
    print(json.dumps({"filled": asdict(filled), "rows_per_second": round(filled.rows / filled.seconds)}), flush=True)
    await _measured(chosen, url, dsn)


async def _measured(chosen: argparse.Namespace, url: str, dsn: str) -> None:
    random = Random(chosen.seed)
    connection = await asyncpg.connect(dsn)
    try:
        values = await drawn(connection, chosen.times, random)
    finally:
        await connection.close()
    wanted = [request for request in REQUESTS if not chosen.only or chosen.only in request.about]
    timings = []
    async with aiohttp.ClientSession() as session, ProjectLists.opened(dsn) as projects:
        asks = {False: _over_rest(session, url), True: projects.ask}
        for request in wanted:
            timing = await _timed(request, values, asks[request.project], random)
            timings.append(timing)
            print(json.dumps(timing.line()), flush=True)
    print()
    print(*_table(timings), sep="\n", flush=True)


def _over_rest(session: aiohttp.ClientSession, url: str) -> Callable[[str, str], Awaitable[int]]:
    async def ask(_: str, path: str) -> int:
        async with session.get(f"{url}/v2/{path}") as answer:
            body = await answer.read()
            if answer.status != 200:
                return -1
        return len(next(found for found in json.loads(body).values() if isinstance(found, list)))

    return ask


async def _timed(
    request: ListRequest,
    values: Sequence[Mapping[str, str]],
    ask: Callable[[str, str], Awaitable[int]],
    random: Random,
) -> Timing:
    seconds, counts = [], []
    # The first is for the caches and not counted.
    for one in [values[0], *values]:
        path, project = request.path.format_map(one), f"project_{random.randrange(PROJECTS)}"
        begun = time.perf_counter()
        counts.append(await ask(project, path))
        seconds.append(time.perf_counter() - begun)
    ordered = sorted(seconds[1:])
    p50, p99 = (round(1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))], 1) for part in (0.5, 0.99))
    about = f"{request.about}, small project" if request.project else request.about
    return Timing(about, p50, p99, max(counts), counts.count(-1))


def _table(timings: Sequence[Timing]) -> list[str]:
    rows = [("list", "p50 ms", "p99 ms", "rows", "failed", "")]
    for one in sorted(timings, key=lambda timing: -timing.p99_ms):
        slow = "over the aim" if one.p99_ms > _AIM_MS or one.failed else ""
        rows.append((one.about, f"{one.p50_ms:.1f}", f"{one.p99_ms:.1f}", str(one.rows), str(one.failed), slow))
    return list(aligned(rows))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-lists", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="executions; each has three tasks and actions")
    parser.add_argument("--times", type=int, default=100, help="how often each list is asked for")
    parser.add_argument("--only", help="lists whose name has this")
    parser.add_argument("--seed", type=int, default=1)
    there = parser.add_argument_group("tables that are filled already")
    there.add_argument("--url", default="http://127.0.0.1:8989", help="REST of a gateway on them")
    there.add_argument("--dsn", help="their Postgres")
    return parser.parse_args()


if __name__ == "__main__":
    main()
