"""The REST contract of ``/v2/workbooks``."""

import pytest

from tests.api_gateway.contract import BOOK, Api, is_fault, is_text_fault, new_name

FIELDS = {"id", "name", "namespace", "definition", "tags", "scope", "project_id", "created_at", "updated_at"}
CHANGED = """version: '2.0'
name: {name}
workflows:
  main: {{tasks: {{t: {{action: std.noop}}, u: {{action: std.noop}}}}}}
"""


def test_an_upload_answers_with_all_fields(api):
    name = new_name()
    text = BOOK.format(name=name)

    answer = api.post("/v2/workbooks", content=text)
    shown = answer.json()

    assert answer.status_code == 201
    assert set(shown) == FIELDS
    assert shown["name"] == name
    assert shown["namespace"] == ""
    assert shown["definition"] == text
    assert shown["tags"] == ["bound"]
    assert shown["scope"] == "private"
    assert shown["project_id"] == "<default-project>"
    assert api.get(f"/v2/workbooks/{name}").json() == shown
    assert api.listed(f"/v2/workbooks?name={name}") == [shown]


def test_what_is_in_it_is_stored_under_its_name(api):
    name = new_name()
    api.made("/v2/workbooks", BOOK.format(name=name), namespace="quay", scope="public")

    workflow = api.get(f"/v2/workflows/{name}.main?namespace=quay").json()
    action = api.get(f"/v2/actions/{name}.greet?namespace=quay").json()

    assert workflow["checksum"] is None
    assert (workflow["scope"], workflow["namespace"]) == ("public", "quay")
    assert "main" in workflow["definition"]
    assert "greet" in action["definition"]


def test_deletion_keeps_what_was_in_it(api):
    name = new_name()
    api.made("/v2/workbooks", BOOK.format(name=name))

    answer = api.delete(f"/v2/workbooks/{name}")

    assert (answer.status_code, answer.content) == (204, b"")
    is_fault(api.get(f"/v2/workbooks/{name}"), 404)
    is_fault(api.delete(f"/v2/workbooks/{name}"), 404)
    assert api.get(f"/v2/workflows/{name}.main").status_code == 200
    assert api.get(f"/v2/actions/{name}.greet").status_code == 200
    # And another one may take it over.
    assert api.post("/v2/workbooks", content=BOOK.format(name=name)).status_code == 201


def test_names_are_taken_once_in_a_namespace(api):
    name = new_name()
    api.made("/v2/workbooks", BOOK.format(name=name))

    is_text_fault(api.post("/v2/workbooks", content=BOOK.format(name=name)), 409)
    assert api.post("/v2/workbooks?namespace=a", content=BOOK.format(name=name)).status_code == 201
    is_text_fault(api.post("/v2/workbooks?namespace=a", content=BOOK.format(name=name)), 409)
    assert api.get(f"/v2/workbooks/{name}?namespace=a").json()["namespace"] == "a"
    assert api.delete(f"/v2/workbooks/{name}?namespace=a").status_code == 204
    is_fault(api.get(f"/v2/workbooks/{name}?namespace=a"), 404)
    assert api.get(f"/v2/workbooks/{name}").status_code == 200


def test_an_update_replaces_it_and_what_is_in_it(api):
    name = new_name()
    made = api.made("/v2/workbooks", BOOK.format(name=name))
    workflow = api.get(f"/v2/workflows/{name}.main").json()

    answer = api.put("/v2/workbooks", content=CHANGED.format(name=name))

    assert answer.status_code == 200
    assert set(answer.json()) == FIELDS
    assert answer.json()["id"] == made["id"]
    assert answer.json()["definition"] == CHANGED.format(name=name)
    changed = api.get(f"/v2/workflows/{name}.main").json()
    assert changed["id"] == workflow["id"]
    assert "u" in changed["definition"]
    is_text_fault(api.put("/v2/workbooks", content=CHANGED.format(name=new_name())), 404)


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_scopes(api, method):
    name = new_name()
    if method == "PUT":
        api.made("/v2/workbooks", BOOK.format(name=name))

    is_text_fault(api.request(method, "/v2/workbooks?scope=all", content=BOOK.format(name=name)), 400, "cope")
    answer = api.request(method, "/v2/workbooks?scope=public", content=BOOK.format(name=name))

    assert answer.json()["scope"] == "public"
    assert api.get(f"/v2/workflows/{name}.main").json()["scope"] == "public"


@pytest.mark.parametrize("flag", ["skip_validation", "skip_validation=true"])
def test_a_client_may_say_that_it_has_validated(api, flag):
    assert api.post(f"/v2/workbooks?{flag}", content=BOOK.format(name=new_name())).status_code == 201


@pytest.mark.parametrize(
    "text",
    [
        "version: '2.0'\nname: {name}",
        "version: '2.0'\nworkflows: {{w: {{tasks: {{t: {{action: std.noop}}}}}}}}",
        "version: '2.0'\nname: {name}\nworkflows: {{w: {{tasks: {{t: {{bogus: 1}}}}}}}}",
        "version: '2.0'\nname: {name}\nactions: {{a: {{input: [x]}}}}",
        "version: '2.0'\nname: {name}\nbogus: 1\nworkflows: {{w: {{tasks: {{t: {{action: std.noop}}}}}}}}",
    ],
)
def test_what_is_no_workbook(api, text):
    text = text.format(name=new_name())
    told = api.post("/v2/workbooks/validate", content=text)
    answer = api.post("/v2/workbooks", content=text)

    assert told.status_code == 200
    assert told.json()["valid"] is (answer.status_code == 201)
    if answer.status_code != 201:
        is_text_fault(answer, 400)
        assert told.json()["error"]


def test_validation_stores_nothing(api):
    name = new_name()

    assert api.post("/v2/workbooks/validate", content=BOOK.format(name=name)).json() == {"valid": True}

    is_fault(api.get(f"/v2/workbooks/{name}"), 404)


def test_fields_may_be_chosen(api):
    name = new_name()
    made = api.made("/v2/workbooks", BOOK.format(name=name))

    assert api.get(f"/v2/workbooks/{name}?fields=tags").json() == {"id": made["id"], "tags": ["bound"]}
    assert api.listed(f"/v2/workbooks?name={name}&fields=tags") == [{"id": made["id"], "tags": ["bound"]}]
    is_fault(api.get(f"/v2/workbooks/{name}?fields=nonsense"), 400, "Some fields do not exist")


@pytest.fixture(scope="module")
def two(api: Api) -> list[dict]:
    return [
        api.made("/v2/workbooks", BOOK.format(name=new_name())),
        api.made("/v2/workbooks", CHANGED.format(name=new_name()), namespace="n", scope="public"),
    ]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("name={0[name]}", [0]),
        ("name=neq:{0[name]}", [1]),
        ("name=in:{0[name]},{1[name]}", [0, 1]),
        ("name=nin:{1[name]}", [0]),
        ("definition=has:greet", [0]),
        ("tags=bound", [0]),
        ("scope=public", [1]),
        ("namespace=n", [1]),
        ("created_at=lt:2000-01-01 00:00:00", []),
        ("created_at=gte:{0[created_at]}", [0, 1]),
        ("updated_at=gt:2000-01-01 00:00:00", []),
    ],
)
def test_filters(api, two, query, wanted):
    ids = {each["id"]: number for number, each in enumerate(two)}
    found = api.listed(f"/v2/workbooks?{query.format(*two)}")

    assert sorted(ids[each["id"]] for each in found if each["id"] in ids) == wanted
