"""CloudFlow, a web page that draws executions: the requests that it sends, and all that it reads of the answers.

It follows pages by ``next``, decodes fields of JSON, draws tasks by what triggered them, and finds the tasks of a
workflow in its definition under the workflow's name, or the part of it after the last dot.
"""

import pytest
import yaml

from tests.api_gateway.contract import Api, decoded, new_name

EXECUTIONS = (
    "/v2/executions?limit={limit}&fields=workflow_name,created_at,state,task_execution_id,updated_at"
    "&sort_keys=created_at,name&sort_dirs=desc&marker={marker}"
)
TASKS = (
    "/v2/executions/{id}/tasks?fields=state_info,created_at,name,runtime_context,workflow_name,state,updated_at,"
    "workflow_execution_id,workflow_id,type,started_at,finished_at"
)
ACTIONS = "/v2/tasks/{id}/action_executions?fields=name,state,created_at,updated_at"
BELOW = "/v2/executions?task_execution_id={id}&fields=state,workflow_name,created_at,updated_at"
BOOK = """version: '2.0'
name: {name}
workflows:
  outer:
    input: [who]
    output: {{greeting: <% $.greeting %>}}
    tasks:
      first:
        action: std.echo output="Hello"
        publish: {{greeting: <% task().result %>}}
        on-success: [left, right]
      left: {{action: std.noop, on-success: end}}
      right: {{action: std.fail, on-error: end}}
      end: {{join: all, workflow: inner}}
  inner:
    tasks: {{only: {{action: std.noop}}}}
"""


@pytest.fixture(scope="module")
def shown(api: Api) -> dict:
    """The execution that is looked at."""
    name = new_name()
    api.made("/v2/workbooks", BOOK.format(name=name))
    made = api.made("/v2/executions", {"workflow_name": f"{name}.outer", "input": {"who": "you"}})
    api.until(f"/v2/executions/{made['id']}", "SUCCESS")
    return api.get(f"/v2/executions/{made['id']}").json()


@pytest.fixture(scope="module")
def tasks(api: Api, shown: dict) -> dict[str, dict]:
    return {each["name"]: each for each in api.listed(TASKS.format(id=shown["id"]))}


def test_the_list_goes_back_in_time_until_there_is_no_next_page(api, shown):
    known, marker = [], ""
    for _ in range(10_000):
        page = api.get(EXECUTIONS.format(limit=100, marker=marker))
        assert page.status_code == 200
        known += page.json()["executions"]
        if "next" not in page.json():
            break
        marker = known[-1]["id"]

    assert len({each["id"] for each in known}) == len(known)
    assert [each["created_at"] for each in known] == sorted((each["created_at"] for each in known), reverse=True)
    (found,) = (each for each in known if each["id"] == shown["id"])
    assert set(found) == {"id", "workflow_name", "created_at", "state", "task_execution_id", "updated_at"}
    assert found["task_execution_id"] is None
    below = [each for each in known if each["workflow_name"] == shown["workflow_name"].replace("outer", "inner")]
    assert below[0]["task_execution_id"]


def test_an_execution_with_what_it_got_and_gave(shown):
    assert decoded(shown["input"]) == {"who": "you"}
    assert decoded(shown["output"]) == {"greeting": "Hello"}
    assert decoded(shown["params"])["env"] == {}
    assert shown["state"] == "SUCCESS"
    assert shown["state_info"] is None
    for moment in ("created_at", "updated_at"):
        assert len(shown[moment]) == len("2026-05-04 12:00:00")


def test_the_definition_tells_the_tasks_under_the_short_name(api, shown):
    workflow = api.get(f"/v2/workflows/{shown['workflow_id']}").json()

    document = yaml.safe_load(workflow["definition"])
    body = document.get(workflow["name"]) or document[workflow["name"].rpartition(".")[2]]

    assert set(body["tasks"]) == {"first", "left", "right", "end"}


def test_the_graph_is_drawn_by_what_triggered_each_task(tasks):
    by_id = {task["id"]: name for name, task in tasks.items()}

    edges = {
        (by_id[one["task_id"]], name, one["event"])
        for name, task in tasks.items()
        for one in decoded(task["runtime_context"]).get("triggered_by", [])
    }

    assert edges == {
        ("first", "left", "on-success"),
        ("first", "right", "on-success"),
        ("left", "end", "on-success"),
        ("right", "end", "on-error"),
    }
    assert "triggered_by" not in decoded(tasks["first"]["runtime_context"])


def test_tasks_have_kinds_states_and_times(shown, tasks):
    kinds = {name: (task["type"], task["state"]) for name, task in tasks.items()}

    assert kinds == {
        "first": ("ACTION", "SUCCESS"),
        "left": ("ACTION", "SUCCESS"),
        "right": ("ACTION", "ERROR"),
        "end": ("WORKFLOW", "SUCCESS"),
    }
    for task in tasks.values():
        assert task["workflow_execution_id"] == shown["id"]
        assert task["workflow_id"] == shown["workflow_id"]
        assert task["workflow_name"] == shown["workflow_name"]
        assert task["created_at"] <= task["started_at"] <= task["finished_at"]
    assert tasks["right"]["state_info"]


def test_a_task_with_its_result(api, tasks):
    task = api.get(f"/v2/tasks/{tasks['first']['id']}").json()

    assert decoded(task["result"]) == "Hello"
    assert decoded(task["published"]) == {"greeting": "Hello"}


def test_the_actions_of_a_task(api, tasks):
    (listed,) = api.listed(ACTIONS.format(id=tasks["first"]["id"]))

    assert set(listed) == {"id", "name", "state", "created_at", "updated_at"}
    action = api.get(f"/v2/action_executions/{listed['id']}").json()
    assert decoded(action["input"]) == {"output": "Hello"}
    assert decoded(action["output"]) == {"result": "Hello"}


def test_the_executions_below_a_task(api, shown, tasks):
    (below,) = api.listed(BELOW.format(id=tasks["end"]["id"]))

    assert set(below) == {"id", "state", "workflow_name", "created_at", "updated_at"}
    inner = api.get(f"/v2/executions/{below['id']}").json()
    assert inner["task_execution_id"] == tasks["end"]["id"]
    assert inner["root_execution_id"] == shown["id"]
