"""Workbooks, ad-hoc actions and environments over REST, on a gateway alone."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from mistral_persistence.standalone import WORKFLOW_ID, drop_forgotten

# The end of the executions that the fixture writes.
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
TEXT = {"content-type": "text/plain"}
BOOK = """version: '2.0'
name: {name}
tags: [shared]
actions:
  greet:
    # Says hello.
    input: [who]
    base: std.echo output="hello <% $.who %>"
workflows:
  main:
    tags: [entry]
    input: [who, {{port: 80}}]
    output: {{said: <% $.said %>}}
    tasks:
      t: {{action: greet who=<% $.who %>, publish: {{said: <% task().result %>}}}}
  other:
    tasks:
      t: {{action: std.noop}}
"""
ACTION = """version: '2.0'
{name}:
  description: Says hello.
  tags: [polite]
  input: [who, {{loud: false}}]
  base: std.echo output=<% $.who %>
"""


@pytest.fixture
async def book(rest, name):
    answer = await rest.post("/v2/workbooks", content=BOOK.format(name=name), headers=TEXT)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_workbook_answers_what_was_stored(book, name):
    fields = "id name namespace definition tags scope project_id created_at updated_at"
    assert set(book) == set(fields.split())
    assert (book["name"], book["tags"], book["scope"], book["namespace"]) == (name, ["shared"], "private", "")
    assert book["definition"] == BOOK.format(name=name)
    assert book["updated_at"] is None


async def test_what_a_workbook_holds_is_stored_under_both_names(rest, book, name):
    workflow = (await rest.get(f"/v2/workflows/{name}.main")).json()
    action = (await rest.get(f"/v2/actions/{name}.greet")).json()

    assert workflow["definition"].startswith("main:\n  tags: [entry]\n")
    assert workflow["checksum"] is None
    assert (workflow["tags"], workflow["input"]) == (["entry"], 'who, port="80"')
    assert action["definition"].startswith("greet:\n  # Says hello.\n")
    assert action["input"] == "who"


async def test_an_update_replaces_adds_and_keeps_what_is_gone_from_the_text(rest, pool, book, name):
    before = (await rest.get(f"/v2/workflows/{name}.main")).json()
    text = BOOK.format(name=name).replace("port: 80", "port: 81").replace("  other:", "  another:")

    answer = await rest.put("/v2/workbooks", content=text, headers=TEXT)

    assert answer.status_code == 200
    assert answer.json()["id"] == book["id"]
    assert answer.json()["updated_at"]
    after = (await rest.get(f"/v2/workflows/{name}.main")).json()
    assert (after["id"], after["input"]) == (before["id"], 'who, port="81"')
    for member in ("other", "another"):
        assert (await rest.get(f"/v2/workflows/{name}.{member}")).status_code == 200
    versions = "SELECT version, workbook FROM workflow_version WHERE workflow_id = $1 ORDER BY 1"
    assert [tuple(row) for row in await pool.fetch(versions, after["id"])] == [(1, name), (2, name)]


async def test_a_workbook_takes_over_workflows_of_its_names(rest, name):
    text = f"version: '2.0'\n{name}.main: {{tasks: {{t: {{action: std.noop}}}}}}"
    stored = (await rest.post("/v2/workflows", content=text)).json()["workflows"][0]

    assert (await rest.post("/v2/workbooks", content=BOOK.format(name=name))).status_code == 201

    assert (await rest.get(f"/v2/workflows/{name}.main")).json()["id"] == stored["id"]


async def test_deleting_a_workbook_keeps_what_was_in_it(rest, book, name):
    assert (await rest.delete(f"/v2/workbooks/{name}")).status_code == 204

    assert (await rest.get(f"/v2/workbooks/{name}")).status_code == 404
    assert (await rest.delete(f"/v2/workbooks/{name}")).status_code == 404
    assert (await rest.get(f"/v2/workflows/{name}.main")).status_code == 200
    assert (await rest.get(f"/v2/actions/{name}.greet")).status_code == 200


async def test_a_workbook_of_a_taken_name_is_a_conflict_and_stores_nothing(rest, book, name):
    text = BOOK.format(name=name).replace("  other:", "  fresh:")

    answer = await rest.post("/v2/workbooks", content=text, headers=TEXT)

    assert answer.status_code == 409
    assert list(answer.json()) == ["faultstring"]
    assert (await rest.get(f"/v2/workflows/{name}.fresh")).status_code == 404


async def test_a_workbook_gives_its_namespace_and_scope_to_what_it_holds(rest, name):
    where = "namespace=n1&scope=public"
    assert (await rest.post(f"/v2/workbooks?{where}", content=BOOK.format(name=name))).status_code == 201

    workflow = (await rest.get(f"/v2/workflows/{name}.main?namespace=n1")).json()
    action = (await rest.get(f"/v2/actions/{name}.greet/n1")).json()
    assert (workflow["namespace"], workflow["scope"]) == (action["namespace"], action["scope"]) == ("n1", "public")
    assert (await rest.get(f"/v2/workbooks/{name}")).status_code == 404
    assert (await rest.get(f"/v2/workbooks/{name}?namespace=n1&fields=name")).json()["name"] == name


async def test_workbooks_are_listed_filtered_and_updated_only_if_stored(rest, book, name):
    listed = (await rest.get(f"/v2/workbooks?name={name}&tags=shared&fields=scope")).json()["workbooks"]

    assert listed == [{"id": book["id"], "scope": "private"}]
    assert (await rest.put("/v2/workbooks", content=BOOK.format(name=f"{name}x"))).status_code == 404
    assert (await rest.get("/v2/workbooks?bogus=1")).status_code == 400
    assert (await rest.post("/v2/workbooks?scope=secret", content=BOOK.format(name=f"{name}x"))).status_code == 400


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("workbooks", BOOK.format(name="b"), BOOK.format(name="b").replace("base:", "bass:")),
        ("actions", ACTION.format(name="a"), "version: '2.0'\na: {input: [x]}"),
    ],
)
async def test_validation_answers_without_storing(rest, kind, good, bad):
    right = await rest.post(f"/v2/{kind}/validate", content=good, headers=TEXT)
    wrong = await rest.post(f"/v2/{kind}/validate", content=bad, headers=TEXT)

    assert (right.status_code, right.json()) == (200, {"valid": True})
    assert (wrong.status_code, wrong.json()["valid"]) == (200, False)
    assert "base" in wrong.json()["error"]
    assert (await rest.get(f"/v2/{kind}/a")).status_code == 404
    refused = await rest.post(f"/v2/{kind}", content=bad, headers=TEXT)
    assert refused.status_code == 400
    assert list(refused.json()) == ["faultstring"]


async def test_an_action_is_stored_shown_replaced_and_removed(rest, name):
    answer = await rest.post("/v2/actions", content=ACTION.format(name=name), headers=TEXT)

    assert answer.status_code == 201
    (stored,) = answer.json()["actions"]
    fields = "id name is_system input description tags definition scope project_id created_at updated_at namespace"
    assert set(stored) == set(fields.split())
    assert stored["input"] == "who, loud=false"
    assert (stored["description"], stored["tags"], stored["is_system"]) == ("Says hello.", ["polite"], False)
    changed = ACTION.format(name=name).replace("hello", "good bye")
    for path in ("/v2/actions", f"/v2/actions/{name}", f"/v2/actions/{stored['id']}"):
        replaced = await rest.put(path, content=changed)
        assert replaced.status_code == 200
        assert replaced.json()["actions"][0]["id"] == stored["id"]
        assert replaced.json()["actions"][0]["description"] == "Says good bye."
    assert (await rest.get(f"/v2/actions/{name}/")).json()["id"] == stored["id"]
    assert (await rest.delete(f"/v2/actions/{name}")).status_code == 204
    for gone in (rest.get(f"/v2/actions/{name}"), rest.delete(f"/v2/actions/{name}")):
        assert (await gone).status_code == 404
    assert (await rest.put("/v2/actions", content=changed)).status_code == 404


async def test_the_actions_of_a_document_are_stored_all_or_none(rest, name):
    await rest.post("/v2/actions", content=ACTION.format(name=name))
    both = ACTION.format(name=f"{name}_new") + ACTION.format(name=name).removeprefix("version: '2.0'\n")

    answer = await rest.post("/v2/actions", content=both)

    assert answer.status_code == 409
    assert (await rest.get(f"/v2/actions/{name}_new")).status_code == 404


async def test_an_action_is_found_in_its_namespace_alone_but_removed_from_the_default_one(rest, name):
    await rest.post("/v2/actions", content=ACTION.format(name=name))

    assert (await rest.get(f"/v2/actions/{name}/elsewhere")).status_code == 404
    assert (await rest.delete(f"/v2/actions/{name}/elsewhere")).status_code == 204


async def test_actions_are_sorted_and_paged_by_name(rest, name):
    for end in ("c", "a", "b"):
        await rest.post("/v2/actions", content=ACTION.format(name=f"{name}_{end}"))
    mine = f"/v2/actions?name=has:{name}"

    first = (await rest.get(f"{mine}&limit=2")).json()
    second = (await rest.get(first["next"])).json()

    assert [each["name"][-1] for each in first["actions"]] == ["a", "b"]
    assert [each["name"][-1] for each in second["actions"]] == ["c"]
    assert "next" not in second
    down = (await rest.get(f"{mine}&sort_dirs=desc&fields=name&tags=polite")).json()["actions"]
    assert [each["name"][-1] for each in down] == ["c", "b", "a"]
    assert (await rest.get(f"{mine}&limit=0")).status_code == 400
    assert (await rest.get(f"{mine}&bogus=1")).status_code == 400


async def test_every_change_of_an_action_grows_the_epoch(rest, pool, name):
    epoch = "SELECT epoch FROM definition_epoch"
    seen = [await pool.fetchval(epoch)]
    for change in (
        rest.post("/v2/actions", content=ACTION.format(name=name)),
        rest.put("/v2/actions", content=ACTION.format(name=name)),
        rest.delete(f"/v2/actions/{name}"),
    ):
        assert (await change).is_success
        seen.append(await pool.fetchval(epoch))

    assert seen == sorted(set(seen))


async def test_an_environment_is_stored_shown_replaced_and_removed(rest, name):
    sent = {"name": name, "description": "kept", "variables": '{"color": "red", "n": 5}'}

    answer = await rest.post("/v2/environments", json=sent)

    stored = answer.json()
    assert answer.status_code == 201
    fields = "id name description variables scope project_id created_at updated_at"
    assert set(stored) == set(fields.split())
    assert json.loads(stored["variables"]) == {"color": "red", "n": 5}
    assert (stored["scope"], stored["updated_at"]) == ("private", None)
    changed = (await rest.put("/v2/environments", json={"name": name, "variables": {"n": 6}})).json()
    assert json.loads(changed["variables"]) == {"n": 6}
    assert (changed["id"], changed["description"]) == (stored["id"], "kept")
    assert (await rest.get(f"/v2/environments/{name}")).json() == changed
    assert (await rest.get(f"/v2/environments?name={name}")).json()["environments"] == [changed]
    assert (await rest.delete(f"/v2/environments/{name}")).status_code == 204
    assert (await rest.get(f"/v2/environments/{name}")).status_code == 404
    assert (await rest.delete(f"/v2/environments/{name}")).status_code == 404


@pytest.mark.parametrize(
    "sent",
    [
        {"variables": {}},
        {"name": "", "variables": {}},
        {"name": "e", "variables": [1]},
        {"name": "e", "variables": "no json"},
        {"name": "e", "variables": {}, "color": "red"},
        {"name": "e", "variables": {}, "scope": "secret"},
        {"name": "e" * 256, "variables": {}},
        {"name": 5},
    ],
)
async def test_a_faulty_environment_is_refused(rest, sent):
    answer = await rest.post("/v2/environments", json=sent)

    assert answer.status_code == 400
    assert answer.json()["faultcode"] == "Client"


async def test_an_environment_of_a_taken_name_is_a_conflict_and_an_unknown_one_is_not_found(rest, name):
    await rest.post("/v2/environments", json={"name": name, "variables": {}})

    assert (await rest.post("/v2/environments", json={"name": name, "variables": {}})).status_code == 409
    assert (await rest.put("/v2/environments", json={"name": f"{name}x", "variables": {}})).status_code == 404


async def test_runs_that_nobody_came_back_for_are_removed_after_a_while(rest, rows, pool):
    hidden = {"workflow_id": WORKFLOW_ID, "state": "SUCCESS"}
    forgotten = await rows.execution("standalone_action", **hidden, params={"forget": True})
    kept = await rows.execution("standalone_action", **hidden, params={"forget": False})

    for before, gone in ((NOON - timedelta(1), 0), (NOON + timedelta(1), 1)):
        assert await drop_forgotten(pool, before=before, limit=10) == gone

    left = await pool.fetch("SELECT id::text FROM execution WHERE workflow_id = $1", WORKFLOW_ID)
    assert [row["id"] for row in left] == [kept]
    assert forgotten != kept


@pytest.mark.parametrize("kind", ["workbooks", "workflows", "actions", "environments"])
async def test_a_name_that_nothing_can_have_is_refused(rest, kind):
    assert (await rest.get(f"/v2/{kind}/%00")).status_code == 400
    assert (await rest.delete(f"/v2/{kind}/%00")).status_code == 400
    assert (await rest.post("/v2/environments", json={"name": "a\0", "variables": {}})).status_code == 400
