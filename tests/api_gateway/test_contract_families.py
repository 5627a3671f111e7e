"""The REST contract of what is below an execution: its tasks, sub-workflows, and the report."""

import pytest

from tests.api_gateway.contract import UNKNOWN_ID, Api, decoded, is_fault, new_name

FAMILY = """version: '2.0'
{name}_top:
  tasks:
    sub: {{workflow: {name}_mid, on-complete: own}}
    own: {{action: std.noop}}
{name}_mid:
  tasks:
    fine: {{action: std.noop}}
    deep: {{workflow: {name}_low}}
{name}_low:
  tasks:
    bad:
      action: std.fail
      retry: {{count: 1, delay: 0}}
"""
COUNTS = ("total", "running", "success", "error", "idle", "paused")
HEAD = {"id", "name", "created_at", "updated_at", "state", "state_info"}


@pytest.fixture(scope="module")
def top(api: Api) -> dict:
    name = new_name()
    api.made("/v2/workflows", FAMILY.format(name=name))
    started = api.made("/v2/executions", {"workflow_name": f"{name}_top"})
    return api.until(f"/v2/executions/{started['id']}", "ERROR")


def kinds(executions: list[dict]) -> list[str]:
    return [each["workflow_name"].rpartition("_")[2] for each in executions]


def test_an_execution_and_those_below_it_are_one_list(api, top):
    found = api.listed(f"/v2/executions/{top['id']}/executions")

    assert kinds(found) == ["top", "mid", "low"]
    assert found[0]["root_execution_id"] is None
    assert found[1]["root_execution_id"] == found[2]["root_execution_id"] == top["id"]
    (task,) = api.listed(f"/v2/executions/{top['id']}/tasks?name=sub")
    assert found[1]["task_execution_id"] == task["id"]
    assert "output" not in found[0]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("max_depth=-1", ["top", "mid", "low"]),
        ("max_depth=0", ["top"]),
        ("max_depth=1", ["top", "mid"]),
        ("max_depth=5", ["top", "mid", "low"]),
        ("errors_only=true", ["top", "mid", "low"]),
        ("errors_only=", ["top", "mid", "low"]),
        ("max_depth=-1&errors_only=", ["top", "mid", "low"]),
        ("include_output=true", ["top", "mid", "low"]),
    ],
)
def test_how_deep_the_list_goes(api, top, query, wanted):
    found = api.listed(f"/v2/executions/{top['id']}/executions?{query}")

    assert kinds(found) == wanted
    assert ("output" in found[0]) == ("include_output" in query)


@pytest.mark.parametrize(
    ("query", "wanted"), [("", ["mid", "low"]), ("?max_depth=0", ["mid"]), ("?errors_only=true", ["mid", "low"])]
)
def test_what_is_below_a_task(api, top, query, wanted):
    (task,) = api.listed(f"/v2/executions/{top['id']}/tasks?name=sub")

    assert kinds(api.listed(f"/v2/tasks/{task['id']}/executions{query}")) == wanted


def test_the_sub_workflows_of_a_task(api, top):
    (task,) = api.listed(f"/v2/executions/{top['id']}/tasks?name=sub")

    (found,) = api.listed(f"/v2/tasks/{task['id']}/workflow_executions")

    assert found["workflow_name"].endswith("_mid")
    assert not {"input", "output", "params"} & set(found)
    assert api.listed(f"/v2/tasks/{task['id']}/workflow_executions?state=SUCCESS") == []
    (chosen,) = api.listed(f"/v2/tasks/{task['id']}/workflow_executions?fields=state")
    assert set(chosen) == {"id", "state"}
    (by_filter,) = api.listed(f"/v2/executions?task_execution_id={task['id']}&fields=state,workflow_name")
    assert by_filter["id"] == found["id"]


def test_the_whole_report(api, top):
    report = api.get(f"/v2/executions/{top['id']}/report").json()

    assert set(report) == {"statistics", "root_workflow_execution"}
    assert set(report["statistics"]) == {*(f"{kind}_tasks_count" for kind in COUNTS), "estimated_time"}
    assert [report["statistics"][f"{kind}_tasks_count"] for kind in COUNTS] == [5, 0, 2, 3, 0, 0]
    assert report["statistics"]["estimated_time"] == 0
    root = report["root_workflow_execution"]
    assert set(root) == HEAD | {"task_executions"}
    assert root["id"] == top["id"]
    by_name = {each["name"]: each for each in root["task_executions"]}
    assert set(by_name) == {"sub", "own"}
    assert set(by_name["own"]) == HEAD | {"action_executions", "workflow_executions"}
    (action,) = by_name["own"]["action_executions"]
    assert set(action) == HEAD | {"accepted", "last_heartbeat"}
    assert (action["name"], action["accepted"]) == ("std.noop", True)
    (mid,) = by_name["sub"]["workflow_executions"]
    (low,) = next(each for each in mid["task_executions"] if each["name"] == "deep")["workflow_executions"]
    (bad,) = low["task_executions"]
    assert bad["retry_count"] == 1
    assert len(bad["action_executions"]) == 2


@pytest.mark.parametrize("flag", ["true", "True", "1"])
def test_the_report_of_what_failed(api, top, flag):
    report = api.get(f"/v2/executions/{top['id']}/report?errors_only={flag}").json()

    assert [each["name"] for each in report["root_workflow_execution"]["task_executions"]] == ["sub"]
    assert report["statistics"]["error_tasks_count"] == 3


def test_the_counts_alone(api, top):
    report = api.get(f"/v2/executions/{top['id']}/report?statistics_only=true").json()

    assert set(report) == {"statistics"}
    assert report["statistics"]["total_tasks_count"] == 5


def test_how_deep_the_report_goes(api, top):
    flat = api.get(f"/v2/executions/{top['id']}/report?max_depth=0").json()["root_workflow_execution"]

    by_name = {each["name"]: each for each in flat["task_executions"]}
    (mid,) = by_name["sub"]["workflow_executions"]
    assert not mid.get("task_executions")
    deeper = api.get(f"/v2/executions/{top['id']}/report?max_depth=1").json()["root_workflow_execution"]
    by_name = {each["name"]: each for each in deeper["task_executions"]}
    (mid,) = by_name["sub"]["workflow_executions"]
    assert len(mid["task_executions"]) == 2


def test_what_is_not_there(api, top):
    for tail in ("executions", "report", "tasks"):
        is_fault(api.get(f"/v2/executions/{UNKNOWN_ID}/{tail}"), 404)
        is_fault(api.get(f"/v2/executions/{top['id']}/{tail}?bogus=1"), 400, 'Unknown argument: "bogus"')
    for tail in ("executions", "action_executions", "workflow_executions"):
        is_fault(api.get(f"/v2/tasks/{UNKNOWN_ID}/{tail}"), 404)
    is_fault(api.get(f"/v2/executions/{top['id']}/report?max_depth=deep"), 400, "max_depth")
    is_fault(api.get(f"/v2/executions/{top['id']}/executions?errors_only=perhaps"), 400, "errors_only")


def test_the_time_that_is_left(api):
    execution, _, _ = api.held()

    unknown = api.get(f"/v2/executions/{execution['id']}/report?statistics_only=true").json()["statistics"]

    assert unknown["estimated_time"] == -1
    assert unknown["running_tasks_count"] == 1


def test_a_failure_tells_its_cause(api, top):
    assert "sub" in top["state_info"]
    assert "result" in decoded(top["output"])
