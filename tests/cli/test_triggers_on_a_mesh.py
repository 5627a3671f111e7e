"""The real program and a real mesh: triggers, maintenance, and which services there are."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

WORKFLOW = """
version: '2.0'
ticking:
  input: [n: 1]
  tasks:
    t: {action: std.noop}
"""


@pytest.fixture
def ctl(mesh: Any, mistralctl: Any, tmp_path: Path) -> Callable[..., Any]:
    """Run a command against the mesh; its answer is read if it is JSON."""
    file = tmp_path / "ticking.yaml"
    file.write_text(WORKFLOW)

    def run(*arguments: str, code: int = 0) -> Any:
        ended = mistralctl(*arguments, MISTRAL_GRPC_ADDRESS=mesh.grpc_address)
        assert ended.code == code, ended.err
        return json.loads(ended.out) if "json" in arguments else ended

    if "ticking" not in run("workflow", "list", "-o", "name").out.split():
        run("workflow", "create", str(file))
    return run


def test_a_cron_trigger_from_its_making_to_its_end(ctl):
    given = ("--pattern", "0 3 * * *", "-i", "n=2", "--scope", "private")
    made = ctl("cron-trigger", "create", "nightly", "ticking", *given, "-o", "json")
    assert (made["workflow_name"], made["workflow_input"], made["remaining_executions"]) == ("ticking", {"n": 2}, None)
    assert ctl("cron-trigger", "get", "nightly", "-o", "json") == made
    assert "0 3 * * *" in ctl("cron-trigger", "list").out
    missing = ctl("cron-trigger", "get", "nihgtly", code=1)
    assert "did you mean nightly?" in missing.err
    ctl("cron-trigger", "delete", "nightly")
    assert ctl("cron-trigger", "list", "-o", "json") == []


def test_a_cron_trigger_for_one_start(ctl):
    given = ("--first-time", "2049-01-31 10:00", "-o", "json")
    made = ctl("cron-trigger", "create", "once", "ticking", *given)
    assert (made["next_execution_time"], made["remaining_executions"]) == ("2049-01-31T10:00:00.000Z", 1)
    ctl("cron-trigger", "delete", "once")


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        ((), 2, "--pattern"),
        (("--first-time", "tomorrow"), 2, "2030-01-31"),
        (("--pattern", "61 * * * *"), 1, "not valid"),
        (("--pattern", "0 3 * * *", "-i", "bogus=1"), 1, "bogus"),
    ],
)
def test_what_makes_no_cron_trigger_is_explained(ctl, given, code, said):
    assert said in ctl("cron-trigger", "create", "wrong", "ticking", *given, code=code).err


def test_an_event_trigger_from_its_making_to_its_end(ctl):
    made = ctl("event-trigger", "create", "ticking", "nova", "notes", "boot", "--name", "n", "-o", "json")
    assert UUID(made["id"])
    assert (made["exchange"], made["topic"], made["event"], made["workflow_input"]) == ("nova", "notes", "boot", {})
    again = ctl("event-trigger", "create", "ticking", "nova", "notes", "boot", code=1)
    assert "already an event trigger" in again.err
    changed = ctl("event-trigger", "update", made["id"], "-i", "n=5", "-o", "json")
    assert (changed["workflow_input"], changed["name"]) == ({"n": 5}, "n")
    assert ctl("event-trigger", "list", "-o", "name").out.split() == [made["id"]]
    ctl("event-trigger", "delete", made["id"])
    assert ctl("event-trigger", "get", made["id"], code=1).err


def test_maintenance_stops_changes_until_it_is_over(ctl):
    assert ctl("maintenance", "status", "-o", "name").out.strip() == "RUNNING"
    try:
        assert ctl("maintenance", "on", "--wait", "60", "-o", "json")["status"] == "PAUSED"
        refused = ctl("execution", "start", "ticking", code=1)
        assert "in maintenance (PAUSED)" in refused.err
        assert "ticking" in ctl("workflow", "list").out
    finally:
        over = ctl("maintenance", "off", "--wait", "60", "-o", "json")
    assert (over["status"], over["paused_executions"]) == ("RUNNING", 0)
    assert ctl("execution", "start", "ticking", "--wait", "30", "-o", "json")["state"] == "SUCCESS"


def test_every_service_that_lives_is_listed(ctl):
    names = ["api_gateway-0", "engine-0", "executor-0", "notifier-0", "scheduler-0"]
    assert ctl("service", "list", "-o", "name").out.split() == names
    engines = ctl("service", "list", "--kind", "engine", "-o", "json")
    assert [one["kind"] for one in engines] == ["ENGINE"]


def test_an_event_from_its_name_to_what_it_started(ctl):
    trigger = ctl(
        *("event-trigger", "create", "ticking", "mistral", "named", "disk is full"),
        *("--map", "n=<% $.payload.size %>", "--if", "<% $.payload.size > 1 %>", "-o", "json"),
    )
    binding = ("event-binding", "create", "disk is full", "monitor", "events", "disk.*", "--matching", "glob")
    assert ctl(*binding, "-o", "json")["matching"] == "glob"
    fired = ctl("event", "fire", "disk is full", "--payload", '{"size": 5}', "--id", "disk-1", "-o", "json")
    small = ctl("event", "fire", "disk is full", "--payload", '{"size": 1}', "-o", "json")

    def explained(event: Any) -> Any:
        for _ in range(200):
            (found,) = ctl("event", "explain", event["id"], "-o", "json")
            if found["verdict"] != "PENDING":
                return found
            time.sleep(0.05)
        raise AssertionError("the event was not looked at")

    assert explained(fired)["verdict"] == "FIRED"
    assert explained(small)["verdict"] == "CONDITION_FALSE"
    assert ctl("event", "get", fired["id"], "-o", "json")["payload"] == {"size": 5}
    assert ctl("event", "fire", "disk is full", "--id", "disk-1", "-o", "json")["id"] == fired["id"]
    assert "disk is full" in ctl("event", "list", "--filter", "fired = 1").out
    assert ctl("event-trigger", "get", trigger["id"], "-o", "json")["fired"] == 1
    assert ctl("event-trigger", "update", trigger["id"], "--disable", "-o", "json")["enabled"] is False
    ctl("event-trigger", "delete", trigger["id"])
    ctl("event-binding", "update", "disk is full", "--event", "volume.*", "-o", "json")
    ctl("event-binding", "delete", "disk is full")


def test_an_event_source_keeps_its_secret(ctl, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    made = ctl(
        *("event-source", "create", "github", "webhook", "--set", "proof=github"),
        *("--secret", f"@{secret}", "-o", "json"),
    )
    assert (made["has_secret"], made["settings"], made["exchange"]) == (True, {"proof": "github"}, "github")
    assert "s3cret" not in json.dumps(made)
    assert ctl("event-source", "update", "github", "--disable", "-o", "json")["enabled"] is False
    assert "github" in ctl("event-source", "list").out
    refused = ctl("event-source", "create", "other", "carrier-pigeon", code=1)
    assert "known are nats" in refused.err
    ctl("event-source", "delete", "github")
