"""Fleets over REST and gRPC: kept, changed, and refused by name when something is wrong with them."""

from typing import Any

import grpc
import httpx
import pytest

from mistral.v1 import fleet_pb2 as messages
from mistral.v1 import fleet_service_pb2 as service
from mistral.v1.fleet_service_pb2_grpc import FleetServiceStub

PATH = "/v2/fleets"
KUBERNETES = {"image": "registry.example/renderer:1", "command": ["render"], "resources": {"limits": {"cpu": "1"}}}


def wanted(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "template": {"command": ["python", "-m", "segmenter"], "env": {"LEVEL": "3"}}, **more}


async def test_a_fleet_is_answered_with_all_its_fields(rest: httpx.AsyncClient, name: str) -> None:
    answer = await rest.post(PATH, json=wanted(name, most_workers=100, description="segments"))

    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert {key: made[key] for key in ("name", "driver", "most_workers", "slots", "idle_seconds", "scope")} == {
        "name": name,
        "driver": "process",
        "most_workers": 100,
        "slots": 1,
        "idle_seconds": 30,
        "scope": "private",
    }
    assert '"command"' in made["template"]
    assert (await rest.get(f"{PATH}/{name}")).json() == made
    assert made in (await rest.get(PATH, params={"name": name})).json()["fleets"]


async def test_what_is_not_sent_stays_as_it_is(rest: httpx.AsyncClient, name: str) -> None:
    await rest.post(PATH, json=wanted(name, slots=4))

    changed = await rest.put(PATH, json={"name": name, "most_workers": 7})

    assert changed.status_code == 200, changed.text
    assert (changed.json()["slots"], changed.json()["most_workers"]) == (4, 7)
    assert (await rest.delete(f"{PATH}/{name}")).status_code == 204
    assert (await rest.get(f"{PATH}/{name}")).status_code == 404


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": ""}, "Name of the fleet"),
        ({"name": "n" * 256}, "255"),
        ({"driver": "docker"}, "docker"),
        ({"template": {}}, "command"),
        ({"template": {"command": []}}, "command"),
        ({"template": {"command": ["x"], "shell": True}}, "shell"),
        ({"template": {"command": ["x"], "env": {"a b": "1"}}}, "env"),
        ({"template": {"command": ["x\u0000"]}}, "NUL"),
        ({"driver": "kubernetes"}, "image"),
        ({"driver": "kubernetes", "template": {**KUBERNETES, "namespace": "No_Such"}}, "namespace"),
        ({"most_workers": 1001}, "most_workers"),
        ({"slots": 0}, "slots"),
        ({"idle_seconds": -1}, "idle_seconds"),
        ({"scope": "secret"}, "Scope"),
    ],
)
async def test_what_is_wrong_is_named(rest: httpx.AsyncClient, name: str, change: dict[str, Any], says: str) -> None:
    answer = await rest.post(PATH, json={**wanted(name), **change})

    assert answer.status_code == 400, answer.text
    assert says in answer.json()["faultstring"]
    assert (await rest.get(PATH, params={"name": name})).json()["fleets"] == []


async def test_a_driver_cannot_be_changed_to_one_that_the_template_does_not_fit(
    rest: httpx.AsyncClient, name: str
) -> None:
    await rest.post(PATH, json=wanted(name))

    assert (await rest.put(PATH, json={"name": name, "driver": "kubernetes"})).status_code == 400
    both = {"name": name, "driver": "kubernetes", "template": KUBERNETES}
    assert (await rest.put(PATH, json=both)).status_code == 200


async def test_two_fleets_of_a_project_have_two_names(rest: httpx.AsyncClient, name: str) -> None:
    await rest.post(PATH, json=wanted(name))

    assert (await rest.post(PATH, json=wanted(name))).status_code == 409


async def test_a_fleet_over_grpc_is_the_same_as_over_rest(
    channel: grpc.aio.Channel, rest: httpx.AsyncClient, name: str
) -> None:
    stub = FleetServiceStub(channel)

    made = await stub.CreateFleet(
        service.CreateFleetRequest(
            name=name, driver=messages.FLEET_DRIVER_KUBERNETES, template='{"image": "i"}', slots=3, request_id=name
        )
    )
    again = await stub.CreateFleet(
        service.CreateFleetRequest(
            name=name, driver=messages.FLEET_DRIVER_KUBERNETES, template='{"image": "i"}', slots=3, request_id=name
        )
    )
    changed = await stub.UpdateFleet(service.UpdateFleetRequest(name=name, idle_seconds=5, etag=made.fleet.etag))
    listed = await stub.ListFleets(service.ListFleetsRequest(filter=f'name = "{name}" AND driver = "kubernetes"'))

    assert again == made
    assert (await rest.get(f"{PATH}/{name}")).json()["idle_seconds"] == 5
    assert [one.etag for one in listed.fleets] == [changed.fleet.etag] != [made.fleet.etag]
    with pytest.raises(grpc.aio.AioRpcError) as stale:
        await stub.DeleteFleet(service.DeleteFleetRequest(name=name, etag=made.fleet.etag))
    assert stale.value.code() is grpc.StatusCode.ABORTED
    await stub.DeleteFleet(service.DeleteFleetRequest(name=name, etag=changed.fleet.etag))


async def test_the_workers_of_a_fleet_are_listed(
    channel: grpc.aio.Channel, rest: httpx.AsyncClient, pool: Any, name: str
) -> None:
    fleet = (await rest.post(PATH, json=wanted(name))).json()["id"]
    await pool.execute(
        "INSERT INTO fleet_worker (id, fleet_id, execution_id, driver, state, handle, reason, ended_at)"
        " VALUES (gen_random_uuid(), $1, 'e1', 'process', 'RUNNING', 'h/1/2', '', NULL),"
        "        (gen_random_uuid(), $1, 'e2', 'process', 'ENDED', 'h/2/3', 'exit status 1', now())",
        fleet,
    )

    stub = FleetServiceStub(channel)
    alive = (await stub.ListFleetWorkers(service.ListFleetWorkersRequest(name=name))).workers
    everyone = (await rest.get(f"{PATH}/{name}/workers", params={"ended": "true"})).json()["workers"]
    of_one = (await rest.get(f"{PATH}/{name}/workers", params={"ended": "1", "execution_id": "e2"})).json()["workers"]

    assert [(one.execution_id, one.state) for one in alive] == [("e1", messages.FLEET_WORKER_STATE_RUNNING)]
    assert alive[0].worker_id == f"{name}-{alive[0].id}"
    assert {one["execution_id"] for one in everyone} == {"e1", "e2"}
    assert [one["reason"] for one in of_one] == ["exit status 1"]
