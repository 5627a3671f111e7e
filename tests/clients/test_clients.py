"""Clients generated from the contracts, in four languages, drive a real mesh: the same plan, the same report."""

import json
import subprocess
import sys
from typing import Any
from uuid import uuid4

import pytest

from mistral_mesh import MeshStatus
from tests.clients.toolchain import ROOT, Project, built, environment

pytestmark = pytest.mark.slow

BIG = 123456789012345678901234567890
GREETING = 'Grüße, мир, 世界, 🦊 \u2028 "quoted"'
REASON = "nicht mehr nötig ☂"
UNKNOWN = "11111111-2222-4333-8444-555555555555"
RUN_SECONDS = 120

PROJECTS = {
    "python": Project("tests/clients/python", (sys.executable, "client.py")),
    "go": Project("tests/clients/go", ("build/client",), (("go", (1, 26)),)),
    "typescript": Project("tests/clients/typescript", ("node", "build/src/main.js"), (("node", (18,)), ("npm", ()))),
    "java": Project(
        "tests/clients/java",
        ("java", "-cp", "target/classes:target/dependency/*", "mesh.example.client.Client"),
        (("javac", (17,)), ("mvn", (3, 6))),
    ),
}

DEFINITION = """version: '2.0'

{workflow}:
  input: [greeting, number]
  output:
    greeting: <% $.greeting %>
    next: <% $.number + 1 %>
  tasks:
    one: {{action: std.noop, on-success: two}}
    two: {{action: std.noop, on-success: three}}
    three: {{action: std.noop, on-success: four}}
    four: {{action: std.noop, on-success: five}}
    five: {{action: std.noop}}

{held}:
  tasks:
    hold: {{action: std.async_noop}}
"""

Report = dict[str, Any]


@pytest.fixture(scope="module", params=PROJECTS)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def report(language: str, mesh: MeshStatus, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """What the client of a language saw."""
    command = built(PROJECTS[language])
    plan = tmp_path_factory.mktemp(language) / "plan.json"
    plan.write_text(json.dumps(_plan(language)))
    project = PROJECTS[language]
    done = subprocess.run(
        [*command, mesh.grpc_address, str(plan)],
        cwd=project.path,
        env=environment(),
        capture_output=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    found: Report = json.loads(done.stdout)
    return found


def _plan(language: str) -> dict[str, Any]:
    workflow = f"generated_{language}_{uuid4().hex[:8]}"
    held = f"{workflow}_held"
    return {
        "workflow": workflow,
        "held": held,
        "definition": DEFINITION.format(workflow=workflow, held=held),
        "faulty": f"version: '2.0'\n{workflow}_faulty:\n  tasks:\n    t: {{actoin: x}}\n",
        "input": json.dumps({"greeting": GREETING, "number": BIG}, ensure_ascii=False),
        "request_id": str(uuid4()),
        "reason": REASON,
        "unknown": UNKNOWN,
        "page_size": 2,
    }


def test_a_workflow_is_created_and_started_once_however_often_it_is_asked_for(report: Report) -> None:
    assert report["versions"] == ["1", "1"]
    assert report["started_id"] == report["repeated_id"] != ""


def test_its_output_comes_back_with_every_letter_and_digit(report: Report) -> None:
    assert report["state"] == "STATE_SUCCESS"
    assert json.loads(report["output"]) == {"greeting": GREETING, "next": BIG + 1}
    # As the language itself reads it.
    assert (report["greeting"], report["next"]) == (GREETING, str(BIG + 1))


def test_its_events_are_watched_to_the_end_and_again_from_the_middle(report: Report) -> None:
    events = report["events"]
    positions = [int(event["position"]) for event in events]
    done = [event["task"] for event in events if event["type"] == "TASK_SUCCEEDED"]

    assert positions == sorted(set(positions))
    assert done == ["one", "two", "three", "four", "five"]
    assert report["resumed_events"] == events[2:]


def test_its_tasks_come_in_pages(report: Report) -> None:
    assert report["task_pages"] == [["one", "two"], ["three", "four"], ["five"]]


def test_an_execution_is_paused_resumed_and_cancelled(report: Report) -> None:
    assert report["steered"] == ["STATE_PAUSED", "STATE_RUNNING", "STATE_CANCELLED"]
    assert report["reason"] == REASON


def test_an_error_is_read_with_its_details(report: Report) -> None:
    faulty = report["faulty"]

    assert faulty["code"] == "INVALID_ARGUMENT"
    assert (faulty["reason"], faulty["domain"], faulty["line"]) == ("INVALID_DEFINITION", "mistral", "4")
    assert faulty["field"].endswith("_faulty.tasks.t.actoin")
    assert faulty["description"] != ""
    assert (report["missing"]["code"], report["missing"]["reason"]) == ("NOT_FOUND", "NOT_FOUND")


def test_a_deadline_ends_a_watch(report: Report) -> None:
    assert report["late"] == "DEADLINE_EXCEEDED"


def test_what_was_made_is_removed(report: Report) -> None:
    assert report["deleted"] == ["NOT_FOUND", "NOT_FOUND"]


@pytest.mark.parametrize("language", PROJECTS)
def test_the_manual_shows_the_commands_that_are_run_here(language: str) -> None:
    commands = (ROOT / PROJECTS[language].folder / "build.sh").read_text().partition("\n\n")[2].strip()

    assert commands in (ROOT / "docs/clients.md").read_text()
