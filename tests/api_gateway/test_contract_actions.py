"""The REST contract of ``/v2/actions``: built-in ones, and ad-hoc ones that users define."""

import pytest

from tests.api_gateway.contract import ADHOC, Api, is_fault, is_text_fault, new_name

FIELDS = {
    "id",
    "name",
    "is_system",
    "input",
    "description",
    "tags",
    "definition",
    "scope",
    "project_id",
    "created_at",
    "updated_at",
    "namespace",
}
TWO = ADHOC + "{other}:\n  base: std.noop\n"


def adhoc(api: Api, **query: str) -> dict:
    (made,) = api.made("/v2/actions", ADHOC.format(name=new_name()), **query)["actions"]
    return made


def test_an_upload_answers_with_all_fields(api):
    name = new_name()

    answer = api.post("/v2/actions", content=ADHOC.format(name=name))
    (shown,) = answer.json()["actions"]

    assert answer.status_code == 201
    assert set(answer.json()) == {"actions"}
    assert set(shown) == FIELDS
    assert shown["name"] == name
    assert shown["id"] != name
    assert shown["is_system"] is False
    assert shown["input"] == "whom"
    assert shown["description"] == "greets"
    assert shown["tags"] == ["polite"]
    assert "std.echo" in shown["definition"]
    assert shown["scope"] == "private"
    assert shown["namespace"] == ""
    assert shown["project_id"] == "<default-project>"
    assert shown["created_at"]


def test_built_in_actions_go_by_their_name(api):
    shown = api.get("/v2/actions/std.echo").json()

    assert set(shown) == FIELDS
    assert shown["id"] == shown["name"] == "std.echo"
    assert shown["is_system"] is False
    assert shown["input"] == "output, delay=0"
    assert shown["definition"] == ""
    assert shown["created_at"] == shown["updated_at"] == ""
    assert shown in api.listed("/v2/actions")


@pytest.mark.parametrize(
    "name",
    [
        "std.noop",
        "std.async_noop",
        "std.echo",
        "std.fail",
        "std.sleep",
        "std.test_dict",
        "std.http",
        "std.mistral_http",
        "std.email",
        "std.ssh",
        "std.ssh_proxied",
        "std.javascript",
        "std.js",
    ],
)
def test_the_standard_actions_are_there(api, name):
    assert api.get(f"/v2/actions/{name}").json()["name"] == name


@pytest.mark.parametrize("form", ["{id}", "{name}", "{name}/", "{name}/ns", "{name}?namespace=ns"])
def test_an_action_is_read_by_id_or_name_and_namespace(api, form):
    made = adhoc(api, **({"namespace": "ns"} if "ns" in form else {}))

    answer = api.get(f"/v2/actions/{form.format(**made)}")

    assert answer.json() == made
    assert set(answer.json()) == FIELDS
    assert api.delete(f"/v2/actions/{form.format(**made)}").status_code == 204
    is_fault(api.get(f"/v2/actions/{form.format(**made)}"), 404)
    is_fault(api.delete(f"/v2/actions/{form.format(**made)}"), 404)


@pytest.mark.parametrize("tail", ["", "/", "/some_namespace"])
def test_built_in_actions_cannot_be_deleted_or_changed(api, tail):
    is_fault(api.delete(f"/v2/actions/std.echo{tail}"), 404)
    assert api.get("/v2/actions/std.echo").status_code == 200
    is_text_fault(api.put("/v2/actions", content=ADHOC.format(name="std.noop")), 404)


def test_several_in_one_document(api):
    name, other = new_name(), new_name()

    stored = api.made("/v2/actions", TWO.format(name=name, other=other))["actions"]

    assert [each["name"] for each in stored] == [name, other]


def test_a_document_is_stored_whole_or_not_at_all(api):
    taken, fresh = adhoc(api)["name"], new_name()

    is_text_fault(api.post("/v2/actions", content=TWO.format(name=fresh, other=taken)), 409)
    is_text_fault(api.put("/v2/actions", content=TWO.format(name=taken, other=fresh)), 404)
    is_fault(api.get(f"/v2/actions/{fresh}"), 404)


def test_names_are_taken_once_in_a_namespace(api):
    made = adhoc(api)
    text = ADHOC.format(name=made["name"])

    is_text_fault(api.post("/v2/actions", content=text), 409)
    assert api.post("/v2/actions?namespace=other", content=text).status_code == 201
    is_text_fault(api.post("/v2/actions?namespace=other", content=text), 409)


