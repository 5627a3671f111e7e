"""Workflow definitions over REST: text in, JSON out, every fault a clear 4xx."""

import hashlib
import json

import httpx
import pytest

TEXT = {"content-type": "text/plain"}
FIELDS = "id name namespace input interface definition checksum tags scope project_id created_at updated_at"


async def test_an_upload_answers_what_was_stored(rest, name, workflow_text):
    text = workflow_text(name)

    answer = await rest.post("/v2/workflows", content=text, headers=TEXT)

    assert answer.status_code == 201
    (stored,) = answer.json()["workflows"]
    assert set(stored) == set(FIELDS.split())
    assert stored["input"] == 'host, port="80"'
    assert stored["interface"] == {"input": ["host", {"port": 80}], "output": ["r"]}
    assert stored["definition"] == text
    assert stored["checksum"] == hashlib.md5(text.encode()).hexdigest()
    assert stored["tags"] == ["nightly"]
    assert stored["scope"] == "private"
    assert stored["updated_at"] is None
    assert len(stored["created_at"]) == len("2026-05-04 12:00:00")


async def test_a_body_without_content_type_is_text(rest, name, workflow_text):
    request = rest.build_request("POST", "/v2/workflows", content=workflow_text(name))
    request.headers.pop("content-type", None)

    answer = await rest.send(request)

    assert answer.status_code == 201


async def test_interface_is_json_text_when_read(rest, name, workflow_text):
    await rest.post("/v2/workflows", content=workflow_text(name), headers=TEXT)

    shown = (await rest.get(f"/v2/workflows/{name}")).json()

    assert json.loads(shown["interface"])["output"] == ["r"]


async def test_id_and_name_find_the_same_workflow(rest, name, workflow_text):
    stored = (await rest.post("/v2/workflows", content=workflow_text(name))).json()["workflows"][0]

    by_id = (await rest.get(f"/v2/workflows/{stored['id']}")).json()

    assert by_id == (await rest.get(f"/v2/workflows/{name}/")).json()


async def test_a_taken_name_is_a_conflict_and_stores_nothing(rest, name, workflow_text):
    await rest.post("/v2/workflows", content=workflow_text(name))
    tasks = "{tasks: {t: {action: std.noop}}}"
    both = f"version: '2.0'\nnew_{name}: {tasks}\n{name}: {tasks}"

    answer = await rest.post("/v2/workflows", content=both)

    assert answer.status_code == 409
    assert list(answer.json()) == ["faultstring"]
    assert (await rest.get(f"/v2/workflows/new_{name}")).status_code == 404


@pytest.mark.parametrize(
    "text",
    [
        "version: '2.0'\nw: {tasks: {t: [}}",
        "just text",
        "",
        "version: '2.0'",
        "version: '2.0'\nw: {tasks: {t: {actoin: x}}}",
    ],
)
async def test_a_faulty_text_is_refused_with_a_reason(rest, text):
    answer = await rest.post("/v2/workflows", content=text, headers=TEXT)

    assert answer.status_code == 400
    assert answer.json()["faultstring"]


async def test_text_that_is_not_utf8_is_refused(rest):
    answer = await rest.post("/v2/workflows", content=b"version: '2.0'\n\xff", headers=TEXT)

    assert answer.status_code == 400
    assert "UTF-8" in answer.json()["faultstring"]


async def test_validation_answers_without_storing(rest, name, workflow_text):
    good = await rest.post("/v2/workflows/validate", content=workflow_text(name), headers=TEXT)
    bad = await rest.post("/v2/workflows/validate", content="version: '2.0'\nw: 1", headers=TEXT)

    assert (good.status_code, good.json()) == (200, {"valid": True})
    assert bad.status_code == 200
    assert bad.json()["valid"] is False
    assert bad.json()["error"]
    assert (await rest.get(f"/v2/workflows/{name}")).status_code == 404


async def test_an_update_keeps_the_id_and_grows_the_version(rest, pool, name, workflow_text):
    first = (await rest.post("/v2/workflows", content=workflow_text(name))).json()["workflows"][0]

    answer = await rest.put("/v2/workflows", content=workflow_text(name).replace("port: 80", "port: 81"))

    second = answer.json()["workflows"][0]
    assert (answer.status_code, second["id"]) == (200, first["id"])
    assert second["input"] == 'host, port="81"'
    assert second["updated_at"]
    texts = await pool.fetch("SELECT version FROM workflow_version WHERE workflow_id = $1 ORDER BY 1", first["id"])
    assert [row["version"] for row in texts] == [1, 2]


async def test_an_update_by_id_may_change_the_name(rest, name, workflow_text):
    stored = (await rest.post("/v2/workflows", content=workflow_text(name))).json()["workflows"][0]

    answer = await rest.put(f"/v2/workflows/{stored['id']}", content=workflow_text(f"{name}_b"))

    assert answer.json()["name"] == f"{name}_b"
    assert (await rest.get(f"/v2/workflows/{name}")).status_code == 404


async def test_updating_an_unknown_workflow_is_not_found(rest, name, workflow_text):
    assert (await rest.put("/v2/workflows", content=workflow_text(name))).status_code == 404
    assert (await rest.put(f"/v2/workflows/{name}", content=workflow_text(name))).status_code == 404


async def test_deleting_keeps_the_versions(rest, pool, name, workflow_text):
    stored = (await rest.post("/v2/workflows", content=workflow_text(name))).json()["workflows"][0]

    assert (await rest.delete(f"/v2/workflows/{name}")).status_code == 204

    assert (await rest.get(f"/v2/workflows/{name}")).status_code == 404
    assert (await rest.delete(f"/v2/workflows/{name}")).status_code == 404
    assert await pool.fetchval("SELECT count(*) FROM workflow_version WHERE workflow_id = $1", stored["id"]) == 1


async def test_namespaces_keep_equal_names_apart(rest, name, workflow_text):
    for namespace in ("n1", "n2"):
        answer = await rest.post(f"/v2/workflows?namespace={namespace}", content=workflow_text(name))
        assert answer.status_code == 201

    assert (await rest.get(f"/v2/workflows/{name}?namespace=n1")).json()["namespace"] == "n1"
    assert (await rest.get(f"/v2/workflows/{name}")).status_code == 404
    assert len((await rest.get(f"/v2/workflows?name={name}")).json()["workflows"]) == 2


async def test_an_unknown_scope_is_refused(rest, name, workflow_text):
    answer = await rest.post("/v2/workflows?scope=secret", content=workflow_text(name))

    assert answer.status_code == 400
    assert "secret" in answer.json()["faultstring"]


async def test_fields_limit_what_is_shown(rest: httpx.AsyncClient, name, workflow_text):
    await rest.post("/v2/workflows", content=workflow_text(name))

    one = (await rest.get(f"/v2/workflows/{name}?fields=name,tags")).json()
    many = (await rest.get(f"/v2/workflows?name={name}&fields=name")).json()["workflows"]

    assert list(one) == ["id", "name", "tags"]
    assert [list(each) for each in many] == [["id", "name"]]
