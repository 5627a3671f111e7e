"""The REST contract of ``/v2/tasks``."""

import pytest

from tests.api_gateway.contract import FAILING, UNKNOWN_ID, Api, decoded, is_fault

LIST = {
    "id",
    "name",
    "type",
    "workflow_name",
    "workflow_namespace",
    "workflow_id",
    "workflow_execution_id",
    "tags",
    "state",
    "state_info",
    "project_id",
    "runtime_context",
    "published",
    "processed",
    "created_at",
    "updated_at",
    "started_at",
    "finished_at",
}
FIELDS = LIST | {"result", "published_global"}
FLOW = """version: '2.0'
{name}:
  tasks:
    first:
      action: std.echo output="x"
      tags: [t1, t2]
      publish: {{said: <% task().result %>}}
      on-success: second
    second:
      with-items: i in [1, 2]
      action: std.echo output=<% $.i %>
"""
ITEMS = """version: '2.0'
{name}:
  tasks:
    t: {{with-items: "i in [1, 2]", action: std.async_noop}}
"""
ENV = "version: '2.0'\n{name}: {{tasks: {{bad: {{action: std.fail error_data=<% env().get(why) %>}}}}}}\n"


@pytest.fixture(scope="module")
def done(api: Api) -> dict:
    return api.ended(FLOW)


@pytest.fixture(scope="module")
def tasks(api: Api, done: dict) -> list[dict]:
    return api.listed(f"/v2/executions/{done['id']}/tasks")


def failed(api: Api, text: str = FAILING, **body) -> dict:
    execution = api.ended(text, state="ERROR", **body)
    (task,) = api.listed(f"/v2/executions/{execution['id']}/tasks")
    return task


def test_a_task_shows_all_fields(api, done, tasks):
    shown = api.get(f"/v2/tasks/{tasks[0]['id']}").json()

    assert set(shown) == FIELDS
    assert (shown["name"], shown["type"], shown["state"]) == ("first", "ACTION", "SUCCESS")
    assert shown["workflow_execution_id"] == done["id"]
    assert (shown["workflow_id"], shown["workflow_name"]) == (done["workflow_id"], done["workflow_name"])
    assert shown["workflow_namespace"] == ""
    assert shown["tags"] == ["t1", "t2"]
    assert shown["state_info"] is None
    assert decoded(shown["result"]) == "x"
    assert decoded(shown["published"]) == {"said": "x"}
    assert decoded(shown["published_global"]) == {}
    assert decoded(shown["runtime_context"]) == {}
    assert shown["processed"] is True
    assert shown["project_id"] == "<default-project>"
    for moment in ("created_at", "updated_at", "started_at", "finished_at"):
        assert shown[moment]


def test_what_led_to_a_task_is_told(api, tasks):
    first, second = tasks

    shown = api.get(f"/v2/tasks/{second['id']}").json()

    context = decoded(shown["runtime_context"])
    assert context["triggered_by"] == [{"task_id": first["id"], "event": "on-success"}]
    assert context["with_items"]["count"] == 2
    assert decoded(shown["result"]) == [1, 2]


def test_lists_leave_out_the_result(api, done, tasks):
    assert set(tasks[0]) == LIST
    assert set(api.listed(f"/v2/tasks?workflow_execution_id={done['id']}")[0]) == LIST


def test_fields_may_be_chosen(api, tasks):
    path = f"/v2/tasks/{tasks[0]['id']}"

    assert api.get(f"{path}?fields=name,result").json() == {"id": tasks[0]["id"], "name": "first", "result": '"x"'}
    is_fault(api.get(f"{path}?fields=nonsense"), 400, "Some fields do not exist")


@pytest.mark.parametrize("path", ["/v2/tasks?workflow_execution_id={id}&", "/v2/executions/{id}/tasks?"])
@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", ["first", "second"]),
        ("name=first", ["first"]),
        ("name=neq:first", ["second"]),
        ("name=in:first,other", ["first"]),
        ("name=nin:first,other", ["second"]),
        ("name=has:eco", ["second"]),
        ("name=gt:first", ["second"]),
        ("name=lte:first", ["first"]),
        ("workflow_name={workflow_name}", ["first", "second"]),
        ("workflow_id={workflow_id}", ["first", "second"]),
        ("tags=t1", ["first"]),
        ("tags=t2,t1", ["first"]),
        ("tags=t1,t3", []),
        ("state=SUCCESS", ["first", "second"]),
        ("state=eq:SUCCESS&name=second", ["second"]),
        ("state=in:ERROR,RUNNING", []),
        ("state_info=has:x", []),
        ("processed=true", ["first", "second"]),
        ("processed=False", []),
        ("type=ACTION", ["first", "second"]),
        ("created_at=gte:{created_at}", ["first", "second"]),
        ("created_at=lt:{created_at}", []),
        ("updated_at=gt:2000-01-01 00:00:00", ["first", "second"]),
        ("sort_keys=name&sort_dirs=desc", ["second", "first"]),
        ("sort_keys=name&limit=1", ["first"]),
        ("project_id=<default-project>", ["first", "second"]),
        ("all_projects=true", ["first", "second"]),
    ],
)
def test_filters(api, done, path, query, wanted):
    found = api.listed(path.format(**done) + query.format(**done))

    assert [each["name"] for each in found] == wanted


def test_pages_of_the_tasks_of_an_execution(api, done):
    first = api.get(f"/v2/executions/{done['id']}/tasks?limit=1&sort_keys=name&sort_dirs=desc").json()
    second = api.get(first["next"]).json()

    assert [first["tasks"][0]["name"], second["tasks"][0]["name"]] == ["second", "first"]


