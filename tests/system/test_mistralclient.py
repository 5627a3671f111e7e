"""python-mistralclient, unchanged, against a whole mesh: every command of ``mistral``."""

import json
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tests.system.mistral_command import ADHOC, BOOK, CODE, FAILING, FLOW, HELD, NESTED, PATIENCE_SECONDS, Mistral

# What is not run, and why; everything else that the command knows is.
NOT_RUN = {"complete": "prints a script for a shell and asks nothing of a mesh"}


@pytest.fixture
def name() -> str:
    return f"n{uuid4().hex[:10]}"


def test_workbooks(mistral, stored, name):
    file = stored(BOOK, name=name)

    assert mistral.one("workbook-validate", file)["Valid"] in (True, "True")
    made = mistral.one("workbook-create", file, "--namespace", "ns")
    assert (made["Name"], made["Namespace"], made["Scope"]) == (name, "ns", "private")
    assert name in mistral.refused("workbook-create", file, "--namespace", "ns")
    assert mistral.one("workbook-get", name, "--namespace", "ns")["Name"] == name
    assert name in [each["Name"] for each in mistral.rows("workbook-list")]
    assert mistral.one("workbook-update", file, "--namespace", "ns", "--public")["Scope"] == "public"
    mistral.text("workbook-delete", name, "--namespace", "ns")
    assert name in mistral.refused("workbook-get", name, "--namespace", "ns")
    mistral.text("workbook-create", file)
    assert mistral.text("workbook-get-definition", name).strip() == BOOK.format(name=name).strip()


def test_workflows(mistral, stored, name):
    file = stored(FLOW, name=name)

    assert mistral.one("workflow-validate", file)["Valid"] in (True, "True")
    wrong = mistral.one("workflow-validate", stored("version: '2.0'\nw: {tasks: 1}\n"))
    assert wrong["Valid"] in (False, "False")
    assert wrong["Error"]
    (made,) = mistral.rows("workflow-create", file, "--namespace", "ns")
    assert (made["Name"], made["Namespace"], made["Tags"]) == (name, "ns", "tagged")
    assert made["Input"].startswith("host, port=")
    mistral.text("workflow-create", file, "--public")
    shown = mistral.one("workflow-get", name)
    assert shown["Scope"] == "public"
    assert mistral.one("workflow-get", made["ID"])["Namespace"] == "ns"
    assert mistral.text("workflow-get-definition", name).strip() == FLOW.format(name=name).strip()
    (updated,) = mistral.rows("workflow-update", stored(HELD, name=name))
    assert (updated["ID"], updated["Scope"]) == (shown["ID"], "private")
    (renamed,) = mistral.rows("workflow-update", stored(HELD, name=f"{name}_2"), "--id", shown["ID"])
    assert (renamed["ID"], renamed["Name"]) == (shown["ID"], f"{name}_2")
    mistral.text("workflow-delete", f"{name}_2", made["ID"])
    assert f"{name}_2" in mistral.refused("workflow-get", f"{name}_2")
    assert mistral.refused("workflow-create", stored("no workflow"))


def test_lists_are_filtered_sorted_and_paged(mistral, upload):
    names = sorted(upload(FLOW) for _ in range(3))
    wanted = ("--filter", f"name=in:{','.join(names)}", "--sort_keys", "name")

    def listed(*more: str) -> list[str]:
        return [each["Name"] for each in mistral.rows("workflow-list", *wanted, *more)]

    assert listed() == names
    assert listed("--sort_dirs", "desc") == names[::-1]
    assert listed("--limit", "2") == names[:2]
    first = mistral.one("workflow-get", names[0])["ID"]
    assert listed("--marker", first) == names[1:]
    assert [each["Name"] for each in mistral.rows("workflow-list", "--filter", f"name={names[1]}")] == [names[1]]
    by_two = mistral.rows("workflow-list", *wanted[:2], "--sort_keys", "created_at,name", "--sort_dirs", "asc,desc")
    assert {each["Name"] for each in by_two} == set(names)


