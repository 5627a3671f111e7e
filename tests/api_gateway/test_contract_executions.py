"""The REST contract of ``/v2/executions``: starting, reading, changing and deleting them."""

import json
from uuid import uuid4

import pytest

from tests.api_gateway.contract import FAILING, HELD, UNKNOWN_ID, Api, decoded, is_fault, new_name

LIGHT = {
    "id",
    "workflow_id",
    "workflow_name",
    "workflow_namespace",
    "description",
    "tags",
    "params",
    "task_execution_id",
    "root_execution_id",
    "source_execution_id",
    "state",
    "state_info",
    "input",
    "created_at",
    "updated_at",
    "project_id",
}
FIELDS = LIGHT | {"output", "published_global"}
REVERSE = """version: '2.0'
{name}:
  type: reverse
  input: [greeting]
  tasks:
    hello: {{action: std.echo output=<% $.greeting %>}}
    goodbye: {{action: std.noop, requires: [hello]}}
    never: {{action: std.noop}}
"""
ENV = """version: '2.0'
{name}:
  output: {{host: <% env().host %>}}
  tasks:
    t: {{action: std.noop}}
"""
GLOBAL = """version: '2.0'
{name}:
  tasks:
    t: {{action: std.noop, on-success: {{publish: {{branch: {{b: 1}}, global: {{g: 2}}}}}}}}
"""


@pytest.mark.parametrize("how", ["object", "string"])
def test_a_start_answers_with_all_fields(api, how):
    workflow, given = api.workflow(), {"text": "ä", "times": 5}
    sent = given if how == "object" else json.dumps(given)

    answer = api.post(
        "/v2/executions", json={"workflow_id": workflow["id"], "input": sent, "description": "d", "params": "{}"}
    )
    shown = answer.json()

    assert answer.status_code == 201
    assert set(shown) == FIELDS
    assert shown["workflow_id"] == workflow["id"]
    assert shown["workflow_name"] == workflow["name"]
    assert shown["workflow_namespace"] == ""
    assert shown["description"] == "d"
    assert shown["tags"] == ["first", "second"]
    assert decoded(shown["input"]) == given
    assert decoded(shown["params"]) == {"namespace": "", "env": {}}
    assert decoded(shown["output"]) == {}
    assert decoded(shown["published_global"]) == {}
    assert shown["state"] == "RUNNING"
    assert shown["state_info"] is None
    assert shown["task_execution_id"] is None
    assert shown["root_execution_id"] is None
    assert shown["project_id"] == "<default-project>"


@pytest.mark.parametrize(
    ("attribute", "key"), [("workflow_id", "id"), ("workflow_id", "name"), ("workflow_name", "name")]
)
def test_a_workflow_is_named_by_id_or_name(api, attribute, key):
    workflow = api.workflow()

    shown = api.made("/v2/executions", {attribute: workflow[key], "input": {"text": 1}})

    assert shown["workflow_id"] == workflow["id"]


def test_input_defaults_are_filled_in(api):
    shown = api.execution(api.workflow(), input={"text": "x"})

    assert decoded(shown["input"]) == {"text": "x", "times": 2}


