"""What project B tries against connected workers of project A, over both doors, by operation."""

from typing import Any

from tests.api_gateway.isolation import Attempts, World
from tests.api_gateway.isolation_methods import DENIED, INVALID, NOT_FOUND, OK


async def connected(world: World) -> None:
    """Have a worker of project A take a run."""
    offer = {"name": f"act{world.a}", "description": world.token, "safe_rerun": True}
    worker = {"id": f"worker{world.a}", "labels": {"secret": world.token}, "actions": [offer]}
    session = (await world.made("a", "POST", "/v2/workers/poll", json={"worker": worker, "wait": 0}))["session"]
    run = {"name": offer["name"], "input": {"v": world.token}, "params": {"save_result": True}}
    await world.made("a", "POST", "/v2/action_executions", json=run)
    taken = await world.made("a", "POST", "/v2/workers/poll", json={"session": session, "wait": 20})
    world.things["worker session"] = session
    world.things["worker token"] = taken["assignments"][0]["token"]
    world.things["worker id"] = worker["id"]


def on_sessions(two: World) -> dict[str, Attempts]:
    """Return (status expected, path and query, what is sent) for each operation of REST."""
    session, token, worker = (two.things[f"worker {name}"] for name in ("session", "token", "id"))
    polls = "/v2/workers/poll"
    mine = {"id": "mine", "actions": [{"name": f"act{two.a}"}]}
    return {
        f"POST {polls}": [
            (404, polls, {"json": {"session": session, "wait": 0}}),
            (200, polls, {"json": {"worker": mine, "wait": 0}}),
            (403, polls, {"json": {"worker": {"id": "b", "actions": [{"name": "b.p", "public": True}]}, "wait": 0}}),
        ],
        # What is answered names the token that was sent: that it is unknown.
        "POST /v2/workers/complete": [
            (400, "/v2/workers/complete", {"json": {"results": [{"token": token}]}}),
        ],
        "POST /v2/workers/heartbeat": [(200, "/v2/workers/heartbeat", {"json": {"tokens": []}})],
        "GET /v2/workers": [(200, "/v2/workers", {}), (403, "/v2/workers?all_projects=true", {})],
        "GET /v2/workers/{id}": [(404, f"/v2/workers/{worker}", {})],
    }


def calls_on_sessions(two: World) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """Return (code expected, fields of the request) for each method."""
    session, token, worker = (two.things[f"worker {name}"] for name in ("session", "token", "id"))
    public = {"id": "b", "instance": "b", "actions": [{"name": "b.p", "public": True}]}
    return {
        "WorkerService/Work": [(INVALID, {})],
        "WorkerService/PollAssignments": [
            (NOT_FOUND, {"session": session, "wait": {}}),
            (DENIED, {"worker": public, "wait": {}}),
        ],
        "WorkerService/CompleteAssignments": [(INVALID, {"results": [{"token": token}]})],
        "WorkerService/HeartbeatAssignments": [(OK, {})],
        "WorkerService/ListWorkers": [(OK, {}), (DENIED, {"all_projects": True})],
        "WorkerService/GetWorker": [(NOT_FOUND, {"id": worker})],
    }