def test_actions(mistral, stored, name):
    file = stored(ADHOC, name=name)

    assert mistral.one("action-validate", file)["Valid"] in (True, "True")
    (made,) = mistral.rows("action-create", file, "--namespace", "ns", "--public")
    assert (made["Name"], made["Input"]) == (name, "x")
    mistral.text("action-create", file)
    assert mistral.one("action-get", name)["Description"] == "an action"
    assert mistral.one("action-get", name, "--namespace", "ns")["ID"] == made["ID"]
    assert mistral.text("action-get-definition", name).strip() == ADHOC.format(name=name).strip()
    listed = mistral.rows("action-list", "--filter", f"name={name}")
    assert {each["Name"] for each in listed} == {name}
    assert "std.echo" in [each["Name"] for each in mistral.rows("action-list")]
    (updated,) = mistral.rows("action-update", stored(f"version: '2.0'\n{name}: {{base: std.noop}}\n"))
    assert updated["Name"] == name
    by_id = mistral.rows(
        "action-update", stored(f"version: '2.0'\n{name}: {{base: std.noop}}\n"), "--id", updated["ID"]
    )
    assert [each["ID"] for each in by_id] == [updated["ID"]]
    mistral.text("action-delete", name)
    mistral.text("action-delete", name, "--namespace", "ns")
    assert name in mistral.refused("action-get", name)


def test_environments(mistral, stored, name):
    body = {"name": name, "description": "d", "variables": {"a": {"b": 1}}}

    made = mistral.one("environment-create", stored(json.dumps(body), ending="json"))
    assert (made["Name"], made["Description"]) == (name, "d")
    shown = mistral.one("environment-get", name)
    assert json.loads(shown["Variables"]) == {"a": {"b": 1}}
    assert json.loads(mistral.text("environment-get", name, "--export", "-f", "json"))
    mistral.text("environment-update", stored(f"name: {name}\nvariables: {{c: 2}}\n"))
    assert json.loads(mistral.one("environment-get", name)["Variables"]) == {"c": 2}
    assert name in [each["Name"] for each in mistral.rows("environment-list")]
    mistral.text("environment-delete", name)
    assert name in mistral.refused("environment-get", name)


def test_executions(mistral, upload, stored):
    flow, params = upload(FLOW), stored('{"env": {"key": "v"}}', ending="json")
    made = mistral.one("execution-create", flow, '{"host": "h"}', params, "-d", "about it")
    assert (made["Workflow name"], made["Description"], made["Root Execution ID"]) == (flow, "about it", "<none>")
    done = mistral.until("execution", made["ID"], "SUCCESS")["ID"]

    assert json.loads(mistral.text("execution-get-input", done)) == {"host": "h", "port": 80}
    assert json.loads(mistral.text("execution-get-output", done)) == {"said": "h", "env": "v"}
    assert json.loads(mistral.text("execution-get-published", done)) == {"g": 1}
    report = mistral.text("execution-get-report", done, "--no-errors-only")
    assert "Number of tasks in SUCCESS state: 1" in report
    assert "action 'std.echo' [SUCCESS]" in report
    assert "Execution Tree" not in mistral.text("execution-get-report", done, "--statistics-only", "--max-depth", "1")
    copy = mistral.one("execution-create", "-s", done)
    assert done in copy["Description"]
    mistral.until("execution", copy["ID"], "SUCCESS")
    found = mistral.rows("execution-list", "--filter", f"workflow_name={flow}", "--filter", "state=SUCCESS")
    assert {each["ID"] for each in found} == {done, copy["ID"]}
    assert done in [each["ID"] for each in mistral.rows("execution-list", "--rootsonly", "--oldest")]
    assert mistral.one("execution-update", done, "-d", "more")["Description"] == "more"
    mistral.text("execution-delete", done, copy["ID"])
    assert done in mistral.refused("execution-get", done)
    assert "nothing" in mistral.refused("execution-create", "nothing")
    assert "missing=['host']" in mistral.refused("execution-create", flow)


