"""The REST contract, what holds for every resource: versions, bodies, errors, methods, paths and headers."""

import json
import re
from urllib.parse import urlsplit

import httpx
import pytest

from tests.api_gateway.contract import ECHO, UNKNOWN_ID, Api, decoded, is_fault, is_text_fault, new_name

BY_ID = ("workflows", "executions", "tasks", "action_executions", "cron_triggers", "code_sources", "dynamic_actions")
BY_NAME = ("workbooks", "actions", "environments")
JSON_POSTS = ("executions", "action_executions", "environments", "cron_triggers", "dynamic_actions")
JSON_PUTS = (
    f"executions/{UNKNOWN_ID}",
    f"tasks/{UNKNOWN_ID}",
    f"action_executions/{UNKNOWN_ID}",
    "environments",
    "dynamic_actions",
)
TEXT_POSTS = ("workbooks", "workflows", "actions", "code_sources")


def raw(api: Api, method: str, path: str, **given) -> httpx.Response:
    """A request with exactly these headers; httpx itself sends no Content-Type with bytes."""
    return api.send(httpx.Request(method, f"{str(api.base_url).rstrip('/')}{path}", **given))


def test_versions_are_told_at_the_root(api):
    (version,) = api.get("/").json()["versions"]

    assert (version["id"], version["status"]) == ("v2.0", "CURRENT")
    (link,) = version["links"]
    assert (link["target"], link["rel"]) == ("v2", "self")
    assert link["href"] == str(api.base_url).rstrip("/") + "/v2"


def test_the_version_tells_its_address(api):
    answer = api.get("/v2/")

    assert answer.json() == {"uri": str(api.base_url).rstrip("/") + "/v2"}
    lead = api.get("/v2", follow_redirects=False)
    assert lead.status_code == 302
    assert urlsplit(lead.headers["location"]).path == "/v2/"


def test_addresses_name_the_host_that_was_asked(api):
    asked = api.get("/", headers={"Host": "flows.example:8080"}).json()

    assert asked["versions"][0]["links"][0]["href"] == "http://flows.example:8080/v2"


def test_health_and_info(api):
    assert api.get("/healthz").json()["healthy"] is True
    assert api.get("/healthcheck").status_code == 200
    is_fault(api.get("/info"), 400, "Info endpoint disabled.")


@pytest.mark.parametrize("plural", BY_ID)
@pytest.mark.parametrize("wanted", [UNKNOWN_ID, "nothing-of-that-name", "%C3%A4%20%25", "x" * 300])
def test_what_is_not_there_is_not_found(api, plural, wanted):
    is_fault(api.get(f"/v2/{plural}/{wanted}"), 404)


@pytest.mark.parametrize("plural", BY_NAME)
def test_what_has_no_such_name_is_not_found(api, plural):
    is_fault(api.get(f"/v2/{plural}/nothing-of-that-name"), 404, "nothing-of-that-name")
    is_fault(api.delete(f"/v2/{plural}/nothing-of-that-name"), 404, "nothing-of-that-name")


@pytest.mark.parametrize("plural", ["workflows", "executions", "cron_triggers", "code_sources", "dynamic_actions"])
def test_what_is_not_there_cannot_be_deleted(api, plural):
    is_fault(api.delete(f"/v2/{plural}/{UNKNOWN_ID}"), 404)


