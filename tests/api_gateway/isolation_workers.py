"""What project B tries against fleets and HTTP workers of project A, over both doors, by operation."""

from typing import Any

from tests.api_gateway.isolation import Attempts, World
from tests.api_gateway.isolation_methods import DENIED, NOT_FOUND, OK, PUBLIC


async def employed(world: World) -> None:
    """Have project A fleets and HTTP workers, some of them secret."""
    for who, kind, scope in (("a", "private", "private"), ("root", "public", "public")):
        name, token = world.things[f"{kind} name"], world.token if kind == "private" else "open"
        fleet = {"name": name, "template": {"command": ["true", token]}, "scope": scope}
        await world.made(who, "POST", "/v2/fleets", json=fleet)
        await world.made(who, "POST", "/v2/http_workers", json={**_called(name), "description": token})


def on_workers(two: World) -> dict[str, Attempts]:
    """Return (status expected, path and query, what is sent) for each operation of REST."""
    private, public, mine = two.things["private name"], two.things["public name"], f"mine{two.b}"
    command = {"template": {"command": ["true"]}}
    return {
        "POST /v2/http_workers": [
            (201, "/v2/http_workers", {"json": _called(mine)}),
            (403, "/v2/http_workers", {"json": _called("pub", public=True)}),
        ],
        "PUT /v2/http_workers": [
            (404, "/v2/http_workers", {"json": {"name": private, "attempts": 2}}),
            (404, "/v2/http_workers", {"json": {"name": public, "attempts": 2}}),
        ],
        "GET /v2/http_workers": [
            (200, "/v2/http_workers", {}),
            (200, f"/v2/http_workers?description=has:{two.token}", {}),
            (403, "/v2/http_workers?all_projects=true", {}),
        ],
        "GET /v2/http_workers/{name}": [(404, f"/v2/http_workers/{name}", {}) for name in (private, public)],
        "DELETE /v2/http_workers/{name}": [(404, f"/v2/http_workers/{name}", {}) for name in (private, public)],
        "POST /v2/fleets": [
            (201, "/v2/fleets", {"json": {"name": mine, **command}}),
            (403, "/v2/fleets", {"json": {"name": "pub", "scope": "public", **command}}),
        ],
        "PUT /v2/fleets": [
            (404, "/v2/fleets", {"json": {"name": private, "slots": 2}}),
            (403, "/v2/fleets", {"json": {"name": public, "slots": 2}}),
            (403, "/v2/fleets", {"json": {"name": mine, "scope": "public"}}),
        ],
        "GET /v2/fleets": [
            (200, "/v2/fleets", {}),
            (200, f"/v2/fleets?template=has:{two.token}", {}),
            (403, "/v2/fleets?all_projects=true", {}),
        ],
        "GET /v2/fleets/{name}": [(404, f"/v2/fleets/{private}", {}), (200, f"/v2/fleets/{public}", {})],
        "GET /v2/fleets/{name}/workers": [
            (404, f"/v2/fleets/{private}/workers", {}),
            (200, f"/v2/fleets/{public}/workers?ended=true", {}),
        ],
        "DELETE /v2/fleets/{name}": [(404, f"/v2/fleets/{private}", {}), (403, f"/v2/fleets/{public}", {})],
    }


def calls_on_workers(two: World) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """Return (code expected, fields of the request) for each method."""
    private, public = two.things["private name"], two.things["public name"]
    url = "http://127.0.0.1:1/"
    command = '{"command": ["true"]}'
    return {
        "HttpWorkerService/CreateHttpWorker": [
            (OK, {"name": "mine", "url": url, "actions": '[{"name": "b.b"}]', "enabled": False}),
            (DENIED, {"name": "pub", "url": url, "actions": '[{"name": "b.b", "public": true}]'}),
        ],
        "HttpWorkerService/UpdateHttpWorker": [
            (NOT_FOUND, {"name": name, "attempts": 2}) for name in (private, public)
        ],
        "HttpWorkerService/GetHttpWorker": [(NOT_FOUND, {"name": name}) for name in (private, public)],
        "HttpWorkerService/ListHttpWorkers": [(OK, {}), (DENIED, {"all_projects": True})],
        "HttpWorkerService/DeleteHttpWorker": [(NOT_FOUND, {"name": name}) for name in (private, public)],
        "FleetService/CreateFleet": [
            (OK, {"name": "mine", "template": command}),
            (DENIED, {"name": "pub", "template": command, "scope": PUBLIC}),
        ],
        "FleetService/UpdateFleet": [
            (NOT_FOUND, {"name": private, "slots": 2}),
            (DENIED, {"name": public, "slots": 2}),
        ],
        "FleetService/GetFleet": [(NOT_FOUND, {"name": private}), (OK, {"name": public})],
        "FleetService/ListFleets": [(OK, {}), (DENIED, {"all_projects": True})],
        "FleetService/ListFleetWorkers": [(NOT_FOUND, {"name": private}), (OK, {"name": public, "ended": True})],
        "FleetService/DeleteFleet": [(NOT_FOUND, {"name": private}), (DENIED, {"name": public})],
    }


def _called(name: str, *, public: bool = False) -> dict[str, Any]:
    actions = [{"name": "b.b", "public": public}]
    return {"name": name, "url": "http://127.0.0.1:1/", "enabled": False, "actions": actions}
