"""Schedules on a whole mesh: backfill, pauses, what was missed, what workflows declare, schedulers that are killed."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from tests.system.havoc import Victim, kill
from tests.system.scheduling import (
    EVERY_SECOND,
    NEVER_SOON,
    all_over,
    asked,
    fired,
    made,
    none_starting,
    rest_of,
    runs,
    states,
    until,
)

DECLARING = """
version: '2.0'
declaring:
  input: [n: 1]
  triggers:
    often: {{cron: '* * * * * *', input: {{n: {n}}}}}
    {more}
  tasks:
    t: {{action: std.noop}}
"""


@pytest.fixture(scope="module")
def victim(victims: Callable[..., Victim]) -> Victim:
    return victims(schedulers=2)


@pytest.fixture
async def api(victim: Victim) -> AsyncIterator[httpx.AsyncClient]:
    async with rest_of(victim) as client:
        yield client


async def test_many_schedules_of_one_second_fire_once_each_although_a_scheduler_is_killed(
    api: httpx.AsyncClient, victim: Victim
) -> None:
    workflow = (await asked(api, "GET", "/workflows/quick"))["id"]
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=4)
    connection = await asyncpg.connect(victim.dsn)
    try:
        await connection.execute(
            "INSERT INTO cron_trigger (id, project_id, name, workflow_id, workflow_name, workflow_namespace,"
            " workflow_input, pattern, next_execution_time, fingerprint)"
            " SELECT id, '<default-project>', 'many-' || n, $1, 'quick', '', json_build_object('n', n), '0 3 1 1 *',"
            " $2, 'many-' || n FROM unnest($3::uuid[]) WITH ORDINALITY AS t (id, n)",
            *(workflow, due, [uuid4() for _ in range(1500)]),
        )
        await asyncio.sleep((due - datetime.now(UTC)).total_seconds() + 0.1)
        await kill("scheduler-0")(victim)
        opened = "SELECT count(*) = 1500 FROM cron_run WHERE due_at = $1 AND state = 'OPEN'"
        await until(lambda: connection.fetchval(opened, due))
        await victim.settled()
        executions = await connection.fetch("SELECT input ->> 'n' FROM execution WHERE workflow_name = 'quick'")
        fired = await connection.fetchval("SELECT count(*) FROM cron_trigger WHERE name LIKE 'many-%' AND fired = 1")
    finally:
        await connection.close()

    counts = Counter(row[0] for row in executions)
    assert [counts[str(number)] for number in range(1, 1501)] == [1] * 1500
    assert fired == 1500


async def test_a_run_knows_for_which_time_it_was_due(api: httpx.AsyncClient) -> None:
    trigger = await made(api, pattern=EVERY_SECOND, remaining_executions=1, workflow_input={"n": "told"})

    async def ended() -> list[Any]:
        wanted = {"description": f"has:{trigger['id']}", "state": "SUCCESS", "include_output": "true"}
        return list((await asked(api, "GET", "/executions", params=wanted))["executions"])

    [execution] = await until(ended)
    told = json.loads(execution["output"])
    assert told["kind"] == "due"
    assert datetime.fromisoformat(told["due"]).strftime("%Y-%m-%d %H:%M:%S") == trigger["next_execution_time"]


async def test_a_paused_trigger_starts_nothing_and_misses_nothing(api: httpx.AsyncClient) -> None:
    trigger = await made(api, pattern=EVERY_SECOND, paused=True, note="not yet")
    path = f"/cron_triggers/{trigger['id']}"
    assert (trigger["status"], trigger["status_note"], trigger["next_execution_time"]) == ("PAUSED", "not yet", None)

    resumed = await asked(api, "POST", f"{path}/resume")
    assert resumed["next_execution_time"] is not None
    await until(lambda: fired(api, path, 2))
    paused = await asked(api, "POST", f"{path}/pause", json={"note": "enough"})
    # What was decided before is started; nothing is decided after.
    before = (await fired(api, path, 0) or {})["fired"]
    await until(lambda: none_starting(api, trigger["id"]))
    await asyncio.sleep(2)
    after = await fired(api, path, 0)

    assert (paused["status"], paused["status_note"]) == ("PAUSED", "enough")
    assert after is not None
    assert (after["fired"], after["missed"]) == (before, 0)
    assert (await api.delete(path)).status_code == 204


async def test_a_range_is_made_up_for_once(api: httpx.AsyncClient) -> None:
    trigger = await made(api, pattern="0 * * * *")
    path = f"/cron_triggers/{trigger['id']}"
    sent = {"start": "2026-05-04 00:00", "end": "2026-05-04 09:00"}

    first = await asked(api, "POST", f"{path}/backfill", json=sent)
    again = await asked(api, "POST", f"{path}/backfill", json={**sent, "end": "2026-05-04 10:00"})

    assert first == {"started": 10, "waiting": 0, "skipped": 0, "known": 0}
    assert again == {"started": 1, "waiting": 0, "skipped": 0, "known": 10}
    await until(lambda: all_over(api, trigger["id"], 11))
    found = await runs(api, trigger["id"], sort_keys="due_at")
    assert [one["due_at"] for one in found] == [f"2026-05-04 {hour:02}:00:00" for hour in range(11)]
    assert len({one["execution_id"] for one in found}) == 11


async def test_what_could_not_be_started_is_counted_with_the_reason(api: httpx.AsyncClient) -> None:
    trigger = await made(api, workflow_params={"env": "there-is-no-such-environment"}, pattern=EVERY_SECOND)
    path = f"/cron_triggers/{trigger['id']}"

    async def refused() -> Any:
        shown = await asked(api, "GET", path, params={"fields": "fired,failed,last_miss_reason"})
        return shown if shown["failed"] >= 1 else None

    shown = await until(refused)
    assert "there-is-no-such-environment" in shown["last_miss_reason"]
    assert "FAILED" in await states(api, trigger["id"])
    await api.delete(path)


async def test_a_missed_time_is_counted_and_made_up_for_once(api: httpx.AsyncClient, victim: Victim) -> None:
    trigger = await made(api, pattern="* * * * *", paused=True)
    connection = await asyncpg.connect(victim.dsn)
    long_ago = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=1)
    try:
        await connection.execute(
            "UPDATE cron_trigger SET status = 'ACTIVE', next_execution_time = $2 WHERE id = $1", trigger["id"], long_ago
        )
    finally:
        await connection.close()
    path = f"/cron_triggers/{trigger['id']}"

    shown = await until(lambda: fired(api, path, 1))

    assert shown["missed"] in (60, 61)
    assert "passed while nothing could be started" in shown["last_miss_reason"]
    assert (await runs(api, trigger["id"], sort_keys="due_at"))[0]["due_at"] == f"{long_ago:%Y-%m-%d %H:%M:%S}"
    await api.delete(path)


async def test_triggers_come_change_and_go_with_the_workflow_that_declares_them(api: httpx.AsyncClient) -> None:
    once = f"once: {{cron: {{pattern: '{NEVER_SOON}', timezone: Europe/Berlin}}}}"
    answer = await api.post("/workflows", content=DECLARING.format(n=1, more=once))
    assert answer.status_code == 201, answer.text
    first = await asked(api, "GET", "/cron_triggers/declaring.often")
    kept = await asked(api, "GET", "/cron_triggers/declaring.once")
    assert (first["declared_as"], kept["timezone"]) == ("often", "Europe/Berlin")
    await until(lambda: fired(api, "/cron_triggers/declaring.often", 1))

    refused = await api.delete("/cron_triggers/declaring.often")
    assert (refused.status_code, "declares this trigger as 'often'" in refused.text) == (403, True)
    await asked(api, "POST", "/cron_triggers/declaring.often/pause", json={"note": "by hand"})
    assert (await api.put("/workflows", content=DECLARING.format(n=2, more=once))).status_code == 200
    changed = await asked(api, "GET", "/cron_triggers/declaring.often")
    assert (changed["id"], json.loads(changed["workflow_input"])) == (first["id"], {"n": 2})
    assert (changed["status"], changed["status_note"]) == ("PAUSED", "by hand")
    assert await asked(api, "GET", "/cron_triggers/declaring.once") == kept

    assert (await api.put("/workflows", content=DECLARING.format(n=2, more=""))).status_code == 200
    assert (await api.get("/cron_triggers/declaring.once")).status_code == 404
    assert (await api.delete("/workflows/declaring")).status_code == 204
    assert (await api.get("/cron_triggers/declaring.often")).status_code == 404


async def test_a_workflow_whose_trigger_cannot_be_stored_is_not_stored_either(api: httpx.AsyncClient) -> None:
    name = "declaring.often"
    await api.post(
        "/cron_triggers",
        json={"name": name, "workflow_name": "quick", "workflow_input": {"n": 1}, "pattern": NEVER_SOON},
    )

    refused = await api.post("/workflows", content=DECLARING.format(n=1, more=""))

    assert refused.status_code == 409
    assert (await api.get("/workflows/declaring")).status_code == 404
    wrong = await api.post("/workflows", content=DECLARING.format(n=1, more="x: {cron: '61 * * * *'}"))
    assert (wrong.status_code, "declaring.triggers.x.cron, line 7" in wrong.text) == (400, True)
    assert (await api.delete(f"/cron_triggers/{name}")).status_code == 204
