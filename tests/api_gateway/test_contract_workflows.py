"""The REST contract of ``/v2/workflows``."""

import hashlib

import pytest
import yaml

from tests.api_gateway.contract import ECHO, FAILING, UNKNOWN_ID, Api, decoded, is_fault, is_text_fault, new_name

FIELDS = {
    "id",
    "name",
    "namespace",
    "input",
    "interface",
    "definition",
    "checksum",
    "tags",
    "scope",
    "project_id",
    "created_at",
    "updated_at",
}
TWO = """version: '2.0'

# first
{a}:
  tasks: {{t: {{action: std.noop}}}}

# second
{b}:
  type: reverse
  input: [x]
  tasks: {{t: {{action: std.noop}}, u: {{action: std.noop, requires: [t]}}}}
"""


def test_an_upload_answers_with_all_fields(api):
    name = new_name()
    text = ECHO.format(name=name)

    answer = api.post("/v2/workflows", content=text)
    (shown,) = answer.json()["workflows"]

    assert answer.status_code == 201
    assert set(answer.json()) == {"workflows"}
    assert set(shown) == FIELDS
    assert shown["name"] == name
    assert shown["namespace"] == ""
    assert shown["definition"] == text
    assert shown["checksum"] == hashlib.md5(text.encode()).hexdigest()
    assert shown["input"] == 'text, times="2"'
    assert shown["interface"] == {"input": ["text", {"times": 2}], "output": ["said"]}
    assert shown["tags"] == ["first", "second"]
    assert shown["scope"] == "private"
    assert shown["project_id"] == "<default-project>"


def test_a_workflow_is_read_by_id_and_by_name(api):
    made = api.workflow()

    by_id, by_name = api.get(f"/v2/workflows/{made['id']}"), api.get(f"/v2/workflows/{made['name']}")

    assert by_id.status_code == by_name.status_code == 200
    assert by_id.json() == by_name.json()
    assert set(by_id.json()) == FIELDS
    assert decoded(by_id.json()["interface"]) == made["interface"]
    assert {**by_id.json(), "interface": 0} == {**made, "interface": 0}


def test_fields_may_be_chosen(api):
    made = api.workflow()

    assert api.get(f"/v2/workflows/{made['id']}?fields=name").json() == {"id": made["id"], "name": made["name"]}
    is_fault(api.get(f"/v2/workflows/{made['id']}?fields=nonsense"), 400, "Some fields do not exist")
    (listed,) = api.listed(f"/v2/workflows?name={made['name']}&fields=definition,name")
    assert listed == {key: made[key] for key in ("id", "definition", "name")}
    assert next(iter(listed)) == "id"


def test_a_list_shows_all_fields(api):
    made = api.workflow()

    (listed,) = api.listed(f"/v2/workflows?name={made['name']}")

    assert set(listed) == FIELDS
    assert decoded(listed["interface"]) == made["interface"]


def test_several_in_one_document_are_stored_apart(api):
    a, b = new_name(), new_name()

    first, second = api.made("/v2/workflows", TWO.format(a=a, b=b))["workflows"]

    assert [first["name"], second["name"]] == [a, b]
    assert list(yaml.safe_load(first["definition"])) == ["version", a]
    assert list(yaml.safe_load(second["definition"])) == ["version", b]
    assert second["input"] == "x"


def test_a_document_is_stored_whole_or_not_at_all(api):
    taken = api.workflow()["name"]
    fresh = new_name()

    is_text_fault(api.post("/v2/workflows", content=TWO.format(a=fresh, b=taken)), 409)
    is_text_fault(api.put("/v2/workflows", content=TWO.format(a=taken, b=fresh)), 404)

    is_fault(api.get(f"/v2/workflows/{fresh}"), 404)
    assert "std.echo" in api.get(f"/v2/workflows/{taken}").json()["definition"]


def test_names_are_taken_once_in_a_namespace(api):
    made = api.workflow()
    text = ECHO.format(name=made["name"])

    is_text_fault(api.post("/v2/workflows", content=text), 409, made["name"])
    elsewhere = api.made("/v2/workflows", text, namespace="harbour")["workflows"][0]
    is_text_fault(api.post("/v2/workflows?namespace=harbour", content=text), 409)

    assert elsewhere["namespace"] == "harbour"
    assert elsewhere["id"] != made["id"]


