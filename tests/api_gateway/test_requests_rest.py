"""What REST refuses before anything happens, and what stands above the resources."""

import asyncio
import json
from dataclasses import replace

import pytest

UNKNOWN = "11111111-2222-4333-8444-555555555555"


async def test_versions_are_discovered(rest):
    versions = (await rest.get("/")).json()["versions"]

    assert versions[0]["id"] == "v2.0"
    assert versions[0]["links"][0]["href"].endswith("/v2")
    assert (await rest.get("/v2")).status_code == 302
    assert (await rest.get("/v2/")).json()["uri"].endswith("/v2")


async def test_health_says_what_is_away(rest):
    answer = await rest.get("/healthz")

    assert answer.status_code == 503
    assert answer.json() == {"healthy": False, "postgres": "ok", "bus": "ok", "engine": "away"}


@pytest.mark.parametrize(
    ("body", "fragment"),
    [
        (b"not json", "not in valid JSON"),
        (b"[]", "wf_ex"),
        (b'{"input": "{}"}', "Workflow ID or workflow name"),
        (b'{"workflow_name": "w", "bogus": 1}', "Unknown attribute for argument wf_ex: bogus"),
        (b'{"workflow_name": "w", "input": "[1]"}', "must be a dictionary"),
        (b'{"workflow_name": "w", "input": 3}', "must be a dictionary"),
        (b'{"workflow_name": "w", "input": "{"}', "Not valid JSON"),
        (b'{"workflow_name": "w", "params": [1]}', "must be a dictionary"),
        (b'{"workflow_name": 7}', "workflow_name"),
        (b'{"workflow_name": "w", "id": "no-uuid"}', "UUID"),
    ],
)
async def test_a_bad_start_is_refused(rest, body, fragment):
    answer = await rest.post("/v2/executions", content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 400
    assert fragment in answer.json()["faultstring"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"state": "DELAYED"},
        {"state": "PAUSED", "description": "x"},
        {"state": "PAUSED", "params": {"env": {"k": 1}}},
        {"params": {"env": [1]}},
        {"params": {"env": {}}},
        {"description": ""},
        {"input": {"a": 1}},
        {"bogus": 1},
    ],
)
async def test_a_bad_change_is_refused(rest, rows, name, body):
    found = await rows.execution(name)

    assert (await rest.put(f"/v2/executions/{found}", json=body)).status_code == 400


@pytest.mark.parametrize(
    ("method", "body"), [("PUT", {"state": "PAUSED"}), ("PUT", {}), ("PUT", {"state": "DELAYED"}), ("DELETE", None)]
)
async def test_steering_what_is_not_there_is_not_found(rest, method, body):
    assert (await rest.request(method, f"/v2/executions/{UNKNOWN}", json=body)).status_code == 404


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ({"state": "SUCCESS", "reset": True}, "ERROR"),
        ({"state": "RUNNING"}, "ERROR"),
        ({"state": "RUNNING", "reset": False}, "ERROR"),
        ({"state": "RUNNING", "reset": True}, "SUCCESS"),
        ({"state": "SKIPPED"}, "RUNNING"),
        ({"state": "SKIPPED", "name": "other"}, "ERROR"),
        ({"state": "SKIPPED", "workflow_name": "other"}, "ERROR"),
    ],
)
async def test_a_bad_rerun_or_skip_is_refused(rest, rows, name, body, state):
    task = await rows.task(await rows.execution(name), "t", state=state)

    assert (await rest.put(f"/v2/tasks/{task}", json=body)).status_code == 400


@pytest.mark.parametrize(
    "body", [{"state": "IDLE"}, {}, {"state": "SUCCESS", "output": 3}, {"state": "SUCCESS", "output": "[1]"}]
)
async def test_a_bad_completion_is_refused(rest, rows, name, body):
    execution = await rows.execution(name)
    action = await rows.action(execution, await rows.task(execution, "t"), state="RUNNING")

    assert (await rest.put(f"/v2/action_executions/{action}", json=body)).status_code == 400


