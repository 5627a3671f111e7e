"""A gateway on real Postgres and NATS, its clients, and rows as an engine would have written them."""

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import grpc.aio
import httpx
import pytest

from mistral_api_gateway.app import Ports, running
from mistral_api_gateway.settings import GatewaySettings
from mistral_mesh import MeshStatus, Plan, down, up_in_background
from mistral_persistence.database import Pool, connected, migrate
from mistral_runtime import bus as buses
from tests.api_gateway.contract import PATIENCE_SECONDS, Api
from tests.api_gateway.telling import hook, made, notifier

__all__ = ["hook", "made", "notifier"]

NOON = datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=UTC)

WORKFLOW = """version: '2.0'

{name}:
  tags: [nightly]
  input: [host, {{port: 80}}]
  output: {{r: <% $.host %>}}
  tasks:
    t: {{action: std.noop}}
"""


@pytest.fixture
def settings(database: str, nats: str) -> GatewaySettings:
    return GatewaySettings.read(
        {
            "MISTRAL_DATABASE_URL": database,
            "MISTRAL_NATS_URL": nats,
            "MISTRAL_HTTP_LISTEN": "127.0.0.1:0",
            "MISTRAL_HTTP_BODY_LIMIT": "100000",
            "MISTRAL_DRAIN_SECONDS": "1",
        }
    )


@pytest.fixture
async def ports(settings: GatewaySettings) -> AsyncIterator[Ports]:
    async with running(settings) as found:
        yield found


@pytest.fixture
async def rest(ports: Ports) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports.http}", timeout=10) as client:
        yield client


@pytest.fixture
async def channel(ports: Ports) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{ports.grpc}") as opened:
        yield opened


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with connected(database, size=2) as opened:
        await migrate(opened)
        yield opened


@pytest.fixture
async def bus(nats: str) -> AsyncIterator[buses.Bus]:
    async with buses.connect(nats, "test") as connected_bus:
        yield connected_bus