def test_names_are_looked_for_in_one_namespace_and_ids_in_all(api):
    made = api.workflow(namespace="abc")

    is_fault(api.get(f"/v2/workflows/{made['name']}"), 404)
    assert api.get(f"/v2/workflows/{made['name']}?namespace=abc").json()["id"] == made["id"]
    assert api.get(f"/v2/workflows/{made['id']}").json()["namespace"] == "abc"
    assert api.get(f"/v2/workflows/{made['id']}?namespace=").status_code == 200
    assert [each["id"] for each in api.listed(f"/v2/workflows?namespace=abc&name={made['name']}")] == [made["id"]]
    assert api.listed(f"/v2/workflows?namespace=&name={made['name']}") == []
    is_fault(api.delete(f"/v2/workflows/{made['name']}"), 404)
    assert api.delete(f"/v2/workflows/{made['name']}?namespace=abc").status_code == 204


def test_an_update_replaces_the_text_by_the_name_in_it(api):
    made = api.workflow()

    answer = api.put("/v2/workflows", content=FAILING.format(name=made["name"]))
    (shown,) = answer.json()["workflows"]

    assert answer.status_code == 200
    assert set(shown) == FIELDS
    assert shown["id"] == made["id"]
    assert "std.fail" in shown["definition"]
    assert shown["tags"] == []
    assert shown["interface"] == {"input": [], "output": []}
    is_text_fault(api.put("/v2/workflows", content=ECHO.format(name=new_name())), 404)


def test_an_update_by_id_may_change_the_name(api):
    made, name = api.workflow(), new_name()

    answer = api.put(f"/v2/workflows/{made['id']}", content=ECHO.format(name=name))

    assert answer.status_code == 200
    assert (answer.json()["id"], answer.json()["name"]) == (made["id"], name)
    assert set(answer.json()) == FIELDS
    assert isinstance(answer.json()["interface"], dict)
    is_fault(api.get(f"/v2/workflows/{made['name']}"), 404)
    by_name = api.put(f"/v2/workflows/{name}", content=FAILING.format(name=name))
    assert by_name.json()["id"] == made["id"]


def test_an_update_by_id_takes_one_workflow_that_there_is(api):
    made = api.workflow()

    is_text_fault(api.put(f"/v2/workflows/{made['id']}", content=TWO.format(a=new_name(), b=new_name())), 400)
    is_text_fault(api.put(f"/v2/workflows/{UNKNOWN_ID}", content=ECHO.format(name=new_name())), 404)
    is_text_fault(api.put(f"/v2/workflows/{made['id']}", content="version: '2.0'\nw: {tasks: 1}"), 400)
    taken = api.workflow()["name"]
    is_text_fault(api.put(f"/v2/workflows/{made['id']}", content=ECHO.format(name=taken)), 409)


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_scopes(api, method):
    name = new_name()
    api.made("/v2/workflows", ECHO.format(name=name))
    name = new_name() if method == "POST" else name

    is_text_fault(api.request(method, "/v2/workflows?scope=everybody", content=ECHO.format(name=name)), 400, "cope")
    answer = api.request(method, "/v2/workflows?scope=public", content=ECHO.format(name=name))

    assert answer.json()["workflows"][0]["scope"] == "public"
    assert api.listed(f"/v2/workflows?scope=public&name={name}")
    back = api.put("/v2/workflows?scope=private", content=ECHO.format(name=name))
    assert back.json()["workflows"][0]["scope"] == "private"


@pytest.mark.parametrize("flag", ["skip_validation", "skip_validation=", "skip_validation=true", "skip_validation=1"])
def test_a_client_may_say_that_it_has_validated(api, flag):
    assert api.post(f"/v2/workflows?{flag}", content=ECHO.format(name=new_name())).status_code == 201


