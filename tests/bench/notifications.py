"""What receivers of webhooks do to executions: ``python -m tests.bench.notifications``. One JSON line for each case.

Nobody subscribed; a good receiver; and beside it one that fails, one that hangs, one that is slow and one that
redirects to a private address. Rounds of all cases alternate, since a shared machine changes its speed. Afterwards the
bad ones become good, what was given up is replayed, and every event must have reached everybody.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import Any

import aiohttp
import uvloop

from mistral.v1 import execution_service_pb2 as executions
from mistral_mesh import MeshStatus, Plan, ephemeral
from tests.bench.load import Clients, Wrong, clients
from tests.bench.receivers import Manner, Receiver, receiving
from tests.bench.scenarios import Scenario

_SETTINGS = {"MISTRAL_EGRESS_ALLOWED": "127.0.0.0/8"}
_LOAD = Scenario(name="one-task", about="", workflow="bench_one", tasks=1, executions=400, at_once=20)
_EVENTS = ("WORKFLOW_LAUNCHED", "WORKFLOW_SUCCEEDED")
_SETTLE_SECONDS = 2.0
_DRAIN_SECONDS = 900.0
_BAD = (Manner.FAILING, Manner.HANGING, Manner.SLOW, Manner.REDIRECTING)
_CASES = {"nobody": (), "good": (Manner.GOOD,), "bad": (Manner.GOOD, *_BAD)}


def main() -> None:
    """Measure on a mesh of its own."""
    parser = argparse.ArgumentParser(prog="notifications", description=__doc__.splitlines()[0])
    parser.add_argument("--executions", type=int, default=_LOAD.executions, help="in a round")
    parser.add_argument("--rounds", type=int, default=3, help="medians are taken over them")
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="mistral-bench-") as folder,
        ephemeral(Plan.read(_SETTINGS, home=folder, http_port=0, grpc_port=0)) as mesh,
    ):
        uvloop.run(_measure(mesh, replace(_LOAD, executions=chosen.executions), chosen.rounds))


async def _measure(mesh: MeshStatus, load: Scenario, rounds: int) -> None:
    async with (
        clients(mesh.grpc_address, mesh.http_url) as ready,
        aiohttp.ClientSession(mesh.http_url) as rest,
        receiving(Manner.GOOD, *_BAD) as receivers,
    ):
        await ready.define()
        for receiver in receivers:
            await _subscribed(rest, receiver)
        await ready.run(load)
        rates: dict[str, list[tuple[float, float]]] = {case: [] for case in _CASES}
        told: dict[Manner, set[tuple[str, str]]] = {receiver.manner: set() for receiver in receivers}
        for _ in range(rounds):
            for case, manners in _CASES.items():
                await _switch(rest, manners)
                ids = await _round(ready, load, rates[case])
                for manner in manners:
                    told[manner] |= {(each, event) for each in ids for event in _EVENTS}
                # Who is on is looked at when an event is taken up, a moment after it happened.
                await asyncio.sleep(_SETTLE_SECONDS)
        for case, found in rates.items():
            per_second, p50 = (median(each) for each in zip(*found, strict=True))
            line = {"case": case, "executions_per_second": round(per_second), "p50_ms": round(p50 * 1000, 2)}
            print(json.dumps(line), flush=True)
        await _switch(rest, _CASES["bad"])
        asked = {receiver.manner.value: receiver.asked for receiver in receivers}
        print(json.dumps({"requests_while_bad": asked}), flush=True)
        print(json.dumps(await _drained(rest, receivers, told)), flush=True)


async def _round(ready: Clients, load: Scenario, rates: list[tuple[float, float]]) -> list[str]:
    seconds, ended = await ready.run(load)
    rates.append((load.executions / seconds, median(one.seconds for one in ended)))
    return [executions.StartExecutionResponse.FromString(one.answer).execution.id for one in ended]


async def _drained(
    rest: aiohttp.ClientSession, receivers: Sequence[Receiver], told: dict[Manner, set[tuple[str, str]]]
) -> Any:
    """Make all receivers good and wait until everybody has been told everything; return what came of it."""
    began = time.monotonic()
    for receiver in receivers:
        receiver.healed.set()
    while any(told[receiver.manner] - receiver.taken.keys() for receiver in receivers):
        if time.monotonic() - began > _DRAIN_SECONDS:
            lost = {each.manner.value: len(told[each.manner] - each.taken.keys()) for each in receivers}
            raise Wrong(f"events were lost: {lost}")
        async with rest.post("/v2/dead_letters/replay", json={"all": True}) as answer:
            answer.raise_for_status()
        await asyncio.sleep(0.5)
    return {
        "told": {each.manner.value: len(told[each.manner] & each.taken.keys()) for each in receivers},
        "more_than_once": {each.manner.value: sum(n > 1 for n in each.taken.values()) for each in receivers},
        "seconds_to_catch_up": round(time.monotonic() - began, 1),
    }


async def _subscribed(rest: aiohttp.ClientSession, receiver: Receiver) -> None:
    body = {
        "name": receiver.manner.value,
        "enabled": False,
        "event_types": list(_EVENTS),
        "publisher": {"type": "webhook", "url": receiver.url, "redirects": 1},
    }
    async with rest.post("/v2/subscriptions", json=body) as answer:
        answer.raise_for_status()


async def _switch(rest: aiohttp.ClientSession, manners: Sequence[Manner]) -> None:
    for manner in Manner:
        async with rest.put(f"/v2/subscriptions/{manner.value}", json={"enabled": manner in manners}) as answer:
            answer.raise_for_status()


if __name__ == "__main__":
    main()
