"""The real program and a real mesh: subscriptions, dead letters, retention, and what went into the archive."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

WORKFLOW = """
version: '2.0'
telling:
  tasks:
    t: {action: std.noop}
"""
SETTINGS = {"MISTRAL_EGRESS_ALLOWED": "127.0.0.0/8", "MISTRAL_NOTIFIER_ATTEMPTS": "1"}


class Hook(ThreadingHTTPServer):
    """A receiver that keeps what it is told."""

    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/"
        self.told: list[dict[str, Any]] = []
        self.news = threading.Condition()

    def until(self, count: int) -> list[dict[str, Any]]:
        with self.news:
            assert self.news.wait_for(lambda: len(self.told) >= count, timeout=30), self.told
            return list(self.told)


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Hook = self.server  # type: ignore[assignment]
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(server.status)
        self.send_header("content-length", "0")
        self.end_headers()
        with server.news:
            server.told.append(body)
            server.news.notify_all()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def told_mesh(new_mesh: Any) -> Any:
    return new_mesh(settings=SETTINGS)


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def ctl(told_mesh: Any, mistralctl: Any, tmp_path: Path) -> Callable[..., Any]:
    """Run a command against the mesh; its answer is read if it is JSON."""

    def run(*arguments: str, code: int = 0) -> Any:
        ended = mistralctl(*arguments, MISTRAL_GRPC_ADDRESS=told_mesh.grpc_address)
        assert ended.code == code, ended.err
        return json.loads(ended.out) if "json" in arguments else ended

    file = tmp_path / "telling.yaml"
    file.write_text(WORKFLOW)
    if "telling" not in run("workflow", "list", "-o", "name").out.split():
        run("workflow", "create", str(file))
    return run


def test_a_subscription_is_told_of_a_run_and_shows_its_log(ctl, hook):
    made = ctl("subscription", "create", "hooked", "-e", "WORKFLOW_*", "--webhook", hook.url, "-o", "json")
    assert made["publisher"] == {"format": "cloudevents", "type": "webhook", "url": hook.url}
    assert "delivered in" in ctl("subscription", "test", "hooked").out
    ctl("run", "telling", "-q")

    events = hook.until(3)
    assert [one["type"].rpartition(".")[2] for one in events] == [
        "SUBSCRIPTION_TEST",
        "WORKFLOW_LAUNCHED",
        "WORKFLOW_SUCCEEDED",
    ]
    log = ctl("subscription", "log", "hooked", "-o", "json")
    assert {line["delivered"] for line in log} == {True}
    assert ctl("subscription", "disable", "hooked", "-o", "json")["enabled"] is False
    assert ctl("subscription", "enable", "hooked", "-o", "json")["enabled"] is True
    ctl("subscription", "delete", "hooked")


def test_what_was_given_up_is_listed_and_replayed(ctl, hook):
    hook.status = 500
    ctl("subscription", "create", "deaf", "-e", "WORKFLOW_SUCCEEDED", "--webhook", hook.url)
    assert "HTTP 500" in ctl("subscription", "test", "deaf", code=1).err
    ctl("run", "telling", "-q")
    hook.until(2)
    letters: list[Any] = []
    while not letters:
        letters = ctl("dead-letter", "list", "-o", "json")
    assert [(one["event"], one["error"]) for one in letters] == [("WORKFLOW_SUCCEEDED", "HTTP 500")]
    assert ctl("dead-letter", "get", letters[0]["id"], "-o", "json")["payload"]["name"] == "telling"
    hook.status = 200

    assert "1 to be delivered again" in ctl("dead-letter", "replay", "--subscription", "deaf").out

    assert hook.until(3)[2]["data"]["event"] == "WORKFLOW_SUCCEEDED"
    assert ctl("dead-letter", "replay", code=2).err
    assert "0 forgotten" in ctl("dead-letter", "delete", "--all", "--yes").out
    ctl("subscription", "delete", "deaf")


def test_retention_is_set_previewed_and_taken_away(ctl):
    ctl("run", "telling", "-q")
    assert ctl("retention", "set", "--older-than", "90d", "--ignore", "error", "-o", "json") == {
        **ctl("retention", "get", "-o", "json"),
        "own": True,
        "older_than_minutes": 129600,
        "max_finished": None,
        "ignored_states": ["ERROR"],
    }
    assert ctl("retention", "preview", "-o", "json")["count"] == 0
    found = ctl("retention", "preview", "--max-finished", "0", "-o", "json")
    assert found["count"] == len(found["execution_ids"]) > 0
    assert "90d" in ctl("retention", "set", "--older-than", "soon", code=2).err
    ctl("retention", "unset", "--yes")
    assert ctl("retention", "get", "-o", "json")["own"] is False


def test_files_of_the_archive_are_read_without_a_mesh(mistralctl, tmp_path):
    execution = {"id": "e1", "workflow_name": "w", "state": "SUCCESS", "project_id": "p"}
    (tmp_path / "day").mkdir()
    with gzip.open(tmp_path / "day" / "executions-1.jsonl.gz", "wt") as file:
        for number in (1, 2):
            line = {"execution": {**execution, "id": f"e{number}"}, "tasks": [{}], "actions": [], "history": []}
            file.write(json.dumps(line) + "\n")

    listed = mistralctl("archive", "show", str(tmp_path), "-o", "json")
    one = mistralctl("archive", "show", str(tmp_path / "day"), "--id", "e2", "-o", "json")
    missing = mistralctl("archive", "show", str(tmp_path), "--id", "e3")

    assert [(each["id"], each["tasks"]) for each in json.loads(listed.out)] == [("e1", 1), ("e2", 1)]
    assert json.loads(one.out)["execution"]["id"] == "e2"
    assert missing.code == 1
    (tmp_path / "day" / "torn.jsonl.gz").write_bytes(b"no gzip")
    assert "is no file of an archive" in mistralctl("archive", "show", str(tmp_path)).err
