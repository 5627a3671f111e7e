"""The REST contract of ``/v2/environments``."""

import json
from urllib.parse import quote

import pytest

from tests.api_gateway.contract import Api, decoded, is_fault, new_name

FIELDS = {"id", "name", "description", "variables", "scope", "project_id", "created_at", "updated_at"}
VARIABLES = {"host": "localhost", "deep": {"a": [1, None, "ä"]}}


def environment(api: Api, **more) -> dict:
    return api.made("/v2/environments", {"name": new_name(), "variables": VARIABLES, **more})


@pytest.mark.parametrize("variables", [VARIABLES, '{"host": "localhost", "deep": {"a": [1, null, "ä"]}}'])
def test_variables_come_as_object_or_string_and_go_as_string(api, variables):
    name = new_name()

    answer = api.post("/v2/environments", json={"name": name, "description": "d", "variables": variables})
    shown = answer.json()

    assert answer.status_code == 201
    assert set(shown) == FIELDS
    assert (shown["name"], shown["description"], shown["scope"]) == (name, "d", "private")
    assert shown["project_id"] == "<default-project>"
    assert decoded(shown["variables"]) == VARIABLES
    assert api.get(f"/v2/environments/{name}").json() == shown
    assert api.listed(f"/v2/environments?name={name}") == [shown]


def test_only_the_name_is_needed(api):
    shown = api.made("/v2/environments", {"name": new_name()})

    assert shown["description"] is None
    assert decoded(shown["variables"]) == {}


@pytest.mark.parametrize("body", [{}, {"variables": {}}, {"name": ""}, {"name": None, "variables": {}}])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_name_is_needed(api, method, body):
    is_fault(api.request(method, "/v2/environments", json=body), 400)


@pytest.mark.parametrize("variables", [[1], "[1]", "no json", 5, "5", True])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_variables_are_an_object(api, method, variables):
    is_fault(api.request(method, "/v2/environments", json={"name": new_name(), "variables": variables}), 400)


@pytest.mark.parametrize(("levels", "answers"), [(100, {201}), (400, {201}), (950, {201, 400}), (100_000, {400})])
@pytest.mark.parametrize("quoted", [False, True])
def test_variables_may_be_deep_but_not_bottomless(api, levels, answers, quoted):
    deep = '{"a":' * levels + "1" + "}" * levels
    body = f'{{"name": "{new_name()}", "variables": {json.dumps(deep) if quoted else deep}}}'

    assert api.post("/v2/environments", content=body).status_code in answers


@pytest.mark.parametrize("attribute", ["id", "project_id", "created_at", "bogus"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_no_other_attributes_are_taken(api, method, attribute):
    answer = api.request(method, "/v2/environments", json={"name": new_name(), "variables": {}, attribute: "x"})

    is_fault(answer, 400, f"Unknown attribute for argument env: {attribute}")


def test_names_are_taken_once_and_have_a_length(api):
    made = environment(api)

    is_fault(api.post("/v2/environments", json={"name": made["name"], "variables": {}}), 409, made["name"])
    is_fault(api.post("/v2/environments", json={"name": "x" * 256, "variables": {}}), 400)


def test_an_update_names_the_environment_in_its_body(api):
    made = environment(api, description="old")

    answer = api.put("/v2/environments", json={"name": made["name"], "variables": {"new": 1}})

    assert answer.status_code == 200
    assert set(answer.json()) == FIELDS
    assert decoded(answer.json()["variables"]) == {"new": 1}
    assert answer.json()["description"] == "old"
    assert answer.json()["id"] == made["id"]
    told = api.put("/v2/environments", json={"name": made["name"], "description": "new"}).json()
    assert (told["description"], decoded(told["variables"])) == ("new", {"new": 1})
    is_fault(api.put("/v2/environments", json={"name": new_name(), "variables": {}}), 404)


def test_scopes(api):
    made = environment(api, scope="public")

    assert made["scope"] == "public"
    is_fault(api.post("/v2/environments", json={"name": new_name(), "variables": {}, "scope": "all"}), 400)
    assert api.put("/v2/environments", json={"name": made["name"], "scope": "private"}).json()["scope"] == "private"
    is_fault(api.put("/v2/environments", json={"name": made["name"], "scope": "all"}), 400)


def test_deletion(api):
    made = environment(api)

    answer = api.delete(f"/v2/environments/{made['name']}")

    assert (answer.status_code, answer.content) == (204, b"")
    is_fault(api.get(f"/v2/environments/{made['name']}"), 404)
    is_fault(api.delete(f"/v2/environments/{made['name']}"), 404)


@pytest.mark.parametrize("name", ["with blank", "ä-ö", "a.b-c_d", "100%", "a?b", "a:b", "a/b", "a#b"])
def test_names_of_any_kind(api, name):
    name = f"{name} {new_name()}"

    made = api.made("/v2/environments", {"name": name, "variables": {}})

    assert api.get(f"/v2/environments/{quote(name, safe='')}").json() == made
    assert api.delete(f"/v2/environments/{quote(name, safe='')}").status_code == 204


def test_fields_may_be_chosen(api):
    made = environment(api)

    assert api.get(f"/v2/environments/{made['name']}?fields=scope").json() == {"id": made["id"], "scope": "private"}
    assert api.listed(f"/v2/environments?name={made['name']}&fields=scope") == [{"id": made["id"], "scope": "private"}]


@pytest.fixture(scope="module")
def two(api: Api) -> list[dict]:
    return [environment(api, description="first"), environment(api, scope="public", variables={"x": 1})]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("name={0[name]}", [0]),
        ("name=nin:{0[name]}", [1]),
        ("description=first", [0]),
        ("description=has:irs", [0]),
        ('variables={{"x":1}}', [1]),
        ("variables=has:localhost", [0]),
        ("scope=public", [1]),
        ("scope=neq:public", [0]),
        ("created_at=gte:{0[created_at]}", [0, 1]),
        ("updated_at=gt:2000-01-01 00:00:00", []),
    ],
)
def test_filters(api, two, query, wanted):
    ids = {each["id"]: number for number, each in enumerate(two)}
    found = api.listed(f"/v2/environments?{query.format(*two)}")

    assert sorted(ids[each["id"]] for each in found if each["id"] in ids) == wanted
