"""How late schedules start their workflows: ``python -m tests.bench.schedules --rows 10000``.

Starts a mesh of its own with two schedulers, stores that many cron triggers which are due in the same minute, kills one
scheduler at that time unless told not to, and waits until nothing more is started. Prints one JSON line: how many
executions there are of how many schedules, and how long after the due time the first and the last were accepted.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import asyncpg

from mistral_mesh import MeshError, MeshStatus, Plan, ephemeral, status
from mistral_mesh.embedded import postgres as embedded_postgres
from mistral_mesh.home import Home
from tests.bench.machine import look

_WORKFLOW = "version: '2.0'\nticking:\n  input: [n]\n  tasks:\n    t: {action: std.noop}\n"
_FIRST_SECONDS = 20.0
_QUIET_SECONDS = 3.0
_PATIENCE_SECONDS = 180.0
_INSERT = """
INSERT INTO cron_trigger (id, project_id, name, workflow_id, workflow_name, workflow_namespace, workflow_input, pattern,
                          overlap, next_execution_time, fingerprint)
SELECT id, '<default-project>', 'bench-' || n, $1, 'ticking', '', json_build_object('n', n),
       n % 60 || ' ' || n % 24 || ' * * *', $4, $3, 'bench-' || n
  FROM unnest($2::uuid[]) WITH ORDINALITY AS t (id, n)
"""
_LATENESS = """
SELECT extract(epoch FROM e.created_at - $1::timestamptz)::float8
  FROM cron_run r JOIN execution e ON e.id = r.execution_id WHERE r.due_at = $1 ORDER BY 1
"""


async def measure(mesh: MeshStatus, rows: int, *, kills: bool, overlap: str) -> dict[str, Any]:
    """Store the schedules, wait until they have fired, and return the figures."""
    async with aiohttp.ClientSession(mesh.http_url) as rest, rest.post("/v2/workflows", data=_WORKFLOW) as answer:
        workflow_id = (await answer.json())["workflows"][0]["id"]
    connection = await asyncpg.connect(embedded_postgres.postgres(Home(mesh.home))[1])
    try:
        due = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=_FIRST_SECONDS)
        ids = [uuid4() for _ in range(rows)]
        await connection.execute(_INSERT, workflow_id, ids, due, overlap)
        await asyncio.sleep(max(0.0, due.timestamp() - time.time()) + 0.3)
        if kills:
            _kill(mesh, "scheduler-0")
        await _done(connection, rows)
        late = [row[0] for row in await connection.fetch(_LATENESS, due)]
        executions = await connection.fetchval("SELECT count(*) FROM execution")
        fired = await connection.fetchval("SELECT count(*) FROM cron_trigger WHERE fired = 1")
    finally:
        await connection.close()
    return {
        "schedules": rows,
        "killed": kills,
        "overlap": overlap,
        "executions": executions,
        "fired_once": fired,
        **_figures(late),
    }


def _figures(late: Sequence[float]) -> dict[str, float]:
    if not late:
        return {}
    places = {"first": 0, "p50": len(late) // 2, "p99": len(late) * 99 // 100, "last": len(late) - 1}
    return {f"{name}_seconds": round(late[place], 3) for name, place in places.items()}


def _kill(mesh: MeshStatus, name: str) -> None:
    now = status(mesh.home)
    assert now is not None
    pid = next(program.pid for program in now.programs if program.name == name)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


async def _done(connection: asyncpg.Connection, rows: int) -> None:
    """Wait until all have been started, or have had time enough, and then a while for what should not be there."""
    ends = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < ends:
        if await connection.fetchval("SELECT count(*) FROM cron_run WHERE state = 'OPEN'") >= rows:
            break
        await asyncio.sleep(0.5)
    await asyncio.sleep(_QUIET_SECONDS)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000, help="how many schedules (10000)")
    parser.add_argument("--overlap", default="allow", help="what happens while an earlier run is open (allow)")
    parser.add_argument("--no-kill", action="store_true", help="leave both schedulers alive")
    chosen = parser.parse_args()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MISTRAL_")}
    try:
        with tempfile.TemporaryDirectory(prefix="mistral-bench-") as folder:
            plan = Plan.read(environment, home=Path(folder), http_port=0, grpc_port=0, schedulers=2)
            with ephemeral(plan) as mesh:
                print(json.dumps(look(mesh.grpc_address).line()), flush=True)
                figures = asyncio.run(measure(mesh, chosen.rows, kills=not chosen.no_kill, overlap=chosen.overlap))
                print(json.dumps(figures), flush=True)
    except MeshError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
