"""Executions, tasks and action executions over REST: exact field sets, JSON as text, trees and reports."""

import json

import pytest

UNKNOWN = "11111111-2222-4333-8444-555555555555"
EXECUTION_TEXT = (
    "id workflow_id workflow_name workflow_namespace description tags params task_execution_id root_execution_id"
    " source_execution_id state state_info input output created_at updated_at project_id published_global"
)
TASK_TEXT = (
    "id name type workflow_name workflow_namespace workflow_id workflow_execution_id tags state state_info project_id"
    " runtime_context result published published_global processed created_at updated_at started_at finished_at"
)
ACTION_TEXT = (
    "id workflow_name workflow_namespace task_name task_execution_id state state_info tags name description project_id"
    " accepted input output params created_at updated_at"
)
EXECUTION_FIELDS, TASK_FIELDS, ACTION_FIELDS = (set(text.split()) for text in (EXECUTION_TEXT, TASK_TEXT, ACTION_TEXT))


async def test_an_execution_shows_json_as_text(rest, rows, name):
    found = await rows.execution(
        name,
        state="SUCCESS",
        input={"a": 2**60},
        output={"r": [1, {"k": "a,b:c"}]},
        globals={"g": 1},
        tags=["x"],
        params={"env": {}},
    )

    shown = (await rest.get(f"/v2/executions/{found}")).json()

    assert set(shown) == EXECUTION_FIELDS
    assert shown["input"] == f'{{"a": {2**60}}}'
    assert shown["output"] == '{"r": [1, {"k": "a,b:c"}]}'
    assert json.loads(shown["published_global"]) == {"g": 1}
    assert shown["created_at"] == "2026-05-04 12:00:00"
    assert shown["root_execution_id"] is None
    assert shown["state_info"] is None
    assert (await rest.get(f"/v2/executions/{found.upper()}")).json() == shown


async def test_a_list_shows_all_but_output_and_globals(rest, rows, name):
    await rows.execution(name)

    (shown,) = (await rest.get(f"/v2/executions?workflow_name={name}")).json()["executions"]

    assert set(shown) == EXECUTION_FIELDS - {"output", "published_global"}


@pytest.mark.parametrize("kind", ["executions", "tasks", "action_executions", "workflows"])
@pytest.mark.parametrize("identifier", [UNKNOWN, "no-uuid"])
async def test_what_is_not_there_is_not_found(rest, kind, identifier):
    answer = await rest.get(f"/v2/{kind}/{identifier}")

    assert answer.status_code == 404
    assert answer.json()["faultcode"] == "Client"


@pytest.mark.parametrize("tail", ["tasks", "executions", "report", "events"])
async def test_what_hangs_on_an_unknown_execution_is_not_found(rest, tail):
    assert (await rest.get(f"/v2/executions/{UNKNOWN}/{tail}")).status_code == 404


async def test_a_task_shows_its_result_and_what_led_to_it(rest, rows, name):
    execution = await rows.execution(name)
    first = await rows.task(execution, "a")
    body = {"triggered_by": [[first, "on-success"]], "retry_no": 2, "published_global": {"g": 1}}
    task = await rows.task(execution, "b", published={"p": 1}, body=body, tags=["q"])
    await rows.action(execution, task, output="old", accepted=False)
    await rows.action(execution, task, output={"k": "v"})

    shown = (await rest.get(f"/v2/tasks/{task}")).json()

    assert set(shown) == TASK_FIELDS
    assert json.loads(shown["result"]) == {"k": "v"}
    assert json.loads(shown["published"]) == {"p": 1}
    assert json.loads(shown["published_global"]) == {"g": 1}
    context = json.loads(shown["runtime_context"])
    assert context["triggered_by"] == [{"task_id": first, "event": "on-success"}]
    assert context["retry_task_policy"] == {"retry_no": 2}
    assert shown["workflow_execution_id"] == execution
    assert json.loads((await rest.get(f"/v2/tasks/{first}")).json()["runtime_context"]) == {}


