"""Maintenance as every door shows it: what is refused, what is not, and that all gateways agree."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest

from mistral_api_gateway.app import running
from mistral_api_gateway.settings import GatewaySettings
from mistral_persistence.database import Pool

PATH = "/maintenance"
PATIENCE_SECONDS = 20
TEXT = {"Content-Type": "text/plain"}


@pytest.fixture
async def in_maintenance(rest: httpx.AsyncClient, pool: Pool) -> AsyncIterator[None]:
    answer = await rest.put(PATH, json={"status": "PAUSED"})
    assert (answer.status_code, answer.json()) == (200, {"status": "PAUSING"})
    yield
    await pool.execute("UPDATE maintenance SET status = 'RUNNING'")


@pytest.fixture
async def standing_still(in_maintenance: None, rest: httpx.AsyncClient, pool: Pool) -> None:
    """As if a scheduler had done its work; nobody tells the gateway."""
    await pool.execute("UPDATE maintenance SET status = 'PAUSED'")
    await until(lambda: told(rest, f"/v2/action_executions/{uuid4()}", {"state": "SUCCESS"}), "PAUSED")


async def told(rest: httpx.AsyncClient, path: str, body: Any) -> str:
    """Return what a change is refused with."""
    answer = await rest.put(path, json=body)
    return answer.headers.get("Server-Error-Message", "")


async def until(ask: Callable[[], Any], said: str) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if said in await ask():
                return
            await asyncio.sleep(0.05)


async def test_a_mesh_works_unless_told_otherwise(rest):
    answer = await rest.get(PATH)
    assert (answer.status_code, answer.json()) == (200, {"status": "RUNNING"})


@pytest.mark.parametrize("body", [{"status": "PAUSING"}, {"status": "paused"}, {"status": None}, {}])
async def test_a_status_that_cannot_be_set_is_refused(rest, body):
    answer = await rest.put(PATH, json=body)
    assert (answer.status_code, "PAUSED or RUNNING" in answer.json()["faultstring"]) == (400, True)


@pytest.mark.parametrize("body", ["{", '{"state": "PAUSED"}', '{"status": 1}'])
async def test_a_body_that_is_none_is_refused(rest, body):
    assert (await rest.put(PATH, content=body)).status_code == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v2/workflows"),
        ("PUT", "/v2/workflows"),
        ("DELETE", "/v2/workflows/w"),
        ("POST", "/v2/workflows/validate"),
        ("POST", "/v2/executions"),
        ("DELETE", f"/v2/executions/{uuid4()}"),
        ("PUT", f"/v2/tasks/{uuid4()}"),
        ("POST", "/v2/action_executions"),
        ("POST", "/v2/environments"),
        ("POST", "/v2/cron_triggers"),
        ("POST", "/v2/event_triggers"),
    ],
)
async def test_whatever_changes_something_is_refused(rest, in_maintenance, method, path):
    answer = await rest.request(method, path, json={"name": "x"})
    assert answer.status_code == 423
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["Server-Error-Message"] == answer.text
    assert "maintenance (PAUSING)" in answer.text


@pytest.mark.parametrize("path", ["/", "/v2/", "/v2/workflows", "/v2/executions", "/healthcheck", "/v2/services"])
async def test_whatever_reads_is_answered(rest, in_maintenance, path):
    assert (await rest.get(path)).status_code in (200, 503)


async def test_an_execution_may_be_cancelled_and_nothing_else(rest, standing_still):
    at = f"/v2/executions/{uuid4()}"
    assert (await rest.put(at, json={"state": "CANCELLED"})).status_code == 404
    for state in ("RUNNING", "PAUSED", "SUCCESS", "ERROR"):
        assert (await rest.put(at, json={"state": state})).status_code == 423
    assert (await rest.put(at, json={"description": "d"})).status_code == 423


async def test_actions_may_come_to_their_end_until_all_stands_still(rest, in_maintenance, pool):
    at, body = f"/v2/action_executions/{uuid4()}", {"state": "SUCCESS", "output": {}}
    assert (await rest.put(at, json=body)).status_code == 404
    await pool.execute("UPDATE maintenance SET status = 'PAUSED'")
    await until(lambda: told(rest, at, body), "PAUSED")
    assert (await rest.put(at, json=body)).status_code == 423


async def test_maintenance_ends_at_once_for_whoever_ends_it(rest, in_maintenance, workflow_text, name):
    again = await rest.put(PATH, json={"status": "PAUSED"})
    assert again.json() == {"status": "PAUSING"}
    over = await rest.put(PATH, json={"status": "RUNNING"})
    assert (over.status_code, over.json()) == (200, {"status": "RUNNING"})
    made = await rest.post("/v2/workflows", content=workflow_text(name), headers=TEXT)
    assert made.status_code == 201


async def test_asking_for_a_standstill_twice_changes_nothing(rest, standing_still):
    assert (await rest.put(PATH, json={"status": "PAUSED"})).json() == {"status": "PAUSED"}
    assert (await rest.get(PATH)).json() == {"status": "PAUSED"}


async def test_other_gateways_hear_of_it_and_later_ones_know(rest, in_maintenance, settings: GatewaySettings):
    at = f"/v2/tasks/{uuid4()}"
    async with reached(settings) as later:
        assert (await later.put(at, json={"state": "SKIPPED"})).status_code == 423
        await later.put(PATH, json={"status": "RUNNING"})
        await until(lambda: said(rest, at), "TaskExecution not found")
        await rest.put(PATH, json={"status": "PAUSED"})
        await until(lambda: said(later, at), "PAUSING")


@asynccontextmanager
async def reached(settings: GatewaySettings) -> AsyncIterator[httpx.AsyncClient]:
    """A further gateway."""
    async with running(settings) as ports, httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports.http}") as client:
        yield client


async def said(rest: httpx.AsyncClient, path: str) -> str:
    return (await rest.put(path, json={"state": "SKIPPED"})).text
