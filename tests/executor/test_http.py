"""``std.http`` against a real server on loopback, which the executor is allowed to reach."""

import base64
import json
from typing import Any

import pytest


@pytest.fixture(autouse=True)
async def executor(start: Any) -> Any:
    return await start(egress_allowed=("127.0.0.0/8",))


async def test_result_has_everything_there_is_to_know(engine: Any, site: Any):
    outcome, result = await engine.run("std.http", {"url": f"{site.base}/json"})

    assert outcome == "SUCCESS"
    assert sorted(result) == sorted(
        ["content", "status", "headers", "url", "history", "encoding", "reason", "cookies", "elapsed"]
    )
    assert (result["status"], result["reason"], result["encoding"]) == (200, "OK", "utf-8")
    assert result["content"] == {"status": "ok", "items": [1, 2, 3]}
    assert result["url"] == f"{site.base}/json"
    assert result["headers"]["X-Twice"] == "a, b"
    assert result["headers"]["Content-Type"] == "application/json; charset=utf-8"
    assert result["cookies"] == {"c": "1"}
    assert 0 < result["elapsed"] < 5
    assert result["history"] == []


async def test_text_is_decoded_as_the_server_says(engine: Any, site: Any):
    _, result = await engine.run("std.http", {"url": f"{site.base}/text"})

    assert result["content"] == "plain wörds"


@pytest.mark.parametrize("status", [200, 201, 299, 304, 306])
async def test_any_status_up_to_306_is_a_success(engine: Any, site: Any, status: int):
    outcome, result = await engine.run("std.http", {"url": f"{site.base}/status/{status}", "method": "DELETE"})

    assert (outcome, result["status"]) == ("SUCCESS", status)


@pytest.mark.parametrize("status", [307, 400, 404, 503])
async def test_another_status_is_an_error_with_the_same_result(engine: Any, site: Any, status: int):
    outcome, result = await engine.run("std.http", {"url": f"{site.base}/status/{status}"})

    assert (outcome, result["status"], result["content"]) == ("ERROR", status, {"code": status})


async def test_what_is_sent(engine: Any, site: Any):
    given = {
        "url": f"{site.base}/echo?a=1",
        "method": "POST",
        "params": {"b": 2, "none": None, "many": ["x", "y"]},
        "json": {"a": [1, {"b": None}], "c": "ü"},
        "headers": {"X-Number": 5, "X-Text": "t", "X-Null": None},
        "cookies": {"session": "s1"},
        "auth": "user:pa:ss",
    }

    outcome, _ = await engine.run("std.http", given)

    seen = site.seen[0]
    assert outcome == "SUCCESS"
    assert seen["method"] == "POST"
    assert seen["query"] == {"a": "1", "b": "2", "many": "x"}
    assert seen["text"] == '{"a": [1, {"b": null}], "c": "\\u00fc"}'
    assert seen["headers"]["Content-Type"] == "application/json"
    assert (seen["headers"]["X-Number"], seen["headers"]["X-Text"]) == ("5", "t")
    assert "X-Null" not in seen["headers"]
    assert seen["headers"]["Cookie"] == "session=s1"
    assert seen["headers"]["Authorization"] == "Basic " + base64.b64encode(b"user:pa:ss").decode()


async def test_a_dictionary_as_body_is_json_without_a_content_type(engine: Any, site: Any):
    await engine.run("std.http", {"url": f"{site.base}/echo", "method": "PUT", "body": {"k": "v"}})

    assert site.seen[0]["text"] == '{"k": "v"}'
    assert json.loads(site.seen[0]["text"]) == {"k": "v"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"url": "file:///etc/hostname"}, "scheme 'file'"),
        ({"url": "http://"}, "no host"),
        ({"url": 5}, "'url' must be a text"),
        ({"url": "http://x/", "body": "a", "json": 1}, "'body' and 'json' cannot be used together"),
        ({"url": "http://x/", "timeout": "soon"}, "'timeout' must be a number"),
        ({"url": "http://x/", "timeout": -1}, "'timeout' must be more than 0"),
        ({"url": "http://x/", "auth": "nobody"}, "'auth' must be"),
        ({"url": "http://x/", "headers": []}, "'headers' must be an object"),
        ({"url": "http://x/", "verify": "/etc/passwd"}, "'verify' must be true or false"),
        ({"url": "http://x/", "params": [""]}, "'params' must be an object or a text"),
        ({"url": "http://x:y/"}, "'url' or 'params' is malformed: "),
        ({"url": "http://user:pass/word@x/"}, "'url' or 'params' is malformed'"),
        ({"url": "http://x/", "proxies": {"http": "http://user:pass/word@x"}}, "the proxy is malformed'"),
        ({"url": "http://127.0.0.1:1/"}, "connect"),
        ({"url": "http://no-such-host.invalid/"}, "cannot be resolved"),
    ],
)
async def test_a_request_that_cannot_be_sent(engine: Any, given: dict[str, Any], says: str):
    outcome, error = await engine.run("std.http", given)

    assert outcome == "ERROR"
    assert "Failed to send HTTP request: " in error
    assert says in error