async def test_a_task_with_items_gives_a_list_in_their_order(rest, rows, name):
    execution = await rows.execution(name)
    task = await rows.task(execution, "t", body={"items": {"total": 3, "started": 3, "concurrency": 2}})
    for index in (2, 0, 1):
        await rows.action(execution, task, index=index, output=f"r{index}")

    shown = (await rest.get(f"/v2/tasks/{task}")).json()

    assert json.loads(shown["result"]) == ["r0", "r1", "r2"]
    assert json.loads(shown["runtime_context"])["with_items"]["count"] == 3


async def test_a_task_without_a_result_gives_an_empty_list(rest, rows, name):
    task = await rows.task(await rows.execution(name), "t", state="RUNNING", finished_at=None)

    assert (await rest.get(f"/v2/tasks/{task}")).json()["result"] == "[]"


async def test_lists_of_tasks_bear_no_results(rest, rows, name):
    execution = await rows.execution(name)
    await rows.task(execution, "t")

    (shown,) = (await rest.get(f"/v2/executions/{execution}/tasks")).json()["tasks"]

    assert set(shown) == TASK_FIELDS - {"result", "published_global"}


async def test_the_graph_page_of_cloudflow_gets_its_fields(rest, rows, name):
    execution = await rows.execution(name)
    await rows.task(execution, "t")
    fields = (
        "state_info,created_at,name,runtime_context,workflow_name,state,updated_at,workflow_execution_id,workflow_id"
        ",type,started_at,finished_at"
    )

    (shown,) = (await rest.get(f"/v2/executions/{execution}/tasks?fields={fields}")).json()["tasks"]

    assert list(shown) == ["id", *fields.split(",")]


async def test_an_action_execution_wraps_its_result(rest, rows, name):
    execution = await rows.execution(name)
    task = await rows.task(execution, "t")
    action = await rows.action(execution, task, output=[1])
    running = await rows.action(execution, task, state="RUNNING", accepted=False)

    shown = (await rest.get(f"/v2/action_executions/{action}")).json()

    assert set(shown) == ACTION_FIELDS
    assert json.loads(shown["output"]) == {"result": [1]}
    assert (shown["task_name"], shown["task_execution_id"]) == ("t", task)
    assert (await rest.get(f"/v2/action_executions/{running}")).json()["output"] is None
    assert (await rest.get(f"/v2/tasks/{task}/action_executions/{action}")).json() == shown
    (listed,) = (await rest.get(f"/v2/tasks/{task}/action_executions?state=RUNNING")).json()["action_executions"]
    assert set(listed) == ACTION_FIELDS - {"output"}


async def test_deleting_an_action_execution_is_forbidden(rest, rows, name):
    execution = await rows.execution(name)
    action = await rows.action(execution, await rows.task(execution, "t"))

    assert (await rest.delete(f"/v2/action_executions/{action}")).status_code == 403


@pytest.fixture
async def family(rows, name):
    """A parent whose task ``s`` ran a child, whose task failed."""
    parent = await rows.execution(name, state="SUCCESS", output={})
    s = await rows.task(parent, "s", type="WORKFLOW", state="ERROR")
    await rows.task(parent, "h")
    child = await rows.execution(
        f"{name}.c", state="ERROR", root_id=parent, parent_id=parent, task_execution_id=s, output={"result": "no"}
    )
    t = await rows.task(child, "t", state="ERROR")
    await rows.action(child, t, state="ERROR", output="no")
    return parent, s, child


async def test_children_are_listed_by_task_and_by_root(rest, family, name):
    parent, task, child = family

    for address in (f"executions?task_execution_id={task}", f"executions?root_execution_id={parent}"):
        (shown,) = (await rest.get(f"/v2/{address}")).json()["executions"]
        assert (shown["id"], shown["root_execution_id"], shown["task_execution_id"]) == (child, parent, task)
    for column in ("root_execution_id", "task_execution_id", "root_execution_id,task_execution_id"):
        tops = (await rest.get(f"/v2/executions?nulls={column}&workflow_name=has:{name}")).json()["executions"]
        assert [each["id"] for each in tops] == [parent]
    (sub,) = (await rest.get(f"/v2/tasks/{task}/workflow_executions")).json()["executions"]
    assert sub["id"] == child
    assert not {"input", "params", "output"} & set(sub)


