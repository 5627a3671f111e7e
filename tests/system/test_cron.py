"""Cron triggers on a whole mesh: fired by real schedulers, once for each due time, whoever of them dies."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from tests.system.havoc import Victim, kill

WORKFLOW = """
version: '2.0'
ticking:
  input: [n]
  output: {n: <% $.n %>}
  tasks:
    t: {action: std.noop}
"""
EVERY_SECOND = "* * * * * *"


@pytest.fixture(scope="module")
def victim(victims: Callable[..., Victim]) -> Victim:
    return victims(schedulers=2)


@pytest.fixture
async def api(victim: Victim) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{victim.http_url}/v2", timeout=20) as client:
        if (await client.get("/workflows/ticking")).status_code == 404:
            await client.post("/workflows", content=WORKFLOW, headers={"content-type": "text/plain"})
        yield client


async def trigger(api: httpx.AsyncClient, name: str, **more: Any) -> httpx.Response:
    sent = {"name": name, "workflow_name": "ticking", "workflow_input": json.dumps({"n": name}), **more}
    return await api.post("/cron_triggers", json=sent)


async def started_by(api: httpx.AsyncClient, trigger_id: str) -> list[dict[str, Any]]:
    """Return the executions of a trigger, which say in their descriptions what started them."""
    found = (await api.get("/executions", params={"workflow_name": "ticking", "include_output": "true"})).json()
    return [one for one in found["executions"] if trigger_id in one["description"]]


async def gone(api: httpx.AsyncClient, name: str) -> None:
    """Wait until a trigger has fired for the last time."""
    async with asyncio.timeout(40):
        while True:
            if (await api.get(f"/cron_triggers/{name}")).status_code == 404:
                return
            await asyncio.sleep(0.1)


async def test_a_trigger_fires_as_often_as_it_was_told_and_is_gone(api: httpx.AsyncClient) -> None:
    made = await trigger(api, "thrice", pattern=EVERY_SECOND, remaining_executions=3)
    assert made.status_code == 201

    await gone(api, "thrice")

    executions = await started_by(api, made.json()["id"])
    assert len(executions) == 3
    described = json.loads(executions[0]["description"])
    assert described["triggered_by"] == {"type": "cron_trigger", "id": made.json()["id"], "name": "thrice"}
    assert {json.loads(one["input"])["n"] for one in executions} == {"thrice"}
    assert len({one["created_at"] for one in executions}) == 3


async def test_each_due_time_starts_one_execution_although_schedulers_and_engines_are_killed(
    api: httpx.AsyncClient, victim: Victim
) -> None:
    made = [await trigger(api, f"t{number}", pattern=EVERY_SECOND, remaining_executions=8) for number in range(20)]
    assert {one.status_code for one in made} == {201}

    for name in ("scheduler-0", "engine-0", "scheduler-1", "scheduler-0"):
        await kill(name)(victim)
        await asyncio.sleep(1.5)

    for number in range(20):
        await gone(api, f"t{number}")
    counts = [len(await started_by(api, one.json()["id"])) for one in made]
    assert counts == [8] * 20
    await victim.settled()


async def test_a_workflow_that_a_trigger_starts_cannot_be_removed(api: httpx.AsyncClient) -> None:
    await trigger(api, "holding", pattern="0 3 1 1 *")

    refused = await api.delete("/workflows/ticking")

    assert refused.status_code == 400
    assert "cron triggers" in refused.text
    assert (await api.delete("/cron_triggers/holding")).status_code == 204


async def test_what_makes_no_sense_is_refused(api: httpx.AsyncClient) -> None:
    wrong = {
        "Pattern or first_execution_time": {},
        "not valid": {"pattern": "61 * * * *"},
        "never fits": {"pattern": "0 0 30 2 *"},
        "superior to 1": {"first_execution_time": "2049-05-06 07:08", "remaining_executions": 2},
        "in the future": {"first_execution_time": "2010-01-01 10:00"},
        "first_execution_time is not a time": {"first_execution_time": "next tuesday"},
        "at least 1": {"pattern": "0 3 1 1 *", "remaining_executions": 0},
        "Invalid input": {"pattern": "0 3 1 1 *", "workflow_input": "{}"},
        "Unknown attribute": {"pattern": "0 3 1 1 *", "colour": "red"},
    }
    for said, more in wrong.items():
        answer = await trigger(api, "wrong", **more)
        assert (answer.status_code, said in answer.text) == (400, True), (said, answer.text)
    assert (await trigger(api, "wrong", pattern="0 3 1 1 *", workflow_name="nowhere")).status_code == 404


async def test_a_second_one_of_the_same_name_or_with_the_same_effect_is_refused(api: httpx.AsyncClient) -> None:
    first = await trigger(api, "first", pattern="0 3 1 1 *", workflow_input='{"n": 1}')
    same_name = await trigger(api, "first", pattern="0 4 1 1 *")
    same_effect = await trigger(api, "second", pattern="0 3 1 1 *", workflow_input='{"n": 1}')
    other = await trigger(api, "second", pattern="0 3 1 1 *", workflow_input='{"n": 2}')

    assert [one.status_code for one in (first, same_name, same_effect, other)] == [201, 409, 409, 201]
    listed = (await api.get("/cron_triggers", params={"sort_keys": "name", "limit": 1})).json()
    assert [one["name"] for one in listed["cron_triggers"]] == ["first"]
    assert "next" in listed
    for name in ("first", "second"):
        assert (await api.delete(f"/cron_triggers/{name}")).status_code == 204
