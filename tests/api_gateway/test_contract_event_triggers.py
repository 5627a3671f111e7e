"""The REST contract of ``/v2/event_triggers``."""

import pytest

from tests.api_gateway.contract import FAILING, UNKNOWN_ID, Api, decoded, is_fault, new_name

FIELDS = {
    "id",
    "name",
    "workflow_id",
    "workflow_input",
    "workflow_params",
    "exchange",
    "topic",
    "event",
    "enabled",
    "matching",
    "condition",
    "input_mapping",
    "reaction",
    "correlation",
    "fired",
    "refused",
    "last_fired_at",
    "last_refused_at",
    "declared_by",
    "declared_name",
    "scope",
    "project_id",
    "created_at",
    "updated_at",
}


@pytest.fixture(scope="module")
def workflow(api: Api) -> dict:
    return api.workflow()


def body(workflow: dict, **more) -> dict:
    name = new_name()
    given = {
        "name": name,
        "workflow_id": workflow["id"],
        "exchange": name,
        "topic": "notifications",
        "event": "e.start",
    }
    return {**given, "workflow_input": {"text": "x"}, **more}


@pytest.mark.parametrize("given", [{"text": "x"}, '{"text": "x"}'])
def test_a_new_trigger_is_answered_with_all_fields(api, workflow, given):
    sent = body(workflow, workflow_input=given, workflow_params={"env": {"a": 1}})

    answer = api.post("/v2/event_triggers", json=sent)
    shown = answer.json()

    assert answer.status_code == 201
    assert set(shown) == FIELDS
    for attribute in ("name", "workflow_id", "exchange", "topic", "event"):
        assert shown[attribute] == sent[attribute]
    assert decoded(shown["workflow_input"]) == {"text": "x"}
    assert decoded(shown["workflow_params"]) == {"env": {"a": 1}}
    assert shown["scope"] == "private"
    assert shown["project_id"] == "<default-project>"
    assert api.get(f"/v2/event_triggers/{shown['id']}").json() == shown
    assert shown in api.listed("/v2/event_triggers")


@pytest.mark.parametrize("missing", ["workflow_id", "exchange", "topic", "event"])
def test_what_is_needed(api, workflow, missing):
    sent = body(workflow)
    del sent[missing]

    is_fault(api.post("/v2/event_triggers", json=sent), 400, missing)


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"workflow_id": UNKNOWN_ID}, 404, UNKNOWN_ID),
        ({"workflow_input": "[]"}, 400, "JsonType field value must be a dictionary"),
        ({"workflow_input": {"zz": 1}}, 400, "zz"),
        ({"scope": "all"}, 400, "cope"),
        ({"bogus": 1}, 400, "Unknown attribute for argument event_trigger: bogus"),
    ],
)
def test_what_is_refused(api, workflow, change, status, said):
    is_fault(api.post("/v2/event_triggers", json=body(workflow, **change)), status, said)


def test_the_same_may_not_be_there_twice(api, workflow):
    sent = body(workflow)
    api.made("/v2/event_triggers", sent)

    is_fault(api.post("/v2/event_triggers", json={**sent, "name": new_name()}), 409)
    other = api.workflow()
    assert api.post("/v2/event_triggers", json={**sent, "workflow_id": other["id"]}).status_code == 201


def test_an_update(api, workflow):
    made = api.made("/v2/event_triggers", body(workflow))
    path = f"/v2/event_triggers/{made['id']}"

    answer = api.put(path, json={"name": "another", "workflow_input": '{"text": "y"}'})

    assert answer.status_code == 200
    assert set(answer.json()) == FIELDS
    assert answer.json()["name"] == "another"
    assert decoded(answer.json()["workflow_input"]) == {"text": "y"}
    assert api.put(path, json={"scope": "public"}).json()["scope"] == "public"
    for fixed in ("exchange", "topic", "event"):
        is_fault(api.put(path, json={fixed: "other"}), 400)
    is_fault(api.put(f"/v2/event_triggers/{UNKNOWN_ID}", json={"name": "x"}), 404)


def test_deletion(api, workflow):
    path = f"/v2/event_triggers/{api.made('/v2/event_triggers', body(workflow))['id']}"

    answer = api.delete(path)

    assert (answer.status_code, answer.content) == (204, b"")
    is_fault(api.get(path), 404)
    is_fault(api.delete(path), 404)


def test_what_a_trigger_starts_cannot_be_deleted(api):
    workflow = api.workflow(FAILING)
    made = api.made("/v2/event_triggers", body(workflow, workflow_input={}))

    is_fault(api.delete(f"/v2/workflows/{workflow['id']}"), 400)
    api.delete(f"/v2/event_triggers/{made['id']}")
    assert api.delete(f"/v2/workflows/{workflow['id']}").status_code == 204


@pytest.fixture(scope="module")
def two(api: Api, workflow: dict) -> list[dict]:
    first = api.made("/v2/event_triggers", body(workflow))
    return [first, api.made("/v2/event_triggers", body(workflow, topic="other", scope="public"))]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("name={0[name]}", [0]),
        ("exchange=in:{0[exchange]},{1[exchange]}", [0, 1]),
        ("topic=other", [1]),
        ("event=has:start", [0, 1]),
        ("scope=public", [1]),
        ("workflow_id={0[workflow_id]}", [0, 1]),
        ('workflow_input={{"text": "x"}}', [0, 1]),
        ("created_at=gte:{0[created_at]}", [0, 1]),
        ("id={1[id]}", [1]),
        ("fields=name&topic=other", [1]),
    ],
)
def test_filters(api, two, query, wanted):
    ids = {each["id"]: number for number, each in enumerate(two)}
    found = api.listed(f"/v2/event_triggers?{query.format(*two)}")

    assert sorted(ids[each["id"]] for each in found if each["id"] in ids) == wanted