@pytest.mark.parametrize("path", ["large", "bomb", "announced"])
async def test_an_answer_above_the_cap_is_an_error(engine: Any, site: Any, path: str):
    outcome, error = await engine.run("std.http", {"url": f"{site.base}/{path}"})

    assert outcome == "ERROR"
    assert "larger than 5242880 bytes" in error


async def test_a_packed_answer_is_unpacked(engine: Any, site: Any):
    _, result = await engine.run("std.http", {"url": f"{site.base}/packed"})

    assert result["content"] == {"packed": True}


@pytest.mark.parametrize("path", ["slow?s=5", "drip"])
async def test_the_time_limit_is_for_the_whole_request(engine: Any, site: Any, path: str):
    outcome, error = await engine.run("std.http", {"url": f"{site.base}/{path}", "timeout": 0.5})

    assert outcome == "ERROR"
    assert "Failed to send HTTP request" in error


async def test_redirects_are_followed_only_when_asked_for(engine: Any, site: Any):
    url = f"{site.base}/redirect?to=/json"

    _, stayed = await engine.run("std.http", {"url": url})
    _, went = await engine.run("std.http", {"url": url, "allow_redirects": True})

    assert stayed["status"] == 302
    assert (went["status"], went["url"]) == (200, f"{site.base}/json")
    assert went["history"] == [{"status": 302, "url": url}]


async def test_redirects_end(engine: Any, site: Any):
    outcome, error = await engine.run("std.http", {"url": f"{site.base}/round", "allow_redirects": True})

    assert outcome == "ERROR"
    assert "more than 10 redirects" in error


async def test_credentials_stay_with_their_host(engine: Any, site: Any, new_site: Any):
    secrets = {"X-Auth-Token": "secret", "Accept": "text/html"}
    given = {"auth": "user:secret", "cookies": {"a": "secret"}, "headers": secrets, "allow_redirects": True}
    async with new_site() as other:
        url = f"{site.base}/redirect/307?to={other.base}/echo"
        outcome, _ = await engine.run("std.http", {"url": url, "method": "POST", "body": "b", **given})

        assert outcome == "SUCCESS"
        assert "secret" in json.dumps(site.seen[0]["headers"])
        assert "secret" not in json.dumps(other.seen[0]["headers"])
        assert "Authorization" not in other.seen[0]["headers"]
        assert other.seen[0]["headers"]["Accept"] == "text/html"
        assert other.seen[0]["text"] == "b"


async def test_credentials_go_along_within_the_host(engine: Any, site: Any):
    given = {"auth": "user:pw", "cookies": {"a": "b"}, "headers": {"X-Auth-Token": "t"}, "allow_redirects": True}

    await engine.run("std.http", {"url": f"{site.base}/redirect?to=/echo", **given})

    headers = site.seen[1]["headers"]
    assert headers["Authorization"].startswith("Basic ")
    assert (headers["Cookie"], headers["X-Auth-Token"]) == ("a=b", "t")


async def test_the_callback_is_told_who_asks(engine: Any, site: Any):
    where = {"workflow_name": "wf", "execution_id": "e1", "task_id": "t1"}
    task = engine.task("std.mistral_http", {"url": f"{site.base}/echo", "headers": {"X-Mine": "1"}}, **where)
    await engine.give(task)

    assert await engine.result(task) == ("DEFERRED", None)

    headers = site.seen[0]["headers"]
    assert headers["Mistral-Workflow-Name"] == "wf"
    assert headers["Mistral-Workflow-Execution-Id"] == "e1"
    assert headers["Mistral-Task-Id"] == "t1"
    assert headers["Mistral-Action-Execution-Id"] == task.action_id
    assert headers["Mistral-Callback-URL"] == f"/v2/action_executions/{task.action_id}"
    assert headers["X-Mine"] == "1"


async def test_a_callback_that_is_not_accepted_fails_at_once(engine: Any, site: Any):
    outcome, result = await engine.run("std.mistral_http", {"url": f"{site.base}/status/500"})

    assert (outcome, result["status"]) == ("ERROR", 500)
    assert "Mistral-Workflow-Name" not in site.seen[0]["headers"]