@pytest.mark.parametrize("where", ["attribute", "params"])
def test_a_workflow_of_a_namespace(api, where):
    workflow = api.workflow(namespace="abc")
    body = {"workflow_namespace": "abc"} if where == "attribute" else {"params": {"namespace": "abc"}}

    shown = api.made("/v2/executions", {"workflow_name": workflow["name"], "input": {"text": 1}, **body})

    assert shown["workflow_namespace"] == "abc"
    assert decoded(shown["params"])["namespace"] == "abc"


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({}, 400, "Workflow ID or workflow name must be provided"),
        ({"workflow_name": ""}, 400, "Workflow ID or workflow name must be provided"),
        ({"workflow_name": "nothing-of-that-name"}, 404, "nothing-of-that-name"),
        ({"workflow_id": UNKNOWN_ID}, 404, UNKNOWN_ID),
        ({"workflow_name": "W", "input": {}}, 400, "missing=['text']"),
        ({"workflow_name": "W"}, 400, "missing=['text']"),
        ({"workflow_name": "W", "input": {"text": 1, "zz": 1}}, 400, "unexpected=['zz']"),
        ({"workflow_name": "W", "input": [1]}, 400, "JsonType field value must be a dictionary"),
        ({"workflow_name": "W", "input": "[1]"}, 400, "JsonType field value must be a dictionary"),
        ({"workflow_name": "W", "input": "5"}, 400, "JsonType field value must be a dictionary"),
        ({"workflow_name": "W", "input": "no json"}, 400, "input"),
        (
            {"workflow_name": "W", "input": {"text": 1}, "params": "[]"},
            400,
            "JsonType field value must be a dictionary",
        ),
        (
            {"workflow_name": "W", "input": {"text": 1}, "params": {"env": "nothing"}},
            400,
            "Environment is not found: nothing",
        ),
        ({"workflow_name": "W", "input": {"text": 1}, "params": {"env": 5}}, 400, "env"),
        ({"workflow_name": "W", "input": {"text": 1}, "id": "no-uuid"}, 400, "UUID"),
        ({"source_execution_id": UNKNOWN_ID}, 404, UNKNOWN_ID),
        ({"workflow_name": "W", "workflow_namespace": "nowhere", "input": {"text": 1}}, 404, "nowhere"),
    ],
)
def test_what_is_refused(api, body, status, said):
    if body.get("workflow_name") == "W":
        body = {**body, "workflow_name": api.workflow()["name"]}

    is_fault(api.post("/v2/executions", json=body), status, said)


@pytest.mark.parametrize("body", [{}, {"workflow_name": "another"}, {"workflow_name": "another", "input": {"no": 1}}])
def test_a_start_with_an_id_may_be_repeated(api, body):
    workflow, execution_id = api.workflow(HELD), str(uuid4())
    first = api.execution(workflow, id=execution_id)

    again = api.post("/v2/executions", json={"workflow_id": workflow["id"], "id": execution_id, **body})

    assert first["id"] == execution_id
    assert again.status_code == 201
    assert (again.json()["id"], again.json()["workflow_id"]) == (execution_id, workflow["id"])
    assert len(api.listed(f"/v2/executions?workflow_id={workflow['id']}")) == 1


def test_a_reverse_workflow_runs_up_to_its_task(api):
    done = api.ended(REVERSE, input={"greeting": "Hello"}, params={"task_name": "goodbye"})

    tasks = api.listed(f"/v2/executions/{done['id']}/tasks?sort_keys=name")
    assert [each["name"] for each in tasks] == ["goodbye", "hello"]
    assert decoded(done["params"])["task_name"] == "goodbye"
    workflow = api.workflow(REVERSE)
    body = {"workflow_id": workflow["id"], "input": {"greeting": "x"}}
    is_fault(api.post("/v2/executions", json={**body, "params": {"task_name": "nothing"}}), 400)
    is_fault(api.post("/v2/executions", json=body), 400)


@pytest.mark.parametrize("how", ["name", "object", "string"])
def test_an_environment_by_name_or_as_it_is(api, how):
    variables = {"host": "example", "all": "<% env().host %>"}
    stored = api.made("/v2/environments", {"name": new_name(), "variables": variables})
    params = {"env": stored["name"] if how == "name" else variables}

    done = api.ended(ENV, params=json.dumps(params) if how == "string" else params)

    assert decoded(done["output"]) == {"host": "example"}
    assert decoded(done["params"])["env"] == {"host": "example", "all": "example"}


def test_an_environment_may_be_left_as_it_is(api):
    raw = {"host": "<% $.nothing %>"}

    done = api.ended(ENV, params={"env": raw, "evaluate_env": False})

    assert decoded(done["params"])["env"] == raw


def test_one_execution_shows_what_came_out(api):
    done = api.ended()

    assert set(done) == FIELDS
    assert decoded(done["output"]) == {"said": "aye"}
    with_global = api.ended(GLOBAL)
    assert decoded(with_global["published_global"]) == {"g": 2}
    assert decoded(with_global["output"])["b"] == 1


def test_chosen_fields_of_one(api):
    done = api.ended()
    path = f"/v2/executions/{done['id']}"

    assert api.get(f"{path}?fields=state,output").json() == {key: done[key] for key in ("id", "state", "output")}
    assert api.get(f"{path}?fields=state").json() == {"id": done["id"], "state": "SUCCESS"}
    is_fault(api.get(f"{path}?fields=nonsense"), 400, "Some fields do not exist")
    is_fault(api.get(f"{path}?bogus=1"), 400, 'Unknown argument: "bogus"')