@pytest.mark.parametrize("tail", ["", "/{id}", "/{name}"])
def test_an_update_gives_a_list_in_any_case(api, tail):
    made = adhoc(api)
    text = f"version: '2.0'\n{made['name']}: {{base: std.noop, input: [a, b: 1]}}"

    answer = api.put(f"/v2/actions{tail.format(**made)}", content=text)

    (shown,) = answer.json()["actions"]
    assert answer.status_code == 200
    assert set(shown) == FIELDS
    assert shown["id"] == made["id"]
    assert shown["input"].startswith("a, b=")
    assert shown["tags"] == []


def test_what_is_not_there_cannot_be_updated(api):
    is_text_fault(api.put("/v2/actions", content=ADHOC.format(name=new_name())), 404)
    is_text_fault(api.put("/v2/actions/nothing", content=ADHOC.format(name=new_name())), 404)


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_scopes(api, method):
    name = adhoc(api)["name"] if method == "PUT" else new_name()

    is_text_fault(api.request(method, "/v2/actions?scope=all", content=ADHOC.format(name=name)), 400, "cope")
    answer = api.request(method, "/v2/actions?scope=public", content=ADHOC.format(name=name))

    assert answer.json()["actions"][0]["scope"] == "public"


@pytest.mark.parametrize(
    "text",
    [
        "version: '2.0'\n{name}: {{input: [x]}}",
        "version: '2.0'\n{name}: {{base: std.noop, bogus: 1}}",
        "version: '2.0'\n{name}: {{base: 1}}",
        "version: '2.0'\n{name}: {{base: std.echo, base-input: {{}}}}",
        "version: '2.0'\n{name}: {{base: std.echo output=<% $. %>}}",
    ],
)
def test_what_is_no_action(api, text):
    text = text.format(name=new_name())

    is_text_fault(api.post("/v2/actions", content=text), 400)
    told = api.post("/v2/actions/validate", content=text)
    assert told.status_code == 200
    assert told.json()["valid"] is False
    assert told.json()["error"]


def test_validation_stores_nothing(api):
    name = new_name()

    assert api.post("/v2/actions/validate", content=ADHOC.format(name=name)).json() == {"valid": True}
    is_fault(api.get(f"/v2/actions/{name}"), 404)


def test_the_list_is_sorted_by_name(api):
    names = [each["name"] for each in api.listed("/v2/actions")]

    assert names == sorted(names)


def test_pages_go_by_name(api):
    first = api.get("/v2/actions?limit=1&sort_keys=name&sort_dirs=desc&name=has:std.").json()
    second = api.get(first["next"]).json()

    assert f"marker={first['actions'][0]['name']}" in first["next"]
    assert first["actions"][0]["name"] > second["actions"][0]["name"]
    assert len(first["actions"]) == len(second["actions"]) == 1


def test_fields_may_be_chosen(api):
    assert api.get("/v2/actions/std.echo?fields=name").json() == {"id": "std.echo", "name": "std.echo"}
    listed = api.listed("/v2/actions?fields=input,name&name=std.echo")
    assert listed == [{"id": "std.echo", "input": "output, delay=0", "name": "std.echo"}]


@pytest.fixture(scope="module")
def some(api: Api) -> list[dict]:
    return [adhoc(api), adhoc(api, scope="public"), api.get("/v2/actions/std.echo").json()]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("name={0[name]}", [0]),
        ("name=eq:std.echo", [2]),
        ("name=neq:std.echo", [0, 1]),
        ("name=in:{0[name]},std.echo", [0, 2]),
        ("name=nin:{0[name]},{1[name]}", [2]),
        ("name=has:td.ech", [2]),
        ("name=gt:std", [2]),
        ("name=lte:std", [0, 1]),
        ("description=greets", [0, 1]),
        ("tags=polite", [0, 1]),
        ("tags=rude", []),
        ("input=whom", [0, 1]),
        ("is_system=false", [0, 1, 2]),
        ("is_system=False", [0, 1, 2]),
        ("is_system=true", []),
        ("definition=has:Hello", [0, 1]),
        ("scope=private", [0]),
        ("namespace=", [0, 1, 2]),
        ("namespace=none", []),
        ("created_at=gte:{0[created_at]}", [0, 1]),
        ("updated_at=gt:2100-01-01 00:00:00", []),
        ("id={1[id]}", [1]),
    ],
)
def test_filters(api, some, query, wanted):
    ids = {each["id"]: number for number, each in enumerate(some)}
    found = api.listed(f"/v2/actions?{query.format(*some)}")

    assert sorted(ids[each["id"]] for each in found if each["id"] in ids) == wanted