def test_executions_are_held_and_stopped(mistral, upload, name):
    execution_id = mistral.one("execution-create", upload(HELD))["ID"]

    assert "Only completed executions can be deleted" in mistral.refused("execution-delete", execution_id)
    assert mistral.one("execution-update", execution_id, "-s", "PAUSED")["State"] == "PAUSED"
    resumed = mistral.one("execution-update", execution_id, "-s", "RUNNING", "-e", '{"k": "v"}')
    assert resumed["State"] == "RUNNING"
    assert mistral.one("execution-update", execution_id, "-s", "CANCELLED")["State"] == "CANCELLED"
    other = mistral.one("execution-create", upload(HELD))["ID"]
    mistral.text("execution-delete", other, "--force")


def test_executions_of_a_namespace(mistral, stored, name):
    mistral.text("workflow-create", stored(FLOW, name=name), "--namespace", "ns")

    made = mistral.one("execution-create", name, '{"host": 1}', "--namespace", "ns")

    assert made["Workflow namespace"] == "ns"


def test_sub_executions(mistral, upload):
    inner = upload(FAILING)
    execution_id = mistral.started(upload(NESTED, inner=inner), state="ERROR")
    task_id = mistral.task_of(execution_id)

    assert len(mistral.rows("execution-get-sub-executions", execution_id)) == 2
    assert len(mistral.rows("execution-get-sub-executions", execution_id, "--max-depth", "0")) == 1
    (below,) = mistral.rows("task-get-sub-executions", task_id, "--errors-only")
    assert below["Workflow name"] == inner
    (by_task,) = mistral.rows("execution-list", "--task", task_id)
    assert by_task["ID"] == below["ID"]
    assert "(error info:" in mistral.text("execution-get-report", execution_id)


def test_tasks(mistral, upload):
    execution_id = mistral.started(upload(FLOW), '{"host": "h"}', state="SUCCESS")
    task_id = mistral.task_of(execution_id)

    shown = mistral.one("task-get", task_id)
    assert (shown["Name"], shown["State"], shown["Workflow Execution ID"]) == ("say", "SUCCESS", execution_id)
    assert json.loads(mistral.text("task-get-result", task_id)) == "h"
    published, with_globals = mistral.text("task-get-published", task_id).split("}\n{")
    assert json.loads(published + "}") == {"said": "h"}
    assert json.loads("{" + with_globals) == {"g": 1}
    (found,) = mistral.rows("task-list", execution_id, "--filter", "name=say", "--filter", "state=SUCCESS")
    assert found["ID"] == task_id
    assert len(mistral.rows("task-list", "--limit", "1")) == 1


def test_reruns(mistral, upload):
    execution_id = mistral.started(upload(FAILING), state="ERROR")
    task_id = mistral.task_of(execution_id)

    assert mistral.one("task-rerun", task_id, "-e", '{"why": "again"}')["ID"] == task_id
    mistral.until("execution", execution_id, "ERROR")
    assert "again" in mistral.text("task-get-result", mistral.until("task", task_id, "ERROR")["ID"])
    assert "items" in mistral.refused("task-rerun", task_id, "--resume")


def test_runs_of_actions(mistral):
    assert json.loads(mistral.text("run-action", "std.echo", '{"output": "h"}')) == {"result": "h"}
    kept = mistral.one("run-action", "std.echo", '{"output": "h"}', "--save-result")["ID"]
    done = mistral.until("action-execution", kept, "SUCCESS")
    assert done["Name"] == "std.echo"
    assert json.loads(mistral.text("action-execution-get-output", kept)) == {"result": "h"}
    assert json.loads(mistral.text("action-execution-get-input", kept)) == {"output": "h"}
    mistral.text("run-action", "std.noop", "{}", "--run-sync")
    assert "Failed to find action" in mistral.refused("run-action", "nothing.such")
    mistral.text("action-execution-delete", kept)
    assert kept in mistral.refused("action-execution-get", kept)


def test_actions_of_tasks(mistral, upload):
    execution_id = mistral.one("execution-create", upload(HELD))["ID"]
    end = time.monotonic() + PATIENCE_SECONDS
    while not (rows := mistral.rows("task-list", execution_id)):
        assert time.monotonic() < end
    task_id = rows[0]["ID"]
    while not (rows := mistral.rows("action-execution-list", task_id)):
        assert time.monotonic() < end
    action_id = rows[0]["ID"]

    listed = mistral.rows("action-execution-list", "--filter", "name=std.async_noop", "--filter", "state=RUNNING")
    assert action_id in [each["ID"] for each in listed]
    updated = mistral.one("action-execution-update", action_id, "--state", "SUCCESS", "--output", '{"r": 1}')
    assert updated["State"] == "SUCCESS"
    mistral.until("execution", execution_id, "SUCCESS")
    assert json.loads(mistral.text("task-get-result", task_id)) == {"r": 1}


