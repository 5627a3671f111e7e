"""Events on a whole mesh with two schedulers: each starts its workflow once, whoever of them is killed."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable

import httpx
import pytest

from tests.system.havoc import Victim, kill

WORKFLOW = """
version: '2.0'
heard:
  input: [n]
  output: {n: <% $.n %>}
  tasks:
    t: {action: std.noop}
"""
COUNT = 120


@pytest.fixture(scope="module")
def victim(victims: Callable[..., Victim]) -> Victim:
    return victims(schedulers=2)


async def test_each_event_starts_one_execution_although_schedulers_and_engines_are_killed(victim: Victim) -> None:
    async with httpx.AsyncClient(base_url=f"{victim.http_url}/v2", timeout=20) as api:
        made = await api.post("/workflows", content=WORKFLOW)
        source = {"name": "hook", "kind": "webhook", "secret": "s", "rate_per_minute": 100_000}
        assert (await api.post("/event_sources", json=source)).status_code == 201
        trigger = {
            **{"exchange": "hook", "topic": "events", "event": "counted"},
            **{"workflow_id": made.json()["workflows"][0]["id"], "input_mapping": {"n": "<% $.payload %>"}},
        }
        assert (await api.post("/event_triggers", json=trigger)).status_code == 201

        async def send(numbers: range) -> None:
            for number in numbers:
                body = {"event_type": "counted", "id": f"e{number}", "payload": number}
                # Everything comes twice, as from a source that did not hear the answer.
                for _ in range(2):
                    answer = await api.post("/event_sources/hook/events", json=body, headers={"authorization": "s"})
                    assert answer.status_code == 202, answer.text

        each = COUNT // 4
        for turn, name in enumerate(("scheduler-0", "scheduler-1", "engine-0", "scheduler-0")):
            await asyncio.gather(send(range(turn * each, (turn + 1) * each)), kill(name)(victim))

        async def done() -> bool:
            left = await api.get("/received_events", params={"state": "neq:DONE", "limit": 1})
            return left.status_code == 200 and not left.json()["received_events"]

        async with asyncio.timeout(90):
            while True:
                if await done():
                    break
                await asyncio.sleep(0.2)
        listed = await api.get("/executions", params={"workflow_name": "heard", "limit": 1000})
        counts = Counter(json.loads(one["input"])["n"] for one in listed.json()["executions"])
        assert counts == dict.fromkeys(range(COUNT), 1)
        shown = (await api.get("/event_sources/hook")).json()
        assert (shown["received"], shown["duplicates"]) == (COUNT, COUNT)
    await victim.settled()