def test_actions_of_a_task(api, tasks):
    path = f"/v2/tasks/{tasks[1]['id']}/action_executions"

    found = api.listed(path)

    assert len(found) == 2
    assert all(each["task_execution_id"] == tasks[1]["id"] for each in found)
    assert all("output" not in each for each in found)
    assert all("output" in each for each in api.listed(f"{path}?include_output=true"))
    assert api.listed(f"{path}?state=ERROR") == []
    assert set(api.listed(f"{path}?fields=name,state")[0]) == {"id", "name", "state"}
    one = api.get(f"{path}/{found[0]['id']}")
    assert one.json() == api.get(f"/v2/action_executions/{found[0]['id']}").json()
    is_fault(api.get(f"/v2/tasks/{tasks[0]['id']}/action_executions/{found[0]['id']}"), 404)
    is_fault(api.get(f"{path}/{UNKNOWN_ID}"), 404)


class TestReruns:
    def test_run_the_task_again(self, api):
        task = failed(api)

        answer = api.put(f"/v2/tasks/{task['id']}", json={"id": task["id"], "state": "RUNNING", "reset": True})

        assert answer.status_code == 200
        assert set(answer.json()) == FIELDS
        assert answer.json()["id"] == task["id"]
        again = api.until(f"/v2/tasks/{task['id']}", "ERROR")
        assert again["id"] == task["id"]
        api.until(f"/v2/executions/{task['workflow_execution_id']}", "ERROR")

    @pytest.mark.parametrize("how", ["object", "string"])
    def test_with_another_environment(self, api, how):
        task = failed(api, ENV, params={"env": {"why": "old"}})
        env = {"why": "new"} if how == "object" else '{"why": "new"}'

        answer = api.put(f"/v2/tasks/{task['id']}", json={"state": "RUNNING", "reset": True, "env": env})

        assert answer.status_code == 200
        api.until(f"/v2/executions/{task['workflow_execution_id']}", "ERROR")
        assert decoded(api.get(f"/v2/executions/{task['workflow_execution_id']}").json()["params"])["env"] == {
            "why": "new"
        }

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ({}, "Invalid task state"),
            ({"state": "SUCCESS"}, "Invalid task state"),
            ({"state": "nonsense", "reset": True}, "Invalid task state"),
            ({"state": "RUNNING"}, "reset"),
            ({"state": "RUNNING", "reset": False}, ""),
            ({"state": "RUNNING", "reset": True, "name": "other"}, "Task name does not match"),
            ({"state": "RUNNING", "reset": True, "workflow_name": "other"}, "Workflow name does not match"),
            ({"state": "RUNNING", "reset": True, "env": "[]"}, "JsonType field value must be a dictionary"),
            ({"state": "RUNNING", "reset": "perhaps"}, "reset"),
            ({"state": "RUNNING", "reset": True, "bogus": 1}, "Unknown attribute for argument task: bogus"),
        ],
    )
    def test_what_is_refused(self, api, body, said):
        task = failed(api)

        is_fault(api.put(f"/v2/tasks/{task['id']}", json=body), 400, said)

    @pytest.mark.parametrize("body", [{"state": "RUNNING", "reset": True}, {"state": "SKIPPED"}])
    def test_are_for_failed_tasks(self, api, tasks, body):
        is_fault(api.put(f"/v2/tasks/{tasks[0]['id']}", json=body), 400)
        is_fault(api.put(f"/v2/tasks/{UNKNOWN_ID}", json=body), 404)

    def test_may_name_what_they_mean(self, api):
        task = failed(api)

        body = {**task, "state": "RUNNING", "reset": True}
        assert api.put(f"/v2/tasks/{task['id']}", json=body).status_code == 200

    def test_of_items_may_keep_what_went_well(self, api):
        execution = api.execution(api.workflow(ITEMS))
        task = api.first(f"/v2/executions/{execution['id']}/tasks")
        found = api.several(f"/v2/tasks/{task['id']}/action_executions", 2)
        for action, state in zip(found, ("SUCCESS", "ERROR"), strict=True):
            api.put(f"/v2/action_executions/{action['id']}", json={"state": state, "output": {"r": 1}})
        api.until(f"/v2/executions/{execution['id']}", "ERROR")

        answer = api.put(f"/v2/tasks/{task['id']}", json={"state": "RUNNING", "reset": False})

        assert answer.status_code == 200
        found = api.several(f"/v2/tasks/{task['id']}/action_executions", 3)
        assert sorted(each["state"] for each in found) == ["ERROR", "RUNNING", "SUCCESS"]


def test_a_failed_task_may_be_skipped(api):
    task = failed(api)

    answer = api.put(f"/v2/tasks/{task['id']}", json={"state": "SKIPPED"})

    assert answer.status_code == 200
    shown = api.until(f"/v2/tasks/{task['id']}", "SKIPPED")
    assert shown["state_info"] == "Task was skipped."
    api.until(f"/v2/executions/{task['workflow_execution_id']}", "SUCCESS")


def test_a_task_of_a_sub_workflow_tells_its_kind(api):
    inner = api.workflow(FAILING)["name"]
    text = f"version: '2.0'\n{{name}}: {{{{tasks: {{{{s: {{{{workflow: {inner}}}}}}}}}}}}}\n"

    task = failed(api, text)

    assert task["type"] == "WORKFLOW"
    assert task["name"] == "s"