def test_cron_triggers(mistral, upload, name):
    flow = upload(FLOW)
    made = mistral.one(
        "cron-trigger-create", name, flow, '{"host": "h"}', "--pattern", "0 0 1 1 *", "--count", "3", "--params", "{}"
    )
    assert (made["Name"], made["Workflow"], made["Pattern"]) == (name, flow, "0 0 1 1 *")
    assert str(made["Remaining executions"]) == "3"
    assert mistral.one("cron-trigger-get", name)["Name"] == name
    assert name in [each["Name"] for each in mistral.rows("cron-trigger-list")]
    assert mistral.refused("cron-trigger-create", name, flow, '{"host": "h"}', "--pattern", "0 0 1 1 *")
    first = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%d %H:%M")
    once = mistral.one("cron-trigger-create", f"{name}_1", flow, '{"host": "h"}', "--first-time", first, "--utc")
    assert once["Next execution time"] == f"{first}:00"
    mistral.text("cron-trigger-delete", name, f"{name}_1")
    assert name in mistral.refused("cron-trigger-get", name)


def test_event_triggers(mistral, upload, name):
    flow = mistral.one("workflow-get", upload(HELD))["ID"]
    made = mistral.one("event-trigger-create", name, flow, "exchange", "topic", name, "{}", "--params", "{}")
    assert (made["Name"], made["Workflow ID"], made["Event"]) == (name, flow, name)
    assert mistral.one("event-trigger-get", made["ID"])["Exchange"] == "exchange"
    assert made["ID"] in [each["ID"] for each in mistral.rows("event-trigger-list")]
    mistral.text("event-trigger-delete", made["ID"])
    assert made["ID"] in mistral.refused("event-trigger-get", made["ID"])


def test_uploaded_code(mistral, stored, name):
    source = stored(CODE, ending="py")

    made = mistral.one("code-source-create", name, source)
    assert made["Name"] == name
    assert mistral.text("code-source-get-content", name).strip() == CODE.strip()
    action = mistral.one("dynamic-action-create", f"{name}_say", "Say", name)
    assert (action["Name"], action["Class"]) == (f"{name}_say", "Say")
    assert json.loads(mistral.text("run-action", f"{name}_say", '{"word": "w"}')) == {"result": "w"}
    assert mistral.one("code-source-update", name, source)["Updated at"]
    assert mistral.one("code-source-get", made["ID"])["Name"] == name
    assert name in [each["Name"] for each in mistral.rows("code-source-list")]
    assert mistral.one("dynamic-action-get", action["ID"])["Name"] == f"{name}_say"
    assert mistral.one("dynamic-action-update", f"{name}_say", "--class-name", "Say", "--public")["Scope"] == "public"
    assert f"{name}_say" in [each["Name"] for each in mistral.rows("dynamic-action-list")]
    mistral.text("dynamic-action-delete", f"{name}_say")
    mistral.text("code-source-delete", name)
    assert name in mistral.refused("code-source-get", name)


def test_sharing_is_refused_while_there_is_one_project(mistral, upload):
    flow = mistral.one("workflow-get", upload(HELD))["ID"]

    for command, more in (
        ("member-create", ("p",)),
        ("member-list", ()),
        ("member-get", ("-m", "p")),
        ("member-update", ("-m", "p")),
        ("member-delete", ("p",)),
    ):
        assert "authentication enabled" in mistral.refused(command, flow, "workflow", *more)


def test_every_command_was_run(mistral: Mistral) -> None:
    """Stands last: what the command knows has been run above, or it is said why not."""
    assert "--filter" in mistral.text("help", "workflow-list")
    left = mistral.known() - mistral.ran - set(NOT_RUN)

    assert not left, sorted(left)