async def test_a_start_without_an_engine_says_when_to_try_again(rest):
    answer = await rest.post("/v2/executions", json={"workflow_name": "w"})

    assert answer.status_code == 503
    assert answer.json()["faultcode"] == "Server"
    assert answer.headers["retry-after"] == "1"


async def test_xml_is_not_understood(rest):
    answer = await rest.post("/v2/executions", content="<a/>", headers={"content-type": "application/xml"})

    assert answer.status_code == 415
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["server-error-message"] == answer.text


@pytest.mark.parametrize("length_known", [True, False])
async def test_a_body_past_the_limit_is_refused(rest, length_known):
    async def chunks():
        for _ in range(20):
            yield b"x" * 10_000

    answer = await rest.post("/v2/workflows", content=b"x" * 200_000 if length_known else chunks())

    assert answer.status_code == 413
    assert "100000" in answer.json()["faultstring"]
    assert (await rest.get("/v2/workflows")).status_code == 200


async def test_a_head_without_end_is_refused(ports):
    reader, writer = await asyncio.open_connection("127.0.0.1", ports.http)
    writer.write(b"GET /v2/executions HTTP/1.1\r\nHost: x\r\nX-Long: ")

    async def go_on():
        while not writer.is_closing():
            writer.write(b"x" * 10_000)
            await asyncio.sleep(0.02)

    going_on = asyncio.ensure_future(go_on())
    async with asyncio.timeout(5):
        answer = await reader.read(12)
    going_on.cancel()

    assert answer == b"HTTP/1.1 400"


async def test_a_large_body_behind_a_small_head_is_fine(rest, name, workflow_text):
    text = workflow_text(name) + "#" + "x" * 90_000

    assert (await rest.post("/v2/workflows", content=text)).status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v2/nowhere", 404), ("GET", "/nowhere", 404), ("POST", "/v2/tasks", 405), ("DELETE", "/v2/tasks", 405)],
)
async def test_wrong_paths_and_methods_answer_in_the_usual_shape(rest, method, path, status):
    answer = await rest.request(method, path)

    assert answer.status_code == status
    assert set(answer.json()) == {"faultcode", "faultstring", "debuginfo"}


async def test_a_slash_at_the_end_changes_nothing(rest):
    listed = await rest.get("/v2/executions/?workflow_name=none")

    assert listed.json() == {"executions": []}


async def test_the_document_describes_every_endpoint(rest):
    document = (await rest.get("/openapi.json")).json()

    assert document["openapi"].startswith("3.1")
    assert {"get", "post"} <= set(document["paths"]["/v2/executions"])
    assert "state" in document["components"]["schemas"]["Execution"]["properties"]
    references = json.dumps(document).split('"#/components/schemas/')[1:]
    assert {text.split('"')[0] for text in references} <= set(document["components"]["schemas"])


async def test_what_the_operator_says_is_refused_unless_there_is_a_file(rest, settings, tmp_path):
    refused = await rest.get("/info")
    file = tmp_path / "info.json"
    file.write_text('{"owner": "us"}')

    assert (refused.status_code, refused.json()["faultstring"]) == (400, "Info endpoint disabled.")
    assert replace(settings, info_file=str(file)).info == b'{"owner": "us"}'
    file.write_text("no json")
    with pytest.raises(ValueError, match=r"info\.json must be a file of JSON"):
        _ = replace(settings, info_file=str(file)).info


@pytest.mark.parametrize(
    ("method", "tail"), [("GET", ""), ("POST", ""), ("GET", "/p"), ("PUT", "/p"), ("DELETE", "/p")]
)
async def test_sharing_is_refused_while_there_is_one_project(rest, method, tail):
    body = {"POST": {"member_id": "p"}, "PUT": {"status": "accepted"}}.get(method)
    answer = await rest.request(method, f"/v2/workflows/{UNKNOWN}/members{tail}", json=body)

    assert answer.status_code == 400
    assert "authentication" in answer.json()["faultstring"]
    assert (await rest.request(method, f"/v2/workflows/by_name/members{tail}", json=body)).status_code == 404


async def test_health_is_told_where_other_clients_look_for_it(rest):
    assert (await rest.get("/healthcheck")).json() == (await rest.get("/healthz")).json()