@pytest.mark.parametrize(
    "text",
    [
        "version: '2.0'\n{name}: {{}}",
        "version: '2.0'\n{name}: {{tasks: {{}}}}",
        "version: '2.0'\n{name}: {{type: sideways, tasks: {{t: {{action: std.noop}}}}}}",
        "version: '2.0'\n{name}: {{tasks: {{t: {{action: std.noop, workflow: w}}}}}}",
        "version: '2.0'\n{name}: {{tasks: {{t: {{action: std.noop, on-success: nowhere}}}}}}",
        "version: '2.0'\n{name}: {{tasks: {{t: {{action: std.echo output=<% $. %>}}}}}}",
        "version: '2.0'\n{name}: {{tasks: {{t: {{action: std.noop, join: some}}}}}}",
        "version: 2.0\n{name}: {{tasks: [",
    ],
)
def test_what_is_no_workflow(api, text):
    text = text.format(name=new_name())

    is_text_fault(api.post("/v2/workflows", content=text), 400)
    told = api.post("/v2/workflows/validate", content=text)
    assert told.status_code == 200
    assert told.json()["valid"] is False
    assert isinstance(told.json()["error"], str)


def test_validation_stores_nothing(api):
    name = new_name()

    assert api.post("/v2/workflows/validate", content=ECHO.format(name=name)).json() == {"valid": True}

    is_fault(api.get(f"/v2/workflows/{name}"), 404)


def test_deletion(api):
    made = api.workflow()
    execution = api.execution(made, input={"text": "x"})

    answer = api.delete(f"/v2/workflows/{made['id']}")

    assert (answer.status_code, answer.content) == (204, b"")
    is_fault(api.get(f"/v2/workflows/{made['id']}"), 404)
    is_fault(api.delete(f"/v2/workflows/{made['id']}"), 404)
    is_fault(api.delete(f"/v2/workflows/{made['name']}"), 404)
    assert api.get(f"/v2/executions/{execution['id']}").status_code == 200


def test_what_a_trigger_starts_cannot_be_deleted(api):
    made, name = api.workflow(FAILING), new_name()
    api.made("/v2/cron_triggers", {"name": name, "workflow_id": made["id"], "pattern": "0 0 1 1 *"})

    is_fault(api.delete(f"/v2/workflows/{made['id']}"), 400)

    assert api.delete(f"/v2/cron_triggers/{name}").status_code == 204
    assert api.delete(f"/v2/workflows/{made['id']}").status_code == 204


@pytest.fixture(scope="module")
def three(api: Api) -> list[dict]:
    return [api.workflow(), api.workflow(FAILING), api.workflow(namespace="other", scope="public")]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", [0, 1, 2]),
        ("name={0[name]}", [0]),
        ("name=eq:{0[name]}", [0]),
        ("name=neq:{0[name]}", [1, 2]),
        ("name=in:{0[name]},{1[name]}", [0, 1]),
        ("name=nin:{0[name]},{1[name]}", [2]),
        ("name=has:{1[name]}", [1]),
        ("name=gt:", [0, 1, 2]),
        ("name=lt:0", []),
        ("name=gte:{0[name]}&name=lte:{0[name]}", [0]),
        ("input=has:times", [0, 2]),
        ("input=", [1]),
        ("definition=has:std.fail", [1]),
        ("tags=first", [0, 2]),
        ("tags=first,second", [0, 2]),
        ("tags=first,third", []),
        ("scope=public", [2]),
        ("scope=private", [0, 1]),
        ("namespace=other", [2]),
        ("project_id=<default-project>", [0, 1, 2]),
        ("project_id=another", []),
        ("created_at=gte:{0[created_at]}", [0, 1, 2]),
        ("created_at=gt:2100-01-01 00:00:00", []),
        ("created_at=in:{0[created_at]},{1[created_at]},{2[created_at]}", [0, 1, 2]),
        ("created_at=lte:{2[created_at]}", [0, 1, 2]),
        ("created_at=gt:{2[created_at]}", []),
        ("created_at=lt:{0[created_at]}", []),
        # What was never changed has no time of change.
        ("updated_at=lte:2100-01-01 00:00:00", []),
        ("checksum={1[checksum]}", [1]),
        ("id=in:{0[id]},{2[id]}", [0, 2]),
    ],
)
def test_filters(api, three, query, wanted):
    ids = {each["id"]: number for number, each in enumerate(three)}
    found = api.listed(f"/v2/workflows?{query.format(*three)}&fields=name")

    assert sorted(ids[each["id"]] for each in found if each["id"] in ids) == wanted