@pytest.mark.parametrize("path", ["/v1", "/v3/workflows", "/nothing", "/v2/nothing", "/v2/executions/x/y/z", "/v2/ex"])
def test_unknown_paths(api, path):
    is_fault(api.get(path), 404)
    is_fault(api.post(path, json={}), 404)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"/v2/tasks/{UNKNOWN_ID}"),
        ("POST", "/v2/tasks"),
        ("PUT", "/v2/tasks"),
        ("DELETE", f"/v2/tasks/{UNKNOWN_ID}"),
        ("PUT", f"/v2/cron_triggers/{UNKNOWN_ID}"),
        ("PUT", "/v2/cron_triggers"),
        ("PUT", "/v2/workbooks/name"),
        ("POST", "/v2/workbooks/name"),
        ("POST", f"/v2/workflows/{UNKNOWN_ID}"),
        ("POST", f"/v2/executions/{UNKNOWN_ID}"),
        ("PUT", "/v2/executions"),
        ("POST", f"/v2/executions/{UNKNOWN_ID}/tasks"),
        ("DELETE", f"/v2/executions/{UNKNOWN_ID}/report"),
        ("PUT", "/v2/environments/name"),
        ("PUT", "/v2/action_executions"),
        ("POST", "/v2/services"),
        ("POST", "/"),
        ("DELETE", "/v2/"),
    ],
)
def test_methods_that_there_are_not(api, method, path):
    answer = api.request(method, path)

    is_fault(answer, 405)
    assert answer.headers["allow"]


@pytest.mark.parametrize("kind", ["application/xml", "text/xml", "application/soap+xml; charset=utf-8", "TEXT/XML"])
@pytest.mark.parametrize("path", ["executions", "workflows", "environments"])
def test_xml_is_refused_before_anything_else(api, kind, path):
    answer = api.post(f"/v2/{path}", content="<a/>", headers={"Content-Type": kind})

    assert answer.status_code == 415
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["server-error-message"] == answer.text != ""


@pytest.mark.parametrize("path", JSON_POSTS)
@pytest.mark.parametrize("body", ["", "{", "no json", '{"name": }', '{"name": "x"} more', "\ufeff{}", "{'name': 'x'}"])
def test_what_is_no_json_is_refused(api, path, body):
    is_fault(api.post(f"/v2/{path}", content=body.encode()), 400, "Request is not in valid JSON format")


@pytest.mark.parametrize("path", JSON_PUTS)
def test_changes_that_are_no_json_are_refused(api, path):
    is_fault(api.put(f"/v2/{path}", content=b"{"), 400, "Request is not in valid JSON format")


@pytest.mark.parametrize("path", JSON_POSTS)
@pytest.mark.parametrize("body", [[], "text", 1, None, True])
def test_json_that_is_no_object_is_refused(api, path, body):
    is_fault(api.post(f"/v2/{path}", content=json.dumps(body)), 400)


@pytest.mark.parametrize(
    ("path", "argument"),
    [
        ("executions", "wf_ex"),
        ("action_executions", "action_ex"),
        ("environments", "env"),
        ("cron_triggers", "cron_trigger"),
        ("dynamic_actions", "dyn_action"),
    ],
)
def test_an_unknown_attribute_is_named(api, path, argument):
    said = f"Unknown attribute for argument {argument}: bogus"
    is_fault(
        api.post(f"/v2/{path}", json={"description" if path == "executions" else "name": "x", "bogus": 1}), 400, said
    )


@pytest.mark.parametrize("path", JSON_POSTS)
@pytest.mark.parametrize("name", [1, ["a"], {"a": 1}, True])
def test_attributes_have_types(api, path, name):
    attribute = "workflow_name" if path == "executions" else "name"
    is_fault(api.post(f"/v2/{path}", json={attribute: name}), 400, attribute)


@pytest.mark.parametrize("path", TEXT_POSTS)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_errors_of_texts_are_short(api, path, method):
    is_text_fault(api.request(method, f"/v2/{path}?bogus=1", content="x"), 400, 'Unknown argument: "bogus"')
    is_text_fault(api.request(method, f"/v2/{path}", content=b"\xff\xfe"), 400)
    is_text_fault(api.request(method, f"/v2/{path}", content=""), 400)