@pytest.fixture(scope="session")
def whole_mesh(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeshStatus]:
    """A mesh of real processes with everything switched on, shared by the session; it has a NATS of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MISTRAL_")}
    settings = {
        "MISTRAL_DATABASE_URL": new_database(),
        "MISTRAL_ALLOW_ACTION_EXECUTION_DELETION": "true",
        "MISTRAL_DYNAMIC_ACTIONS": "true",
    }
    home = tmp_path_factory.mktemp("whole")
    plan = Plan.read({**environment, **settings}, home=home, http_port=0, grpc_port=0)
    yield up_in_background(plan)
    down(plan.home)


@pytest.fixture(scope="session")
def api(whole_mesh: MeshStatus) -> Iterator[Api]:
    """A client of the whole mesh."""
    with Api(base_url=whole_mesh.http_url, timeout=PATIENCE_SECONDS) as client:
        yield client


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return f"w_{uuid4().hex[:12]}"


class Rows:
    """Writes rows as an engine would; every method returns the id."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def execution(self, name: str, **given: Any) -> str:
        execution_id = given.get("id", str(uuid4()))
        state = given.get("state", "RUNNING")
        created = given.get("created_at", NOON)
        row = {
            "id": execution_id,
            "partition": 1,
            "root_id": given.get("root_id", execution_id),
            "parent_id": given.get("parent_id"),
            "task_execution_id": given.get("task_execution_id"),
            "project_id": given.get("project_id", "<default-project>"),
            "workflow_id": given.get("workflow_id", str(uuid4())),
            "workflow_version": 1,
            "workflow_name": name,
            "workflow_namespace": "",
            "description": given.get("description", ""),
            "tags": given.get("tags", []),
            "state": state,
            "state_info": given.get("state_info"),
            "input": json.dumps(given.get("input", {})),
            "params": json.dumps(given.get("params", {"env": {}, "namespace": ""})),
            "output": json.dumps(given["output"]) if "output" in given else None,
            "globals": json.dumps(given.get("globals", {})),
            "body": "{}",
            "created_at": created,
            "updated_at": given.get("updated_at", created),
            "finished_at": created if state in ("SUCCESS", "ERROR", "CANCELLED") else None,
        }
        await self._insert("execution", row)
        return execution_id

    async def task(self, execution_id: str, name: str, **given: Any) -> str:
        task_id = str(uuid4())
        micros = int(NOON.timestamp() * 1_000_000)
        body = {
            "type": given.get("type", "ACTION"),
            "tags": given.get("tags", []),
            "processed": given.get("processed", True),
            "updated_at": micros,
            "started_at": micros,
            **({"finished_at": micros} if given.get("finished_at", NOON) else {}),
            **({"published": given["published"]} if "published" in given else {}),
            **given.get("body", {}),
        }
        row = {
            "id": task_id,
            "execution_id": execution_id,
            "name": name,
            "state": given.get("state", "SUCCESS"),
            "sequence": given.get("sequence", 1),
            "created_at": given.get("created_at", NOON),
            "body": json.dumps(body),
        }
        await self._insert("task_record", row)
        return task_id

    async def action(self, execution_id: str, task_id: str, **given: Any) -> str:
        action_id = str(uuid4())
        body = {
            "name": given.get("name", "std.echo"),
            "accepted": given.get("accepted", True),
            "index": given.get("index", 0),
            "updated_at": int(NOON.timestamp() * 1_000_000),
            **({"output": given["output"]} if given.get("output") is not None else {}),
        }
        row = {
            "id": action_id,
            "execution_id": execution_id,
            "task_id": task_id,
            "state": given.get("state", "SUCCESS"),
            "created_at": NOON,
            "input": json.dumps(given.get("input", {"output": 1})),
            "body": json.dumps(body),
        }
        await self._insert("action_record", row)
        return action_id

    async def finish(self, execution_id: str, state: str, output: Any) -> None:
        sql = "UPDATE execution SET state = $2, output = $3, finished_at = now(), updated_at = now() WHERE id = $1"
        await self._pool.execute(sql, execution_id, state, json.dumps(output))

    async def history(self, execution_id: str, events: list[dict[str, Any]]) -> None:
        sql = "INSERT INTO execution_history (execution_id, position, at, events) VALUES ($1, $2, now(), $3)"
        await self._pool.execute(sql, execution_id, events[-1]["position"], json.dumps(events))

    async def _insert(self, table: str, row: dict[str, Any]) -> None:
        columns = ", ".join(row)
        places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        await self._pool.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", *row.values())


@pytest.fixture
def rows(pool: Pool) -> Rows:
    return Rows(pool)


def event(execution_id: str, position: int, kind: str, state: str, **more: Any) -> dict[str, Any]:
    """One event as it stands in the history."""
    known = {"execution_id": execution_id, "root_execution_id": execution_id, "workflow_name": "w", "state": state}
    return {**known, "state_info": None, "position": position, "event": kind, "at": 1_700_000_000_000_000, **more}


@pytest.fixture
def make_event() -> Callable[..., dict[str, Any]]:
    return event


@pytest.fixture
def publish(bus: buses.Bus) -> Callable[[dict[str, Any]], Awaitable[None]]:
    """Send an event over the bus as an engine does."""

    async def send(known: dict[str, Any]) -> None:
        data = {name: value for name, value in known.items() if name not in ("event", "at")}
        cloud = {
            "specversion": "1.0",
            "id": f"{known['execution_id']}/{known['position']}",
            "source": f"/mistral/executions/{known['execution_id']}",
            "type": f"io.mistral-mesh.{known['event']}",
            "time": "2026-05-04T12:00:00.5Z",
            "datacontenttype": "application/json",
            "data": data,
        }
        kind = "task" if "task_id" in known else "execution"
        bus.send(f"mistral.events._default-project_.{kind}", json.dumps([cloud]).encode())

    return send


@pytest.fixture
def workflow_text() -> Callable[[str], str]:
    return lambda name: WORKFLOW.format(name=name)