def test_lists_leave_out_what_is_heavy(api):
    done = api.ended()
    path = f"/v2/executions?id={done['id']}"

    assert set(api.listed(path)[0]) == LIGHT
    assert set(api.listed(f"{path}&include_output=false")[0]) == LIGHT
    assert decoded(api.listed(f"{path}&include_output=true")[0]["output"]) == {"said": "aye"}
    assert api.listed(f"{path}&fields=output") == [{"id": done["id"], "output": done["output"]}]
    is_fault(api.get("/v2/executions?include_output=maybe"), 400, "include_output")


@pytest.fixture(scope="module")
def three(api: Api) -> list[dict]:
    return [
        api.ended(description="one"),
        api.ended(FAILING, state="ERROR", description="two"),
        api.held()[0],
    ]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("workflow_name={0[workflow_name]}", [0]),
        ("workflow_name=neq:{0[workflow_name]}", [1, 2]),
        ("workflow_name=in:{0[workflow_name]},{1[workflow_name]}", [0, 1]),
        ("workflow_id={1[workflow_id]}", [1]),
        ("description=one", [0]),
        ("description=has:o", [0, 1]),
        ("description=in:one,two", [0, 1]),
        ("tags=first", [0]),
        ("tags=first,second", [0]),
        ("tags=first,third", []),
        ('params={{"namespace": "", "env": {{}}}}', [0, 1, 2]),
        ("task_execution_id=7a7a7a7a-1111-4222-8333-944444444444", []),
        ("root_execution_id=7a7a7a7a-1111-4222-8333-944444444444", []),
        ("state=SUCCESS", [0]),
        ("state=eq:SUCCESS", [0]),
        ("state=neq:SUCCESS", [1, 2]),
        ("state=in:ERROR,SUCCESS", [0, 1]),
        ("state=nin:ERROR,SUCCESS", [2]),
        ("state=has:RR", [1]),
        ("state=gt:RUNNING", [0]),
        ("state=gte:RUNNING", [0, 2]),
        ("state=lt:RUNNING", [1]),
        ("state=lte:RUNNING", [1, 2]),
        ("state=ERROR&workflow_name={1[workflow_name]}", [1]),
        ("state=ERROR&workflow_name={0[workflow_name]}", []),
        ("state_info=has:bad", [1]),
        ('input={{"times": 2, "text": "aye"}}', [0]),
        ("input=has:aye", [0]),
        ('output={{"said": "aye"}}', [0]),
        ("created_at=gte:{0[created_at]}", [0, 1, 2]),
        ("created_at=lt:{0[created_at]}", []),
        ("created_at=gte:{0[created_at]}&created_at=lte:{2[created_at]}", [0, 1, 2]),
        ("updated_at=gt:2100-01-01 00:00:00", []),
        ("project_id=<default-project>", [0, 1, 2]),
        ("nulls=state_info", [0, 2]),
        ("nulls=task_execution_id", [0, 1, 2]),
        ("nulls=output,state_info", [2]),
        ("nulls=", [0, 1, 2]),
        ("id=in:{0[id]},{1[id]}", [0, 1]),
        ("workflow_namespace=", [0, 1, 2]),
        ("all_projects=true", [0, 1, 2]),
    ],
)
def test_filters(api, three, query, wanted):
    ids = {each["id"]: number for number, each in enumerate(three)}
    found = api.listed(f"/v2/executions?{query.format(*three)}")

    assert sorted(ids[each["id"]] for each in found if each["id"] in ids) == wanted


def test_the_default_order_is_that_of_creation(api, three):
    ids = {each["id"] for each in three}

    up = [each["id"] for each in api.listed("/v2/executions") if each["id"] in ids]
    down = [each["id"] for each in api.listed("/v2/executions?sort_dirs=desc") if each["id"] in ids]

    assert up == [each["id"] for each in three]
    assert down == up[::-1]


def test_a_marker_leads_past_a_thing(api, three):
    wanted = f"workflow_name=in:{','.join(each['workflow_name'] for each in three)}"

    found = api.listed(f"/v2/executions?{wanted}&marker={three[0]['id']}&limit=1")

    assert [each["id"] for each in found] == [three[1]["id"]]
    assert api.listed(f"/v2/executions?{wanted}&marker={three[2]['id']}") == []
    is_fault(api.get("/v2/executions?marker=no-uuid"), 400, "marker")