@pytest.mark.parametrize("path", ["workbooks", "workflows", "actions"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("text", ["a: b: c", "- a", "just text", "{}", "version: '1.0'", "version: '2.0'"])
def test_definitions_that_are_none(api, path, method, text):
    is_text_fault(api.request(method, f"/v2/{path}", content=text), 400)


@pytest.mark.parametrize("path", ["workbooks", "workflows", "actions"])
@pytest.mark.parametrize("text", ["a: b: c", "", "version: '2.0'"])
def test_validation_of_what_is_no_definition(api, path, text):
    answer = api.post(f"/v2/{path}/validate", content=text)

    assert answer.status_code == 200
    assert answer.json()["valid"] is False
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "application/x-www-form-urlencoded",
        "text/plain",
        "text/plain; charset=utf-8",
        "application/json",
        "application/octet-stream",
        "application/x-yaml",
        "multipart/form-data",
        "*/*",
        "nonsense",
        "",
    ],
)
def test_no_content_type_is_needed(api, kind):
    headers = {} if kind is None else {"Content-Type": kind}
    name = new_name()

    uploaded = raw(api, "POST", "/v2/workflows", content=ECHO.format(name=name).encode(), headers=headers)
    started = raw(
        api,
        "POST",
        "/v2/executions",
        content=json.dumps({"workflow_name": name, "input": {"text": "ä"}}).encode(),
        headers=headers,
    )
    stored = raw(
        api, "POST", "/v2/environments", content=json.dumps({"name": name, "variables": {}}).encode(), headers=headers
    )

    assert (uploaded.status_code, started.status_code, stored.status_code) == (201, 201, 201)
    assert decoded(started.json()["input"])["text"] == "ä"


@pytest.mark.parametrize("accept", ["application/json", "text/plain", "*/*", "text/html", "application/xml"])
def test_answers_are_json_whatever_is_accepted(api, accept):
    assert api.get("/v2/workflows?limit=1", headers={"Accept": accept}).headers["content-type"] == "application/json"


def test_a_stream_answers_a_question_for_its_head_at_once(api):
    execution, _, _ = api.held()

    answer = api.head(f"/v2/executions/{execution['id']}/events")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert api.head(f"/v2/executions/{UNKNOWN_ID}/events").status_code == 404


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "9" * 19, "9" * 40])
def test_a_stream_begins_after_a_number(api, after):
    execution, _, _ = api.held()

    is_fault(api.get(f"/v2/executions/{execution['id']}/events?after={after}"), 400)


@pytest.mark.parametrize(
    "path",
    [
        "/v2/cron_triggers?remaining_executions={}",
        "/v2/cron_triggers?remaining_executions=in:1,{}",
        "/v2/code_sources?version=gt:{}",
        "/v2/executions?limit={}",
        "/v2/executions/{{id}}/report?max_depth={}",
        "/v2/executions/{{id}}/executions?max_depth={}",
    ],
)
def test_numbers_of_any_length_are_answered(api, path):
    execution, _, _ = api.held()

    for number in (2**31, 2**63, 10**40):
        assert api.get(path.format(number).format(**execution)).status_code in (200, 400)


def test_headers_of_clients_that_know_clouds_are_taken(api):
    headers = {"X-Auth-Token": "t", "X-Project-Id": "p", "X-User-Id": "u", "X-Region-Name": "r", "headers": "a:b"}

    assert api.get("/v2/workflows?limit=1", headers=headers).status_code == 200


def test_a_body_that_is_too_big(api):
    big = b"x" * (9 * 1024 * 1024)

    is_text_fault(api.post("/v2/workflows", content=big), 413)
    is_fault(api.post("/v2/executions", content=big), 413)


def test_a_body_in_pieces(api):
    name = new_name()
    text = ECHO.format(name=name).encode()

    assert api.post("/v2/workflows", content=iter([text[:20], text[20:]])).status_code == 201


def test_times_are_utc_to_the_second(api):
    shown = api.workflow()

    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", shown["created_at"])


def test_services_are_listed(api):
    services = api.listed("/v2/services")

    assert {each["type"] for each in services} >= {"engine_group", "executor_group"}
    assert all(set(each) == {"name", "type"} for each in services)
