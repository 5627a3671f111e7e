"""What a start costs the gateway over REST and over gRPC: ``python -m tests.bench.starts``. One JSON line for each.

Both only start, and wait for nothing; rounds of both alternate, since a shared machine changes its speed.
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

import aiohttp
import grpc.aio
import psutil
import uvloop

from mistral.v1 import execution_service_pb2 as executions
from mistral_mesh import MeshStatus, Plan, ephemeral, status
from tests.bench.load import clients

_START = "/mistral.v1.ExecutionService/StartExecution"
_WORKFLOW = "bench_one"
_SETTLE_SECONDS = 1.0

Start = Callable[[], Awaitable[None]]


def main() -> None:
    """Measure on the mesh of a home, or on one of its own."""
    parser = argparse.ArgumentParser(prog="starts", description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, help="of a mesh that runs on this machine")
    parser.add_argument("--starts", type=int, default=1_000, help="in a round")
    parser.add_argument("--at-once", type=int, default=50, help="calls under way at a time")
    parser.add_argument("--rounds", type=int, default=5, help="medians are taken over them")
    chosen = parser.parse_args()
    found = status(chosen.home.absolute()) if chosen.home else None
    if found is not None:
        uvloop.run(_measure(found, chosen))
        return
    with (
        tempfile.TemporaryDirectory(prefix="mistral-bench-") as folder,
        ephemeral(Plan.read({}, home=folder, http_port=0, grpc_port=0)) as mesh,
    ):
        uvloop.run(_measure(mesh, chosen))


async def _measure(mesh: MeshStatus, chosen: argparse.Namespace) -> None:
    gateway = psutil.Process(next(p.pid for p in mesh.programs if "gateway" in p.name and p.pid))
    async with (
        clients(mesh.grpc_address, mesh.http_url) as ready,
        grpc.aio.insecure_channel(mesh.grpc_address) as channel,
        aiohttp.ClientSession() as session,
    ):
        await ready.define()
        doors = {"grpc": _over_grpc(channel), "rest": _over_rest(session, mesh.http_url)}
        spent: dict[str, list[float]] = {door: [] for door in doors}
        for number in range(chosen.rounds + 1):
            for door, start in doors.items():
                used = await _round(gateway, start, chosen)
                # The first round warms up.
                if number:
                    spent[door].append(used)
    costs = {door: median(used) for door, used in spent.items()}
    for door, cost in costs.items():
        print(json.dumps({"door": door, "gateway_cpu_us_per_start": round(cost * 1e6)}), flush=True)
    print(json.dumps({"rest_to_grpc": round(costs["rest"] / costs["grpc"], 2)}))


async def _round(gateway: psutil.Process, start: Start, chosen: argparse.Namespace) -> float:
    """Return the seconds of the gateway's processor time for one start."""
    await asyncio.sleep(_SETTLE_SECONDS)
    before = _spent(gateway)
    left = iter(range(chosen.starts))

    async def worker() -> None:
        for _ in left:
            await start()

    await asyncio.gather(*(worker() for _ in range(chosen.at_once)))
    return (_spent(gateway) - before) / chosen.starts


def _spent(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _over_grpc(channel: grpc.aio.Channel) -> Start:
    call = channel.unary_unary(_START)
    request = executions.StartExecutionRequest(workflow=_WORKFLOW, input="{}").SerializeToString()

    async def start() -> None:
        await call(request)

    return start


def _over_rest(session: aiohttp.ClientSession, url: str) -> Start:
    body = json.dumps({"workflow_name": _WORKFLOW, "input": "{}"}).encode()

    async def start() -> None:
        async with session.post(f"{url}/v2/executions", data=body) as response:
            await response.read()
            assert response.status == 201, await response.text()

    return start


if __name__ == "__main__":
    main()
