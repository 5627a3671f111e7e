"""Two projects on one mesh, for tests that try to get from one into the other.

Everything private of project A bears a token in its contents, never in its name: where B sees the token, it leaks.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc.aio
import httpx

from mistral_api_gateway.app import running as gateway_running
from mistral_api_gateway.settings import GatewaySettings
from mistral_engine.app import running as engine_running
from mistral_engine.settings import Settings as EngineSettings
from mistral_executor.app import running as executor_running
from mistral_executor.settings import ExecutorSettings
from tests.api_gateway.api_keys import Keys, bearer, first_key

HELD = "version: '2.0'\n{name}:\n  description: {token}\n  input: [v]\n  tasks:\n    hold: {{action: std.async_noop}}\n"
FAILING = "version: '2.0'\n{name}:\n  description: {token}\n  input: [v]\n  tasks:\n    bad: {{action: std.fail}}\n"
BOOK = (
    "version: '2.0'\nname: {name}\ndescription: {token}\n"
    "workflows:\n  w:\n    description: {token}\n    tasks:\n      t: {{action: std.noop}}\n"
)
ACTION = "version: '2.0'\n{name}:\n  description: {token}\n  base: std.echo output='{token}'\n"
CODE = """# {token}
from mistral_lib import actions

class One(actions.Action):
    def run(self, context):
        return 1
