"""The real program and a real mesh: what is done with cron triggers, and what one sees of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WORKFLOW = """
version: '2.0'
ticking:
  input: [n: 1]
  triggers:
    nightly: {cron: {pattern: '30 2 * * *', timezone: Europe/Berlin}}
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


def test_everything_that_can_be_said_of_a_cron_trigger(ctl):
    when = ("--pattern", "0 3 * * *", "--pattern", "0 15 * * 6", "--timezone", "Europe/Berlin", "--jitter", "5m")
    how = ("--overlap", "buffer-one", "--catchup-window", "2h", "--start-at", "2049-01-01", "--end-at", "2049-02-01")
    made = ctl("cron-trigger", "create", "all", "ticking", *when, *how, "--paused", "--note", "later", "-o", "json")

    assert made["patterns"] == ["0 3 * * *", "0 15 * * 6"]
    assert (made["timezone"], made["jitter"], made["catchup_window"]) == ("Europe/Berlin", 300, 7200)
    assert (made["overlap"], made["status"], made["status_note"]) == ("BUFFER_ONE", "PAUSED", "later")
    assert (made["start_at"], made["end_at"]) == ("2048-12-31T23:00:00.000Z", "2049-01-31T23:00:00.000Z")
    assert ctl("cron-trigger", "list", "--filter", "status = PAUSED", "-o", "name").out.split() == ["all"]
    ctl("cron-trigger", "delete", "all")


def test_a_trigger_that_a_workflow_declares_is_paused_but_not_removed(ctl):
    assert "declares this trigger" in ctl("cron-trigger", "delete", "ticking.nightly", code=1).err
    paused = ctl("cron-trigger", "pause", "ticking.nightly", "--note", "moving", "-o", "json")
    assert (paused["status"], paused["next_execution_time"], paused["declared_as"]) == ("PAUSED", None, "nightly")
    shown = ctl("cron-trigger", "get", "ticking.nightly").out
    assert "moving" in shown
    assert ctl("cron-trigger", "resume", "ticking.nightly", "-o", "json")["status"] == "ACTIVE"


def test_what_is_due_next_is_shown_before_it_is_stored(ctl):
    pattern = ("--pattern", "30 2 * * *", "--timezone", "Europe/Berlin", "--since", "2026-03-28", "--count", "3")
    times = ctl("cron-trigger", "preview", *pattern, "-o", "json")
    assert [one["local"] for one in times] == [
        *("2026-03-28 02:30:00+01:00", "2026-03-29 03:00:00+02:00", "2026-03-30 02:30:00+02:00"),
    ]
    stored = ctl("cron-trigger", "preview", "ticking.nightly", "--since", "2026-03-28", "--count", "3", "-o", "json")
    assert [one["due_at"] for one in stored] == [one["due_at"] for one in times]
    assert "say what" in ctl("cron-trigger", "preview", code=2).err
    assert "Mars" in ctl("cron-trigger", "preview", "--pattern", "0 3 * * *", "--timezone", "Mars", code=1).err


def test_runs_are_asked_for_and_shown(ctl):
    ctl("cron-trigger", "create", "asked", "ticking", "--pattern", "0 * * * *", "-i", "n=7")
    run = ctl("cron-trigger", "run", "asked", "-o", "json")
    assert (run["state"], run["kind"], run["execution_id"]) == ("STARTING", "MANUAL", None)
    span = ("--start", "2026-05-04 00:00", "--end", "2026-05-04 03:00")
    assert "4 started" in ctl("cron-trigger", "backfill", "asked", *span).out
    assert "4 had been run before" in ctl("cron-trigger", "backfill", "asked", *span).out

    found = ctl("cron-trigger", "runs", "asked", "--sort", "due_at", "-o", "json")

    assert [one["kind"] for one in found] == ["BACKFILL"] * 4 + ["MANUAL"]
    assert "MANUAL" in ctl("cron-trigger", "runs", "asked", "--filter", "kind = MANUAL").out
    assert "did you mean asked?" in ctl("cron-trigger", "run", "aksed", code=1).err
    ctl("cron-trigger", "delete", "asked")


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (("--jitter", "soon"), 2, "--jitter"),
        (("--jitter", "2d"), 1, "jitter"),
        (("--catchup-window", "1s"), 1, "catchup_window"),
        (("--timezone", "Mars"), 1, "time zone"),
        (("--timezone", "Mars", "--end-at", "2049-01-01"), 2, "--timezone"),
        (("--end-at", "2000-01-01"), 1, "never fits"),
        (("--overlap", "some"), 2, "overlap"),
    ],
)
def test_what_makes_no_schedule_is_explained(ctl, given, code, said):
    assert said in ctl("cron-trigger", "create", "wrong", "ticking", "--pattern", "0 3 * * *", *given, code=code).err
