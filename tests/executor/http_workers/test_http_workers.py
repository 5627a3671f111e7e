"""Applications that are called over HTTP, on a whole gateway with an engine and executors: from REST to the result."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiohttp import web

from mistral_api_gateway.app import running as gateway_running
from mistral_api_gateway.settings import GatewaySettings
from mistral_engine.app import running as engine_running
from mistral_engine.settings import Settings as EngineSettings
from mistral_executor.app import running as executor_running
from mistral_executor.settings import ExecutorSettings
from mistral_runtime.signature import signature
from tests.executor.http_workers.application import Application, Called, in_turn, says, serving

SECRET = "a secret of sixteen"


@dataclass
class Mesh:
    """A mesh, spoken to over REST."""

    rest: httpx.AsyncClient
    name: str

    async def register(self, application: Application | str, **more: Any) -> None:
        url = application if isinstance(application, str) else application.url
        offer = {"name": f"{self.name}.do", **more.pop("offer", {})}
        body = {"name": self.name, "url": url, "actions": [offer], **more}
        answer = await self.rest.post("/v2/http_workers", json=body)
        assert answer.status_code == 201, answer.text

    async def start(self, task: dict[str, Any] | None = None, **given: Any) -> str:
        """Start a workflow of one task with the action; returns the execution's id."""
        workflow = f"w{uuid4().hex[:10]}"
        whole = {
            "action": f"{self.name}.do",
            "input": given or {"n": 1},
            **(task or {}),
            "worker": {"queue": "default"},
        }
        result = "<% task(t).result %>"
        body = {"output": {"r": result}, "output-on-error": {"r": result}, "tasks": {"t": whole}}
        text = json.dumps({"version": "2.0", workflow: body})
        made = await self.rest.post("/v2/workflows", content=text, headers={"Content-Type": "text/plain"})
        assert made.status_code == 201, made.text
        started = await self.rest.post("/v2/executions", json={"workflow_name": workflow})
        assert started.status_code == 201, started.text
        return str(started.json()["id"])

    async def ended(self, execution: str) -> tuple[str, Any]:
        """Wait until an execution has ended; returns its state and the result of its task."""
        async with asyncio.timeout(90):
            while True:
                found = (await self.rest.get(f"/v2/executions/{execution}")).json()
                if found["state"] in ("SUCCESS", "ERROR", "CANCELLED"):
                    return found["state"], json.loads(found["output"]).get("r")
                await asyncio.sleep(0.05)


@asynccontextmanager
async def meshed(database: str, nats: str, executors: int = 1) -> AsyncIterator[Mesh]:
    environ = {"MISTRAL_DATABASE_URL": database, "MISTRAL_NATS_URL": nats, "MISTRAL_DRAIN_SECONDS": "1"}
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(engine_running(EngineSettings.read(environ)))
        known = {"MISTRAL_ENGINE_ADDRESSES": f"127.0.0.1:{engine}"}
        shared = {**environ, **known, "MISTRAL_EGRESS_ALLOWED": "127.0.0.0/8"}
        addresses = []
        for number in range(executors):
            named = {**shared, "MISTRAL_SERVICE_NAME": f"executor-{number}"}
            port = await stack.enter_async_context(executor_running(ExecutorSettings.read(named)))
            addresses.append(f"127.0.0.1:{port}")
        settings = {"MISTRAL_EXECUTOR_ADDRESSES": ",".join(addresses), "MISTRAL_HTTP_LISTEN": "127.0.0.1:0"}
        ports = await stack.enter_async_context(gateway_running(GatewaySettings.read({**environ, **known, **settings})))
        base = f"http://127.0.0.1:{ports.http}"
        rest = await stack.enter_async_context(httpx.AsyncClient(base_url=base, timeout=30))
        found = Mesh(rest, f"h{uuid4().hex[:8]}")
        yield found
        await rest.delete(f"/v2/http_workers/{found.name}")


@pytest.fixture
async def mesh(database: str, nats: str) -> AsyncIterator[Mesh]:
    async with meshed(database, nats) as found:
        yield found


async def test_an_application_is_called_and_its_answer_is_the_result(mesh: Mesh) -> None:
    async with serving(says({"sum": 2**70})) as application:
        await mesh.register(application, secret=SECRET, headers={"X-Team": "billing"})

        ended = await mesh.ended(await mesh.start(amount=7, text="ä€😀"))

    (called,) = application.calls
    body, headers = called.body, called.headers
    assert ended == ("SUCCESS", {"sum": 2**70})
    assert (body["event"], body["action"], body["input"]) == (
        "run",
        f"{mesh.name}.do",
        {"amount": 7, "text": "ä€😀"},
    )
    assert headers["idempotency-key"] == body["idempotency_key"] == body["action_execution_id"]
    assert headers["x-team"] == "billing"
    moment = int(headers["webhook-timestamp"])
    assert headers["webhook-signature"] == signature(
        SECRET, id=headers["webhook-id"], timestamp=moment, body=called.raw
    )


@pytest.mark.parametrize(
    ("status", "said", "result"),
    [
        (422, {"type": "CardDeclined", "message": "no money", "details": {"code": 7}}, None),
        (500, {"oops": 1}, {"type": "HTTP500", "message": '{"oops": 1}'}),
    ],
)
async def test_what_an_application_refuses_is_the_error_of_the_action(
    mesh: Mesh, status: int, said: Any, result: Any
) -> None:
    async with serving(says(said, status)) as application:
        await mesh.register(application)

        state, error = await mesh.ended(await mesh.start())

    assert state == "ERROR"
    assert error == (result or said)
    assert len(application.calls) == 1