"""
NOBODY = "11111111-1111-4111-8111-111111111111"

Attempts = list[tuple[int, str, dict[str, Any]]]
"""(status expected, path and query, what is sent)."""

# Whoever may do what is tried elsewhere; here everybody may, so that nothing but the walls is in the way.
OPEN = {
    f"{resource}:{verb}": "rule:admin_or_owner"
    for resource in ("code_sources", "dynamic_actions", "fleets")
    for verb in ("create", "delete", "get", "list", "update")
}


@dataclass(slots=True)
class World:
    """Two projects, an administrator, and what project A has."""

    rest: httpx.AsyncClient
    channel: grpc.aio.Channel
    token: str
    a: str
    b: str
    secrets: dict[str, str]
    engine: str = ""
    audit: Path = Path()
    things: dict[str, str] = field(default_factory=dict)

    async def call(self, who: str, method: str, path: str, **given: Any) -> httpx.Response:
        """Send a request as ``a``, ``b``, or ``root``, who acts in project A."""
        headers = {**bearer(self.secrets[who]), **given.pop("headers", {})}
        if who == "root":
            headers["X-Project-Id"] = self.a
        return await self.rest.request(method, path, headers=headers, **given)

    def metadata(self, who: str) -> tuple[tuple[str, str], ...]:
        """Return the metadata of gRPC calls of somebody."""
        return (("authorization", f"Bearer {self.secrets[who]}"),)

    @property
    def private_ids(self) -> list[str]:
        """Ids of what only A may see."""
        return [
            found for name, found in self.things.items() if not name.startswith("public") and name != "private name"
        ]

    def leaks(self, told: str) -> bool:
        """Tell whether what B was told has something that only A may see."""
        return self.token in told or any(one in told for one in self.private_ids)

    async def made(self, who: str, method: str, path: str, **given: Any) -> dict[str, Any]:
        """Send a request that must succeed and return its answer."""
        answer = await self.call(who, method, path, **given)
        assert answer.status_code in (200, 201), (method, path, answer.status_code, answer.text)
        return dict(answer.json())


@asynccontextmanager
async def world(database: str, nats: str, folder: Path, policy: Mapping[str, str] = OPEN) -> AsyncIterator[World]:
    """Have both projects on a gateway with an engine and an executor, and project A full of things."""
    rules = folder / "policy.json"
    rules.write_text(json.dumps(dict(policy)))
    environ = {"MISTRAL_DATABASE_URL": database, "MISTRAL_NATS_URL": nats, "MISTRAL_DRAIN_SECONDS": "1"}
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(engine_running(EngineSettings.read(environ)))
        engines = {"MISTRAL_ENGINE_ADDRESSES": f"127.0.0.1:{engine}"}
        executor = {"MISTRAL_NATS_URL": nats, "MISTRAL_DRAIN_SECONDS": "1", **engines}
        offering = await stack.enter_async_context(executor_running(ExecutorSettings.read(executor)))
        settings = GatewaySettings.read(
            {
                **environ,
                "MISTRAL_ENGINE_ADDRESSES": f"127.0.0.1:{engine}",
                "MISTRAL_EXECUTOR_ADDRESSES": f"127.0.0.1:{offering}",
                "MISTRAL_HTTP_LISTEN": "127.0.0.1:0",
                "MISTRAL_AUTH": "api-key",
                "MISTRAL_POLICY_FILE": str(rules),
                "MISTRAL_AUDIT_FILE": str(folder / "audit.log"),
                "MISTRAL_DYNAMIC_ACTIONS": "true",
                "MISTRAL_ALLOW_ACTION_EXECUTION_DELETION": "true",
            }
        )
        ports = await stack.enter_async_context(gateway_running(settings))
        rest = await stack.enter_async_context(httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports.http}", timeout=30))
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{ports.grpc}"))
        found = await _world(rest, channel, first_key(database, "--name", "root")["secret"])
        found.engine, found.audit = f"127.0.0.1:{engine}", folder / "audit.log"
        yield found


async def _world(rest: httpx.AsyncClient, channel: grpc.aio.Channel, root: str) -> World:
    mark = uuid4().hex[:8]
    a, b = f"a{mark}", f"b{mark}"
    keys = Keys(channel, root)
    secrets = {
        "root": root,
        "a": (await keys.create("of a", project_id=a)).secret,
        "b": (await keys.create("of b", project_id=b)).secret,
    }
    found = World(rest=rest, channel=channel, token=f"token{uuid4().hex}", a=a, b=b, secrets=secrets)
    for who, kind, scope in (("a", "private", ""), ("root", "public", "public")):
        await _definitions(found, who, kind, scope)
    await _runs(found)
    return found


async def _definitions(world: World, who: str, kind: str, scope: str) -> None:
    """Make one of everything, under names that begin with the kind."""
    scoped = {"scope": scope} if scope else {}
    # What is public may be seen.
    token = world.token if kind == "private" else "open"
    things, name = world.things, f"{kind}_{world.a}"
    things[f"{kind} name"] = name

    async def text(path: str, form: str, **query: str) -> dict[str, Any]:
        content = form.format(name=name, token=token)
        return await world.made(who, "POST", path, content=content, params={**scoped, **query})

    def first(answer: Mapping[str, Any], plural: str) -> str:
        return str(answer[plural][0]["id"])

    things[f"{kind} workflow"] = first(await text("/v2/workflows", HELD), "workflows")
    await text("/v2/workbooks", BOOK)
    things[f"{kind} action"] = first(await text("/v2/actions", ACTION), "actions")
    things[f"{kind} source"] = (await text("/v2/code_sources", CODE, name=name))["id"]
    dynamic = {"name": f"{name}.one", "class_name": "One", "code_source_id": things[f"{kind} source"], **scoped}
    things[f"{kind} dynamic"] = (await world.made(who, "POST", "/v2/dynamic_actions", json=dynamic))["id"]
    environment = {"name": name, "variables": {"v": token}, **scoped}
    await world.made(who, "POST", "/v2/environments", json=environment)
    started = {"workflow_id": things[f"{kind} workflow"], "workflow_input": {"v": token}, **scoped}
    cron = {"name": name, "pattern": "0 0 1 1 *", **started}
    things[f"{kind} cron"] = (await world.made(who, "POST", "/v2/cron_triggers", json=cron))["id"]
    event = {"name": name, "exchange": "x", "topic": "t", "event": f"e.{name}", **started}
    things[f"{kind} event"] = (await world.made(who, "POST", "/v2/event_triggers", json=event))["id"]


async def _runs(world: World) -> None:
    """Have one execution that waits, one that failed, and an action that was run on its own."""
    things = world.things
    failing = FAILING.format(name=f"failing_{world.a}", token=world.token)
    await world.made("a", "POST", "/v2/workflows", content=failing)
    for kind, workflow, state in (
        ("held", things["private name"], "RUNNING"),
        ("failed", f"failing_{world.a}", "ERROR"),
    ):
        start = {"workflow_name": workflow, "input": {"v": world.token}, "description": world.token}
        execution = (await world.made("a", "POST", "/v2/executions", json=start))["id"]
        things[kind] = execution
        task, action = await _leaf(world, execution)
        things[f"{kind} task"], things[f"{kind} action"] = task, action
        await until(world, f"/v2/executions/{execution}", state)
    run = {"name": "std.echo", "input": {"output": world.token}, "params": {"save_result": True}}
    things["alone"] = (await world.made("a", "POST", "/v2/action_executions", json=run))["id"]
    await until(world, f"/v2/action_executions/{things['alone']}", "SUCCESS")
    offered = f"/v2/workflows/{things['private workflow']}/members"
    await world.made("a", "POST", offered, json={"member_id": f"c{world.a}"})


async def _leaf(world: World, execution: str) -> tuple[str, str]:
    async with asyncio.timeout(30):
        while True:
            for task in (await world.made("a", "GET", f"/v2/executions/{execution}/tasks"))["tasks"]:
                found = await world.made("a", "GET", f"/v2/tasks/{task['id']}/action_executions")
                for action in found["action_executions"]:
                    return task["id"], action["id"]
            await asyncio.sleep(0.05)


async def until(world: World, path: str, state: str) -> None:
    """Wait until something of A's is in a state."""
    async with asyncio.timeout(30):
        while True:
            if (await world.made("a", "GET", path))["state"] == state:
                return
            await asyncio.sleep(0.05)


async def snapshot(world: World) -> dict[str, Any]:
    """Return everything that A sees, to compare it later."""
    found: dict[str, Any] = {}
    for plural in (
        *("workflows", "workbooks", "actions", "environments", "cron_triggers", "event_triggers"),
        *("code_sources", "dynamic_actions", "executions", "tasks", "action_executions"),
    ):
        answer = await world.made("a", "GET", f"/v2/{plural}", params={"sort_keys": "name"})
        found[plural] = sorted(
            ({key: value for key, value in one.items() if key != "updated_at"} for one in answer[plural]),
            key=lambda one: str(one["id"]),
        )
    members = f"/v2/workflows/{world.things['private workflow']}/members"
    found["members"] = (await world.made("a", "GET", members))["members"]
    return found