async def test_a_tree_is_listed_from_the_top(rest, family):
    parent, task, child = family

    whole = (await rest.get(f"/v2/executions/{parent}/executions")).json()["executions"]
    shallow = (await rest.get(f"/v2/executions/{parent}/executions?max_depth=0")).json()["executions"]
    failed = (await rest.get(f"/v2/executions/{parent}/executions?errors_only=true")).json()["executions"]
    below = (await rest.get(f"/v2/tasks/{task}/executions")).json()["executions"]

    assert [each["id"] for each in whole] == [parent, child]
    assert [each["id"] for each in shallow] == [parent]
    assert [each["id"] for each in failed] == [parent, child]
    assert [each["id"] for each in below] == [child]


async def test_a_report_shows_the_tree_and_counts_the_tasks(rest, family, name):
    parent, _, child = family

    report = (await rest.get(f"/v2/executions/{parent}/report")).json()

    top = report["root_workflow_execution"]
    assert (top["id"], top["name"], top["state"]) == (parent, name, "SUCCESS")
    by_name = {task["name"]: task for task in top["task_executions"]}
    (branch,) = by_name["s"]["workflow_executions"]
    assert branch["id"] == child
    assert branch["task_executions"][0]["action_executions"][0]["state"] == "ERROR"
    assert report["statistics"] == {
        "total_tasks_count": 3,
        "running_tasks_count": 0,
        "success_tasks_count": 1,
        "error_tasks_count": 2,
        "idle_tasks_count": 0,
        "paused_tasks_count": 0,
        "estimated_time": 0,
    }


async def test_a_report_can_be_cut_short(rest, family):
    parent, _, _ = family

    flat = (await rest.get(f"/v2/executions/{parent}/report?max_depth=0")).json()
    failed = (await rest.get(f"/v2/executions/{parent}/report?errors_only=true")).json()
    counts = (await rest.get(f"/v2/executions/{parent}/report?statistics_only=true")).json()

    tasks = {task["name"]: task for task in flat["root_workflow_execution"]["task_executions"]}
    assert "task_executions" not in tasks["s"]["workflow_executions"][0]
    assert (tasks["h"]["action_executions"], tasks["h"]["workflow_executions"]) == ([], [])
    assert flat["statistics"]["total_tasks_count"] == 2
    assert [task["name"] for task in failed["root_workflow_execution"]["task_executions"]] == ["s"]
    assert (failed["statistics"]["total_tasks_count"], failed["statistics"]["success_tasks_count"]) == (2, 0)
    assert list(counts) == ["statistics"]


async def test_errors_only_leaves_out_what_is_below_tasks_that_did_not_fail(rest, rows, family, name):
    parent, s, child = family
    well = await rows.task(parent, "w", type="WORKFLOW")
    kept = {"root_id": parent, "parent_id": parent, "state": "SUCCESS"}
    await rows.execution(f"{name}.w", task_execution_id=well, **kept)
    second = await rows.execution(f"{name}.c", task_execution_id=s, **kept)

    listed = (await rest.get(f"/v2/executions/{parent}/executions?errors_only=true")).json()["executions"]
    below = (await rest.get(f"/v2/tasks/{well}/executions?errors_only=true")).json()["executions"]
    report = (await rest.get(f"/v2/executions/{parent}/report?errors_only=true")).json()

    assert {each["id"] for each in listed} == {parent, child, second}
    assert below == []
    (task,) = report["root_workflow_execution"]["task_executions"]
    assert {each["id"] for each in task["workflow_executions"]} == {child, second}