async def test_a_permanent_failure_is_not_tried_again(mesh: Mesh) -> None:
    async with serving(says({"message": "never", "permanent": True}, 400)) as application:
        await mesh.register(application)

        state, _ = await mesh.ended(await mesh.start({"retry": {"count": 5, "delay": 0}}))

    assert state == "ERROR"
    assert len(application.calls) == 1


async def test_one_that_is_busy_is_called_again(mesh: Mesh) -> None:
    async with serving(in_turn(_busy, _busy, says("done"))) as application:
        await mesh.register(application)

        ended = await mesh.ended(await mesh.start())

    assert ended == ("SUCCESS", "done")
    assert len({called.headers["webhook-id"] for called in application.calls}) == 1
    assert len(application.calls) == 3


async def test_one_that_is_never_reached_fails_after_its_attempts(mesh: Mesh) -> None:
    await mesh.register("http://127.0.0.1:1/actions", attempts=2)

    state, error = await mesh.ended(await mesh.start())

    assert state == "ERROR"
    assert error["type"] == "HttpWorkerUnreachable"
    assert "2 calls" in error["message"]


@pytest.mark.parametrize("safe", [False, True])
async def test_one_that_does_not_answer_is_called_again_only_if_that_does_no_harm(mesh: Mesh, safe: bool) -> None:
    async with serving(in_turn(_hangs, says("done"))) as application:
        await mesh.register(application, timeout_seconds=1, offer={"safe_rerun": safe})

        state, result = await mesh.ended(await mesh.start())

    if safe:
        assert (state, result, len(application.calls)) == ("SUCCESS", "done", 2)
    else:
        assert (state, result["type"], len(application.calls)) == ("ERROR", "HttpWorkerLost", 1)


async def test_an_application_may_answer_later(mesh: Mesh) -> None:
    async with serving(says({}, 202)) as application:
        await mesh.register(application)
        execution = await mesh.start()
        (called,) = await application.until(1)

        done = {"results": [{"token": called.body["token"], "output": {"late": 2**70}}]}
        answer = await mesh.rest.post("/v2/workers/complete", json=done)

        assert answer.status_code == 200, answer.text
        assert answer.json()["recorded"] == [called.body["token"]]
        assert await mesh.ended(execution) == ("SUCCESS", {"late": 2**70})


async def test_one_that_took_a_run_and_falls_silent_loses_it(mesh: Mesh) -> None:
    async with serving(in_turn(says({}, 202), says("done"))) as application:
        await mesh.register(application, lease_seconds=10, offer={"safe_rerun": True})

        ended = await mesh.ended(await mesh.start())

    assert ended == ("SUCCESS", "done")
    assert len(application.calls) == 2


async def test_one_that_took_a_run_is_told_when_nobody_waits_any_more(mesh: Mesh) -> None:
    async with serving(says({}, 202)) as application:
        await mesh.register(application)
        execution = await mesh.start()
        (called,) = await application.until(1)

        await mesh.rest.put(f"/v2/executions/{execution}", json={"state": "CANCELLED"})
        (told,) = await application.until(1, "cancel")

    assert told.body["token"] == called.body["token"]


async def test_no_more_runs_than_wanted_are_under_way_at_once(mesh: Mesh) -> None:
    async with serving(_slow) as application:
        await mesh.register(application, concurrency=3)
        task = {"with-items": "i in <% range(12) %>", "input": {"i": "<% $.i %>"}}

        state, result = await mesh.ended(await mesh.start(task))

    assert (state, len(result)) == ("SUCCESS", 12)
    assert application.most_at_once == 3


async def test_a_change_takes_effect_and_what_is_under_way_goes_on(mesh: Mesh) -> None:
    gate = asyncio.Event()

    async def waits(called: Called) -> web.Response:
        await gate.wait()
        return web.json_response("old")

    async with serving(in_turn(waits, says("new"))) as application:
        await mesh.register(application)
        first = await mesh.start()
        await application.until(1)
        await mesh.rest.put("/v2/http_workers", json={"name": mesh.name, "headers": {"X-Version": "2"}})
        second = await mesh.start()
        async with asyncio.timeout(60):
            while "x-version" not in application.calls[-1].headers:
                second = await mesh.start()
                await mesh.ended(second)
        gate.set()

        assert await mesh.ended(first) == ("SUCCESS", "old")
        assert await mesh.ended(second) == ("SUCCESS", "new")


async def test_an_address_that_is_not_public_is_refused_unless_it_is_allowed(mesh: Mesh) -> None:
    await mesh.register("http://10.1.2.3/actions")

    state, error = await mesh.ended(await mesh.start())

    assert state == "ERROR"
    assert error["type"] == "AddressDenied"


async def test_two_executors_share_the_runs_of_an_application(database: str, nats: str) -> None:
    async with meshed(database, nats, executors=2) as mesh, serving(_slow) as application:
        await mesh.register(application, concurrency=4)
        task = {"with-items": "i in <% range(20) %>", "input": {"i": "<% $.i %>"}}

        state, _ = await mesh.ended(await mesh.start(task))

    assert state == "SUCCESS"
    assert application.most_at_once <= 4
    assert len({called.body["token"] for called in application.calls}) == 20


async def _busy(called: Called) -> web.Response:
    return web.Response(status=503, headers={"Retry-After": "0"})


async def _hangs(called: Called) -> web.Response:
    await asyncio.sleep(20)
    return web.json_response("too late")


async def _slow(called: Called) -> web.Response:
    await asyncio.sleep(0.1)
    return web.json_response(called.body["input"]["i"])
