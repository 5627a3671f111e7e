"""Event triggers over REST: everything that can be done with them before an event fires one."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from mistral_persistence.database import Pool

PATH = "/v2/event_triggers"


@pytest.fixture
async def workflow(rest: httpx.AsyncClient, workflow_text: Callable[[str], str], name: str) -> str:
    """Id of a workflow with the input ``host``, and ``port`` that has a default."""
    sent = await rest.post("/v2/workflows", content=workflow_text(name), headers={"Content-Type": "text/plain"})
    return str(sent.json()["workflows"][0]["id"])


@pytest.fixture
def wanted(workflow: str) -> dict[str, Any]:
    return {
        "name": "on boot",
        "workflow_id": workflow,
        "workflow_input": {"host": "a"},
        "exchange": "nova",
        "topic": "notifications",
        "event": "compute.instance.create.end",
    }


@pytest.fixture
async def trigger(rest: httpx.AsyncClient, wanted: dict[str, Any]) -> dict[str, Any]:
    answer = await rest.post(PATH, json=wanted)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


@pytest.fixture
async def of_another(pool: Pool, workflow: str) -> AsyncIterator[str]:
    """Id of a public trigger of another project."""
    trigger_id = str(uuid4())
    await pool.execute(
        "INSERT INTO event_trigger (id, project_id, workflow_id, exchange, topic, event, scope)"
        " VALUES ($1, 'other', $2, 'x', 'y', 'z', 'public')",
        trigger_id,
        workflow,
    )
    yield trigger_id
    await pool.execute("DELETE FROM event_trigger WHERE id = $1", trigger_id)


async def test_a_trigger_is_answered_with_all_its_fields(trigger: dict[str, Any], workflow: str) -> None:
    assert trigger | {"id": "", "created_at": ""} == {
        "id": "",
        "name": "on boot",
        "workflow_id": workflow,
        "workflow_input": '{"host": "a"}',
        "workflow_params": "{}",
        "exchange": "nova",
        "topic": "notifications",
        "event": "compute.instance.create.end",
        "enabled": True,
        "matching": "exact",
        "condition": "",
        "input_mapping": "{}",
        "reaction": "start",
        "correlation": "{}",
        "fired": 0,
        "refused": 0,
        "last_fired_at": None,
        "last_refused_at": None,
        "declared_by": None,
        "declared_name": "",
        "scope": "private",
        "project_id": "<default-project>",
        "created_at": "",
        "updated_at": None,
    }


async def test_input_and_params_may_be_sent_as_strings(rest: httpx.AsyncClient, wanted: dict[str, Any]) -> None:
    sent = wanted | {"workflow_input": '{"host": "b"}', "workflow_params": '{"env": {"k": 1}}'}
    made = (await rest.post(PATH, json=sent)).json()
    assert (made["workflow_input"], made["workflow_params"]) == ('{"host": "b"}', '{"env": {"k": 1}}')


@pytest.mark.parametrize("missing", ["exchange", "topic", "event", "workflow_id"])
async def test_what_must_be_there_is_named_when_it_is_not(
    rest: httpx.AsyncClient, wanted: dict[str, Any], missing: str
) -> None:
    del wanted[missing]
    answer = await rest.post(PATH, json=wanted)
    assert answer.status_code == 400
    assert "{'event', 'exchange', 'topic', 'workflow_id'}" in answer.json()["faultstring"]


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({"workflow_id": "no-uuid"}, 400, "workflow_id"),
        ({"workflow_id": "6e9b1a3c-0000-4000-8000-000000000000"}, 404, "Workflow not found"),
        ({"workflow_input": {}}, 400, "host"),
        ({"workflow_input": {"host": 1, "unknown": 2}}, 400, "unknown"),
        ({"workflow_input": [1]}, 400, "workflow_input"),
        ({"workflow_params": "[]"}, 400, "workflow_params"),
        ({"scope": "everybody"}, 400, "everybody"),
        ({"exchange": "x" * 256}, 400, "exchange"),
        ({"bogus": 1}, 400, "Unknown attribute for argument event_trigger: bogus"),
    ],
)
async def test_what_cannot_be_a_trigger_is_refused(
    rest: httpx.AsyncClient, wanted: dict[str, Any], changed: dict[str, Any], status: int, said: str
) -> None:
    answer = await rest.post(PATH, json=wanted | changed)
    assert answer.status_code == status, answer.text
    assert said in answer.json()["faultstring"]


async def test_the_same_event_starts_a_workflow_only_once(
    rest: httpx.AsyncClient, trigger: dict[str, Any], wanted: dict[str, Any]
) -> None:
    assert (await rest.post(PATH, json=wanted | {"name": "another"})).status_code == 409
    assert (await rest.post(PATH, json=wanted | {"event": "another"})).status_code == 201


async def test_a_change_replaces_only_what_is_sent(rest: httpx.AsyncClient, trigger: dict[str, Any]) -> None:
    answer = await rest.put(f"{PATH}/{trigger['id']}", json={"workflow_input": {"host": "b", "port": 1}})
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    assert changed.pop("updated_at") is not None
    assert changed == {name: value for name, value in trigger.items() if name != "updated_at"} | {
        "workflow_input": '{"host": "b", "port": 1}'
    }
    renamed = (await rest.put(f"{PATH}/{trigger['id']}", json={"name": "n", "workflow_params": {"env": {}}})).json()
    assert (renamed["name"], renamed["workflow_params"]) == ("n", '{"env": {}}')


@pytest.mark.parametrize("fixed", ["exchange", "topic", "event"])
async def test_what_a_trigger_waits_for_cannot_be_changed(
    rest: httpx.AsyncClient, trigger: dict[str, Any], fixed: str
) -> None:
    answer = await rest.put(f"{PATH}/{trigger['id']}", json={fixed: "new"})
    assert (answer.status_code, fixed in answer.json()["faultstring"]) == (400, True)
    assert (await rest.get(f"{PATH}/{trigger['id']}")).json() == trigger


async def test_a_change_is_checked_as_a_creation_is(rest: httpx.AsyncClient, trigger: dict[str, Any]) -> None:
    at = f"{PATH}/{trigger['id']}"
    assert (await rest.put(at, json={"workflow_input": {}})).status_code == 400
    assert (await rest.put(at, json={"workflow_id": str(uuid4())})).status_code == 404
    assert (await rest.put(at, json={"workflow_id": "no-uuid"})).status_code == 400
    assert (await rest.put(f"{PATH}/{uuid4()}", json={"name": "n"})).status_code == 404


async def test_another_workflow_must_take_the_input_that_stays(
    rest: httpx.AsyncClient, trigger: dict[str, Any], name: str
) -> None:
    text = f"version: '2.0'\nno_{name}:\n  tasks:\n    t: {{action: std.noop}}\n"
    made = await rest.post("/v2/workflows", content=text, headers={"Content-Type": "text/plain"})
    other = made.json()["workflows"][0]["id"]
    assert (await rest.put(f"{PATH}/{trigger['id']}", json={"workflow_id": other})).status_code == 400
    changed = await rest.put(f"{PATH}/{trigger['id']}", json={"workflow_id": other, "workflow_input": {}})
    assert (changed.status_code, changed.json()["workflow_id"]) == (200, other)


async def test_a_trigger_is_found_by_its_id_and_with_chosen_fields(
    rest: httpx.AsyncClient, trigger: dict[str, Any]
) -> None:
    assert (await rest.get(f"{PATH}/{trigger['id']}")).json() == trigger
    chosen = await rest.get(f"{PATH}/{trigger['id']}", params={"fields": "event"})
    assert chosen.json() == {"id": trigger["id"], "event": trigger["event"]}
    for unknown in (str(uuid4()), "on boot"):
        assert (await rest.get(f"{PATH}/{unknown}")).status_code == 404


@pytest.mark.parametrize(
    ("argument", "value", "found"),
    [
        ("event", "compute.instance.create.end", True),
        ("event", "has:create", True),
        ("event", "neq:compute.instance.create.end", False),
        ("exchange", "in:nova,glance", True),
        ("topic", "nin:notifications", False),
        ("scope", "public", False),
        ("workflow_input", '{"host":"a"}', True),
        ("created_at", "gt:2000-01-01 00:00:00", True),
    ],
)
async def test_every_column_is_a_filter(
    rest: httpx.AsyncClient, trigger: dict[str, Any], argument: str, value: str, found: bool
) -> None:
    params = {"workflow_id": trigger["workflow_id"], argument: value}
    listed = (await rest.get(PATH, params=params)).json()["event_triggers"]
    assert [one["id"] for one in listed] == [trigger["id"]] * found


async def test_lists_have_pages(rest: httpx.AsyncClient, wanted: dict[str, Any]) -> None:
    made = [(await rest.post(PATH, json=wanted | {"event": f"e{number}"})).json()["id"] for number in range(3)]
    first = (
        await rest.get(PATH, params={"limit": 2, "sort_keys": "event", "workflow_id": wanted["workflow_id"]})
    ).json()
    second = (await rest.get(first["next"])).json()
    assert [one["id"] for one in first["event_triggers"] + second["event_triggers"]] == made
    assert "next" not in second
    assert (await rest.get(PATH, params={"bogus": "1"})).status_code == 400


async def test_a_workflow_that_a_trigger_starts_cannot_be_deleted(
    rest: httpx.AsyncClient, trigger: dict[str, Any]
) -> None:
    at = f"/v2/workflows/{trigger['workflow_id']}"
    refused = await rest.delete(at)
    assert (refused.status_code, "event triggers" in refused.json()["faultstring"]) == (400, True)
    assert (await rest.delete(f"{PATH}/{trigger['id']}")).status_code == 204
    assert (await rest.delete(f"{PATH}/{trigger['id']}")).status_code == 404
    assert (await rest.delete(at)).status_code == 204


async def test_a_public_trigger_of_another_project_is_seen_and_left_alone(
    rest: httpx.AsyncClient, of_another: str
) -> None:
    at = f"{PATH}/{of_another}"
    assert (await rest.get(at)).json()["project_id"] == "other"
    assert (await rest.put(at, json={"name": "mine"})).status_code == 403
    assert (await rest.delete(at)).status_code == 403


async def test_a_private_trigger_of_another_project_is_not_there(
    rest: httpx.AsyncClient, pool: Pool, of_another: str
) -> None:
    await pool.execute("UPDATE event_trigger SET scope = 'private' WHERE id = $1", of_another)
    at = f"{PATH}/{of_another}"
    assert (await rest.get(at)).status_code == 404
    assert (await rest.put(at, json={"name": "mine"})).status_code == 404
    assert (await rest.delete(at)).status_code == 404
    assert of_another not in (await rest.get(PATH)).text
