"""Schedules of a mesh over REST: made, asked about, and waited for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx

from tests.system.havoc import Victim

WORKFLOW = """
version: '2.0'
holding:
  input: [n]
  output:
    due: <% execution().params.cron_params.due_at %>
  tasks:
    t: {action: std.async_noop}
quick:
  input: [n]
  output:
    due: <% execution().params.cron_params.due_at %>
    kind: <% execution().params.cron_params.kind %>
  tasks:
    t: {action: std.noop}
"""
EVERY_SECOND = "* * * * * *"
NEVER_SOON = "0 3 1 1 *"


@asynccontextmanager
async def rest_of(victim: Victim) -> AsyncIterator[httpx.AsyncClient]:
    """Have a client of a mesh that knows the workflows."""
    async with httpx.AsyncClient(base_url=f"{victim.http_url}/v2", timeout=30) as client:
        if (await client.get("/workflows/quick")).status_code == 404:
            await client.post("/workflows", content=WORKFLOW, headers={"content-type": "text/plain"})
        yield client


async def made(api: httpx.AsyncClient, workflow: str = "quick", **more: Any) -> dict[str, Any]:
    name = f"t{uuid4().hex[:10]}"
    sent = {"name": name, "workflow_name": workflow, "workflow_input": {"n": name}, "pattern": NEVER_SOON, **more}
    answer = await api.post("/cron_triggers", json=sent)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def asked(api: httpx.AsyncClient, what: str, path: str, **sent: Any) -> dict[str, Any]:
    answer = await api.request(what, path, **sent)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def runs(api: httpx.AsyncClient, trigger: str, **filters: str) -> list[dict[str, Any]]:
    found = await asked(api, "GET", f"/cron_triggers/{trigger}/runs", params=filters)
    return list(found["runs"])


async def until(holds: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(60):
        while True:
            if found := await holds():
                return found
            await asyncio.sleep(0.1)


async def state(api: httpx.AsyncClient, execution_id: str) -> str:
    return str((await asked(api, "GET", f"/executions/{execution_id}"))["state"])


async def finish(api: httpx.AsyncClient, execution_id: str) -> None:
    await asked(api, "PUT", f"/executions/{execution_id}", json={"state": "SUCCESS"})


async def open_runs(api: httpx.AsyncClient, trigger: str) -> list[dict[str, Any]]:
    return [one for one in await runs(api, trigger) if one["state"] == "OPEN"]


async def states(api: httpx.AsyncClient, trigger: str) -> list[str]:
    """Return the states of the runs of a trigger by their due times."""
    found = await runs(api, trigger, sort_keys="due_at,created_at")
    return [one["state"] for one in found]


async def skipped(api: httpx.AsyncClient, path: str, least: int) -> dict[str, Any] | None:
    shown = await asked(api, "GET", path)
    return shown if shown["skipped"] >= least else None


async def fired(api: httpx.AsyncClient, path: str, least: int) -> dict[str, Any] | None:
    shown = await asked(api, "GET", path, params={"fields": "fired,missed,skipped,failed,last_miss_reason,status"})
    return shown if shown["fired"] >= least else None


async def is_over(api: httpx.AsyncClient, trigger: str, run: str) -> bool:
    return any(one["id"] == run and one["state"] == "OVER" for one in await runs(api, trigger))


async def none_starting(api: httpx.AsyncClient, trigger: str) -> bool:
    return "STARTING" not in await states(api, trigger)


async def all_over(api: httpx.AsyncClient, trigger: str, count: int) -> bool:
    return await states(api, trigger) == ["OVER"] * count
