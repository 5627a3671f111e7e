"""The REST contract of ``/v2/cron_triggers``."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.api_gateway.contract import ECHO, FAILING, HELD, UNKNOWN_ID, Api, decoded, is_fault, new_name

FIELDS = {
    "id",
    "name",
    "workflow_name",
    "workflow_id",
    "workflow_input",
    "workflow_params",
    "project_id",
    "scope",
    "pattern",
    "remaining_executions",
    "first_execution_time",
    "next_execution_time",
    "created_at",
    "updated_at",
}
YEARLY = "0 0 1 1 *"


@pytest.fixture(scope="module")
def workflow(api: Api) -> dict:
    return api.workflow()


@pytest.fixture
def trigger(api: Api, workflow: dict) -> dict:
    body = {
        "name": new_name(),
        "workflow_id": workflow["id"],
        "pattern": YEARLY,
        "workflow_input": {"text": new_name()},
    }
    return api.made("/v2/cron_triggers", body)


@pytest.mark.parametrize("how", ["object", "string"])
def test_a_new_trigger_is_answered_with_all_fields(api, workflow, how):
    name, given = new_name(), {"text": new_name(), "times": 3}
    sent = given if how == "object" else f'{{"text": "{given["text"]}", "times": 3}}'

    answer = api.post(
        "/v2/cron_triggers",
        json={
            "name": name,
            "workflow_name": workflow["name"],
            "workflow_input": sent,
            "workflow_params": '{"env": {"a": 1}}',
            "pattern": YEARLY,
            "remaining_executions": 3,
        },
    )
    shown = answer.json()

    assert answer.status_code == 201
    assert set(shown) == FIELDS
    assert shown["name"] == name
    assert (shown["workflow_name"], shown["workflow_id"]) == (workflow["name"], workflow["id"])
    assert decoded(shown["workflow_input"]) == given
    assert decoded(shown["workflow_params"])["env"] == {"a": 1}
    assert (shown["pattern"], shown["remaining_executions"]) == (YEARLY, 3)
    assert shown["first_execution_time"] is None
    assert shown["next_execution_time"].endswith("-01-01 00:00:00")
    assert shown["scope"] == "private"
    assert shown["project_id"] == "<default-project>"
    assert api.get(f"/v2/cron_triggers/{name}").json() == shown
    assert api.get(f"/v2/cron_triggers/{shown['id']}").json() == shown
    assert shown in api.listed("/v2/cron_triggers")


def test_nulls_count_as_not_sent(api, workflow):
    body = {
        "name": new_name(),
        "workflow_id": workflow["id"],
        "pattern": YEARLY,
        "workflow_input": {"text": new_name()},
    }

    shown = api.made("/v2/cron_triggers", {**body, "first_execution_time": None, "remaining_executions": None})

    assert shown["remaining_executions"] is None


def test_a_count_may_be_sent_as_text(api, workflow):
    body = {
        "name": new_name(),
        "workflow_id": workflow["id"],
        "pattern": YEARLY,
        "workflow_input": {"text": new_name()},
    }

    assert api.made("/v2/cron_triggers", {**body, "remaining_executions": "5"})["remaining_executions"] == 5


def test_a_first_time_alone_means_once(api, workflow):
    first = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%d %H:%M")
    body = {"name": new_name(), "workflow_id": workflow["id"], "workflow_input": {"text": new_name()}}

    shown = api.made("/v2/cron_triggers", {**body, "first_execution_time": first})

    assert shown["first_execution_time"] == shown["next_execution_time"] == f"{first}:00"
    assert shown["remaining_executions"] == 1
    assert shown["pattern"] == "0 0 30 2 0"


def test_a_first_time_goes_before_the_pattern(api, workflow):
    first = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%d %H:%M")
    body = {"name": new_name(), "workflow_id": workflow["id"], "workflow_input": {"text": new_name()}}

    shown = api.made("/v2/cron_triggers", {**body, "first_execution_time": first, "pattern": "* * * * *"})

    assert shown["next_execution_time"] == f"{first}:00"
    assert shown["remaining_executions"] is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"pattern": None}, "Pattern or first_execution_time must be specified"),
        ({"pattern": "nonsense"}, "pattern"),
        ({"pattern": "* * *"}, "pattern"),
        ({"pattern": "61 * * * *"}, "pattern"),
        ({"remaining_executions": 0}, "remaining_executions"),
        ({"remaining_executions": -1}, "remaining_executions"),
        ({"remaining_executions": 2**31}, "remaining_executions"),
        ({"remaining_executions": 10**40}, "remaining_executions"),
        ({"remaining_executions": "many"}, "remaining_executions"),
        ({"first_execution_time": "2000-01-01 00:00"}, "first_execution_time must be at least 1 minute in the future"),
        ({"first_execution_time": "soon"}, "first_execution_time"),
        ({"first_execution_time": "2100-01-01"}, "first_execution_time"),
        ({"pattern": None, "first_execution_time": "2100-01-01 00:00", "remaining_executions": 2}, "Pattern"),
        ({"workflow_id": None}, "Workflow"),
        ({"workflow_input": {}}, "missing=['text']"),
        ({"workflow_input": {"text": 1, "bogus": 1}}, "unexpected=['bogus']"),
        ({"workflow_input": "[1]"}, "JsonType field value must be a dictionary"),
        ({"workflow_params": "text"}, ""),
        ({"scope": "all"}, "cope"),
        ({"bogus": 1}, "Unknown attribute for argument cron_trigger: bogus"),
    ],
)
def test_what_is_refused(api, workflow, change, said):
    body = {
        "name": new_name(),
        "workflow_id": workflow["id"],
        "pattern": YEARLY,
        "workflow_input": {"text": new_name()},
    }

    is_fault(api.post("/v2/cron_triggers", json={**body, **change}), 400, said)


@pytest.mark.parametrize("unknown", [{"workflow_id": UNKNOWN_ID}, {"workflow_name": "nothing-of-that-name"}])
def test_a_workflow_must_be_there(api, unknown):
    is_fault(api.post("/v2/cron_triggers", json={"name": new_name(), "pattern": YEARLY, **unknown}), 404)


def test_neither_name_nor_doings_may_be_there_twice(api, workflow, trigger):
    same = {"workflow_id": workflow["id"], "pattern": YEARLY, "workflow_input": trigger["workflow_input"]}

    is_fault(api.post("/v2/cron_triggers", json={**same, "name": new_name()}), 409)
    other = {**same, "workflow_input": {"text": new_name()}}
    is_fault(api.post("/v2/cron_triggers", json={**other, "name": trigger["name"]}), 409)
    assert api.post("/v2/cron_triggers", json={**same, "name": new_name(), "pattern": "1 0 1 1 *"}).status_code == 201


@pytest.mark.parametrize("key", ["id", "name"])
def test_deletion(api, trigger, key):
    path = f"/v2/cron_triggers/{trigger[key]}"

    answer = api.delete(path)

    assert (answer.status_code, answer.content) == (204, b"")
    is_fault(api.get(path), 404)
    is_fault(api.delete(path), 404)


def test_fields_may_be_chosen(api, trigger):
    shown = {"id": trigger["id"], "name": trigger["name"]}

    assert api.get(f"/v2/cron_triggers/{trigger['id']}?fields=name").json() == shown
    assert api.listed(f"/v2/cron_triggers?name={trigger['name']}&fields=name") == [shown]


def test_the_last_run_removes_the_trigger(api):
    workflow = api.workflow(HELD)
    body = {"name": new_name(), "workflow_id": workflow["id"], "pattern": "* * * * * *", "remaining_executions": 1}
    made = api.made("/v2/cron_triggers", body)

    started = api.first(f"/v2/executions?workflow_id={workflow['id']}")

    told = decoded(started["description"])
    assert (told["triggered_by"]["type"], told["triggered_by"]["id"]) == ("cron_trigger", made["id"])
    assert made["id"] in told["description"]
    api.asked(f"/v2/cron_triggers/{made['id']}", lambda answer: answer.status_code == 404)
    assert len(api.listed(f"/v2/executions?workflow_id={workflow['id']}")) == 1
    assert api.delete(f"/v2/workflows/{workflow['id']}").status_code == 204


@pytest.fixture(scope="module")
def two(api: Api) -> list[dict]:
    first = {"name": new_name(), "workflow_id": api.workflow(FAILING)["id"], "pattern": YEARLY}
    second = {
        "name": new_name(),
        "workflow_id": api.workflow(ECHO)["id"],
        "pattern": "5 4 1 1 *",
        "workflow_input": {"text": "a"},
        "remaining_executions": 2,
        "scope": "public",
    }
    return [api.made("/v2/cron_triggers", body) for body in (first, second)]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("name={0[name]}", [0]),
        ("workflow_name=in:{0[workflow_name]},{1[workflow_name]}", [0, 1]),
        ("workflow_id={1[workflow_id]}", [1]),
        ('workflow_input={{"text": "a"}}', [1]),
        ("workflow_params={{}}", [0, 1]),
        ("scope=public", [1]),
        ("pattern=5 4 1 1 *", [1]),
        ("pattern=neq:5 4 1 1 *", [0]),
        ("remaining_executions=2", [1]),
        ("remaining_executions=gt:1", [1]),
        ("first_execution_time=gt:2000-01-01 00:00:00", []),
        ("next_execution_time={0[next_execution_time]}", [0]),
        ("next_execution_time=gt:{0[next_execution_time]}", [1]),
        ("created_at=gte:{0[created_at]}", [0, 1]),
        ("updated_at=gt:2000-01-01 00:00:00", []),
        ("project_id=<default-project>", [0, 1]),
        ("id={0[id]}", [0]),
    ],
)
def test_filters(api, two, query, wanted):
    ids = {each["id"]: number for number, each in enumerate(two)}
    found = api.listed(f"/v2/cron_triggers?{query.format(*two)}")

    assert sorted(ids[each["id"]] for each in found if each["id"] in ids) == wanted
