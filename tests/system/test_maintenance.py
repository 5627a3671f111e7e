"""Maintenance on a whole mesh: all comes to a standstill, and afterwards what was paused for it goes on, alone."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.system.havoc import Victim, kill

WORKFLOWS = """
version: '2.0'
held:
  tasks:
    wait: {action: std.async_noop, on-success: after}
    after: {action: std.noop}
above:
  tasks:
    below: {workflow: held, on-success: after}
    after: {action: std.noop}
later:
  tasks:
    t: {action: std.noop, wait-before: 4}
short:
  tasks:
    t: {action: std.noop}
"""
MARK = "Paused for maintenance"
PATIENCE_SECONDS = 90


@pytest.fixture(scope="module")
def victim(victims: Callable[..., Victim]) -> Victim:
    return victims(gateways=2, schedulers=2, engines=2)


class Api:
    """What the tests ask of the mesh; a gateway that was just killed is asked again."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    answer = await self._client.request(method, path, **more)
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
                    continue
                if answer.status_code != 503:
                    return answer
                await asyncio.sleep(0.1)

    async def maintain(self, status: str) -> str:
        answer = await self.ask("PUT", "/maintenance", json={"status": status})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["status"])

    async def start(self, workflow: str) -> str:
        answer = await self.ask("POST", "/v2/executions", json={"workflow_name": workflow})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def execution(self, execution_id: str) -> dict[str, Any]:
        return dict((await self.ask("GET", f"/v2/executions/{execution_id}")).json())

    async def states(self, ids: Sequence[str]) -> set[str]:
        rows = await asyncio.gather(*map(self.execution, ids))
        return {row["state"] for row in rows}

    async def until_status(self, status: str) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                if (await self.ask("GET", "/maintenance")).json()["status"] == status:
                    return
                await asyncio.sleep(0.1)

    async def until_all(self, ids: Sequence[str], state: str) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                if await self.states(ids) == {state}:
                    return
                await asyncio.sleep(0.2)

    async def complete_all_actions(self) -> None:
        """End every action that somebody else is to complete, those that appear meanwhile too."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                found = await self.ask("GET", "/v2/action_executions", params={"state": "RUNNING"})
                waiting = [one["id"] for one in found.json()["action_executions"]]
                if not waiting:
                    return
                for action in waiting:
                    await self.ask("PUT", f"/v2/action_executions/{action}", json={"state": "SUCCESS", "output": {}})


@pytest.fixture
async def api(victim: Victim) -> AsyncIterator[Api]:
    async with httpx.AsyncClient(base_url=victim.http_url, timeout=30) as client:
        found = Api(client)
        if (await client.get("/v2/workflows/held")).status_code == 404:
            await client.post("/v2/workflows", content=WORKFLOWS, headers={"content-type": "text/plain"})
        yield found
        await found.maintain("RUNNING")
        await found.until_status("RUNNING")


async def test_all_comes_to_a_standstill_and_only_what_was_paused_for_it_goes_on(api: Api) -> None:
    by_user, over, runs, tree = [await api.start(name) for name in ("held", "short", "held", "above")]
    await api.until_all([over], "SUCCESS")
    await api.ask("PUT", f"/v2/executions/{by_user}", json={"state": "PAUSED"})

    assert await api.maintain("PAUSED") == "PAUSING"
    assert (await api.ask("POST", "/v2/executions", json={"workflow_name": "short"})).status_code == 423
    await api.until_all([runs, tree], "PAUSED")
    assert (await api.execution(runs))["state_info"] == MARK
    assert (await api.ask("GET", "/maintenance")).json() == {"status": "PAUSING"}, "tasks still run"
    await api.complete_all_actions()
    await api.until_status("PAUSED")

    below = (await api.ask("GET", f"/v2/executions/{tree}/executions")).json()["executions"]
    assert {one["state"] for one in below} == {"PAUSED", "SUCCESS"} or {one["state"] for one in below} == {"PAUSED"}
    assert await api.maintain("RUNNING") == "RUNNING"
    await api.until_all([runs, tree], "SUCCESS")
    assert await api.states([by_user]) == {"PAUSED"}
    assert (await api.execution(over))["state"] == "SUCCESS"
    await api.ask("PUT", f"/v2/executions/{by_user}", json={"state": "RUNNING"})
    await api.until_all([by_user], "SUCCESS")


async def test_what_waits_for_its_time_does_not_begin_before_the_end_of_maintenance(api: Api) -> None:
    execution = await api.start("later")
    await api.maintain("PAUSED")
    await api.until_status("PAUSED")
    started = (await api.execution(execution))["created_at"]
    await _until_past(started, seconds=7)
    tasks = (await api.ask("GET", f"/v2/executions/{execution}/tasks")).json()["tasks"]
    assert [one["state"] for one in tasks] == ["DELAYED"]
    await api.maintain("RUNNING")
    await api.until_all([execution], "SUCCESS")


async def test_what_is_cancelled_meanwhile_stays_cancelled(api: Api) -> None:
    execution = await api.start("held")
    await api.maintain("PAUSED")
    await api.until_all([execution], "PAUSED")
    answer = await api.ask("PUT", f"/v2/executions/{execution}", json={"state": "CANCELLED"})
    assert (answer.status_code, answer.json()["state"]) == (200, "CANCELLED")
    await api.until_status("PAUSED")
    await api.maintain("RUNNING")
    again = await api.start("short")
    await api.until_all([again], "SUCCESS")
    assert await api.states([execution]) == {"CANCELLED"}


async def test_what_becomes_due_meanwhile_fires_afterwards(api: Api) -> None:
    await api.maintain("PAUSED")
    await api.until_status("PAUSED")
    await api.maintain("RUNNING")
    sent = {"name": "tick", "workflow_name": "short", "pattern": "* * * * * *", "remaining_executions": 1000}
    trigger = (await api.ask("POST", "/v2/cron_triggers", json=sent)).json()
    await _started_by(api, trigger["id"], more_than=0)

    await api.maintain("PAUSED")
    await api.until_status("PAUSED")
    before = await _started_by(api, trigger["id"], more_than=0)
    due = (await api.ask("GET", "/v2/cron_triggers/tick")).json()["next_execution_time"]
    # Two seconds past its time it would have fired, for triggers are looked at every second.
    await _until_past(due, seconds=2)
    assert await _started_by(api, trigger["id"], more_than=0) == before
    await api.maintain("RUNNING")
    await _started_by(api, trigger["id"], more_than=len(before))
    assert (await api.ask("DELETE", "/v2/cron_triggers/tick")).status_code == 204


async def test_nothing_is_forgotten_although_whoever_does_the_work_is_killed(api: Api, victim: Victim) -> None:
    runs = [await api.start("held") for _ in range(150)]

    await api.maintain("PAUSED")
    for name in ("scheduler-0", "scheduler-1", "gateway-0", "engine-0"):
        await kill(name.replace("gateway", "api_gateway"))(victim)
    await api.until_all(runs, "PAUSED")
    await victim.settled()
    assert (await api.ask("POST", "/v2/executions", json={"workflow_name": "short"})).status_code == 423
    await api.complete_all_actions()
    await api.until_status("PAUSED")

    await api.maintain("RUNNING")
    for name in ("scheduler-1", "scheduler-0", "api_gateway-1"):
        await kill(name)(victim)
    await api.until_all(runs, "SUCCESS")
    await victim.settled()


async def _started_by(api: Api, trigger_id: str, *, more_than: int) -> list[str]:
    """Return the executions of a trigger once there are more than so many."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            listed = await api.ask("GET", "/v2/executions", params={"workflow_name": "short", "fields": "description"})
            found = [one["id"] for one in listed.json()["executions"] if _is_of(one["description"], trigger_id)]
            if len(found) > more_than:
                return found
            await asyncio.sleep(0.2)


def _is_of(description: str, trigger_id: str) -> bool:
    return bool(description) and json.loads(description)["triggered_by"]["id"] == trigger_id


async def _until_past(moment: str, *, seconds: float) -> None:
    due = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    await asyncio.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds() + seconds))
