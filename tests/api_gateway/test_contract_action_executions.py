"""The REST contract of ``/v2/action_executions``: runs of actions, on their own and by tasks."""

import pytest

from tests.api_gateway.contract import ADHOC, ECHO, UNKNOWN_ID, Api, decoded, is_fault, new_name

LIGHT = {
    "id",
    "workflow_name",
    "workflow_namespace",
    "task_name",
    "task_execution_id",
    "state",
    "state_info",
    "tags",
    "name",
    "description",
    "project_id",
    "accepted",
    "input",
    "params",
    "created_at",
    "updated_at",
}
FIELDS = LIGHT | {"output"}
PATH = "/v2/action_executions"


def run(api: Api, name: str = "std.echo", given: object = None, **params: object) -> dict:
    body = {"name": name, "input": {"output": "Hello"} if name == "std.echo" and given is None else given or {}}
    return api.made(PATH, {**body, "params": params})


class TestRuns:
    @pytest.mark.parametrize("how", ["object", "string"])
    def test_are_over_when_they_are_answered_and_not_kept(self, api, how):
        sent = {"output": "Hello"} if how == "object" else '{"output": "Hello"}'

        answer = api.post(PATH, json={"name": "std.echo", "input": sent, "description": "d"})
        shown = answer.json()

        assert answer.status_code == 201
        assert set(shown) == FIELDS
        assert shown["id"] is None
        assert (shown["name"], shown["state"]) == ("std.echo", "SUCCESS")
        assert decoded(shown["output"]) == {"result": "Hello"}
        assert decoded(shown["input"]) == {"output": "Hello"}
        assert shown["description"] == "d"

    @pytest.mark.parametrize("save", [True, "true"])
    def test_that_are_kept_are_answered_at_once(self, api, save):
        shown = run(api, save_result=save)

        assert shown["id"]
        assert shown["state"] in ("RUNNING", "SUCCESS")
        done = api.until(f"{PATH}/{shown['id']}", "SUCCESS")
        assert decoded(done["output"]) == {"result": "Hello"}
        assert done["task_execution_id"] is None

    def test_may_be_waited_for_and_kept(self, api):
        shown = run(api, save_result=True, run_sync=True)

        assert (shown["id"] is not None, shown["state"]) == (True, "SUCCESS")
        assert decoded(api.get(f"{PATH}/{shown['id']}").json()["output"]) == {"result": "Hello"}

    def test_of_asynchronous_actions_are_kept(self, api):
        shown = run(api, "std.async_noop")

        assert shown["id"]
        assert shown["state"] == "RUNNING"
        is_fault(
            api.post(PATH, json={"name": "std.async_noop", "params": '{"run_sync": true}'}),
            400,
            "Action does not support synchronous execution.",
        )

    def test_that_fail_are_answered_as_that(self, api):
        shown = run(api, "std.fail", run_sync=True)

        assert shown["state"] == "ERROR"
        assert "msg='Fail action expected exception.'" in decoded(shown["output"])["result"]

    def test_have_a_time_limit(self, api):
        shown = run(api, "std.sleep", {"seconds": 30}, run_sync=True, timeout=1)

        assert shown["state"] == "ERROR"

    def test_of_ad_hoc_actions_and_of_namespaces(self, api):
        name = new_name()
        api.made("/v2/actions", ADHOC.format(name=name), namespace="abc")

        shown = api.made(PATH, {"name": name, "input": {"whom": "you"}, "workflow_namespace": "abc"})

        assert decoded(shown["output"]) == {"result": "Hello you"}
        is_fault(api.post(PATH, json={"name": name, "input": {"whom": "you"}}), 400, "Failed to find action")

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ({}, "name"),
            ({"name": "nothing.such"}, "Failed to find action [action_name=nothing.such]"),
            ({"name": "std.echo"}, "missing=['output']"),
            ({"name": "std.echo", "input": {"output": 1, "foo": 2}}, "unexpected=['foo']"),
            ({"name": "std.echo", "input": "[]"}, "JsonType field value must be a dictionary"),
            ({"name": "std.echo", "input": {"output": 1}, "params": "[]"}, ""),
            ({"name": "std.echo", "input": {"output": 1}, "params": {"timeout": -1}}, "timeout"),
            ({"name": "std.echo", "input": {"output": 1}, "params": {"timeout": 10**40}}, "timeout"),
            ({"name": "std.echo", "input": {"output": 1}, "bogus": 1}, "Unknown attribute"),
        ],
    )
    def test_that_are_refused(self, api, body, said):
        is_fault(api.post(PATH, json=body), 400, said)


class TestCompletion:
    @pytest.mark.parametrize("how", ["object", "string"])
    def test_with_success(self, api, how):
        execution, task, action = api.held()
        output = {"r": 1} if how == "object" else '{"r": 1}'

        answer = api.put(f"{PATH}/{action['id']}", json={"state": "SUCCESS", "output": output})

        assert answer.status_code == 200
        assert set(answer.json()) == FIELDS
        assert answer.json()["state"] == "SUCCESS"
        assert decoded(answer.json()["output"]) == {"result": {"r": 1}}
        api.until(f"/v2/executions/{execution['id']}", "SUCCESS")
        assert decoded(api.get(f"/v2/tasks/{task['id']}").json()["result"]) == {"r": 1}

    @pytest.mark.parametrize(
        ("output", "result"), [({"why": "broken"}, {"why": "broken"}), (None, "Unknown error"), ({}, "Unknown error")]
    )
    def test_with_an_error(self, api, output, result):
        execution, _, action = api.held()

        answer = api.put(f"{PATH}/{action['id']}", json={"state": "ERROR", "output": output})

        assert answer.json()["state"] == "ERROR"
        assert decoded(answer.json()["output"]) == {"result": result}
        api.until(f"/v2/executions/{execution['id']}", "ERROR")

    def test_by_cancelling(self, api):
        execution, task, action = api.held()

        answer = api.put(f"{PATH}/{action['id']}", json={"state": "CANCELLED", "output": {"x": 1}})

        assert answer.json()["state"] == "CANCELLED"
        api.until(f"/v2/executions/{execution['id']}", "CANCELLED")
        assert api.get(f"/v2/tasks/{task['id']}").json()["state"] == "CANCELLED"

    def test_pause_and_resume(self, api):
        execution, task, action = api.held()

        held = api.put(f"{PATH}/{action['id']}", json={"state": "PAUSED"})
        api.until(f"/v2/tasks/{task['id']}", "PAUSED")
        going = api.put(f"{PATH}/{action['id']}", json={"state": "RUNNING"})

        assert (held.json()["state"], going.json()["state"]) == ("PAUSED", "RUNNING")
        api.until(f"/v2/executions/{execution['id']}", "RUNNING")

    @pytest.mark.parametrize("state", ["SUCCESS", "ERROR", "RUNNING", "PAUSED"])
    def test_comes_once(self, api, state):
        _, _, action = api.held()
        api.put(f"{PATH}/{action['id']}", json={"state": "SUCCESS", "output": {}})

        is_fault(api.put(f"{PATH}/{action['id']}", json={"state": state, "output": {"x": 1}}), 400)

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ({}, "Error. Expected one of"),
            ({"output": {"a": 1}}, "Error. Expected one of"),
            ({"state": "IDLE"}, "Error. Expected one of"),
            ({"state": "DELAYED", "output": {}}, "Error. Expected one of"),
            ({"state": "nonsense"}, "Error. Expected one of"),
            ({"state": "SUCCESS", "output": 3}, "JsonType field value must be a dictionary"),
            ({"state": "SUCCESS", "output": "[1]"}, "JsonType field value must be a dictionary"),
            ({"state": "SUCCESS", "output": "text"}, "output"),
            ({"state": "SUCCESS", "bogus": 1}, "Unknown attribute for argument action_ex: bogus"),
        ],
    )
    def test_that_is_refused(self, api, body, said):
        _, _, action = api.held()

        is_fault(api.put(f"{PATH}/{action['id']}", json=body), 400, said)
        assert api.get(f"{PATH}/{action['id']}").json()["state"] == "RUNNING"

    def test_of_none(self, api):
        is_fault(api.put(f"{PATH}/{UNKNOWN_ID}", json={"state": "SUCCESS", "output": {}}), 404)

    def test_may_send_the_whole_thing_back(self, api):
        _, _, action = api.held()

        answer = api.put(f"{PATH}/{action['id']}", json={**action, "state": "SUCCESS", "output": {"r": 1}})

        assert answer.status_code == 200


def test_an_action_of_a_task_shows_all_fields(api):
    done = api.ended()
    (task,) = api.listed(f"/v2/executions/{done['id']}/tasks")
    (listed,) = api.listed(f"/v2/tasks/{task['id']}/action_executions")

    shown = api.get(f"{PATH}/{listed['id']}").json()

    assert set(listed) == LIGHT
    assert set(shown) == FIELDS
    assert (shown["name"], shown["state"]) == ("std.echo", "SUCCESS")
    assert shown["task_execution_id"] == task["id"]
    assert shown["task_name"] == "say"
    assert shown["workflow_name"] == done["workflow_name"]
    assert shown["accepted"] is True
    assert decoded(shown["output"]) == {"result": "aye"}
    assert decoded(shown["input"])["output"] == "aye"
    assert isinstance(decoded(shown["params"]), dict)
    assert shown["project_id"] == "<default-project>"


class TestDeletion:
    def test_of_one_that_was_run_on_its_own(self, api):
        shown = run(api, save_result=True, run_sync=True)

        answer = api.delete(f"{PATH}/{shown['id']}")

        assert (answer.status_code, answer.content) == (204, b"")
        is_fault(api.get(f"{PATH}/{shown['id']}"), 404)
        is_fault(api.delete(f"{PATH}/{shown['id']}"), 404)

    def test_of_one_that_is_not_over(self, api):
        said = "Only completed action execution can be deleted."
        is_fault(api.delete(f"{PATH}/{run(api, 'std.async_noop')['id']}"), 403, said)

    def test_of_one_of_a_task(self, api):
        _, _, action = api.held()

        is_fault(api.delete(f"{PATH}/{action['id']}"), 403, "Only ad-hoc action execution can be deleted.")


async def test_deletion_is_off_unless_the_operator_says_otherwise(rest):
    is_fault(await rest.delete(f"{PATH}/{UNKNOWN_ID}"), 403, "Action execution deletion is not allowed.")


@pytest.fixture(scope="module")
def three(api: Api) -> list[dict]:
    done = api.ended(ECHO)
    (task,) = api.listed(f"/v2/executions/{done['id']}/tasks")
    (of_task,) = api.listed(f"/v2/tasks/{task['id']}/action_executions")
    own = api.made(
        PATH,
        {
            "name": "std.noop",
            "input": {},
            "description": "lonely",
            "params": {"save_result": True, "run_sync": True},
        },
    )
    return [of_task, own, run(api, "std.async_noop")]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("workflow_name={0[workflow_name]}", [0]),
        ("task_name=say", [0]),
        ("task_execution_id={0[task_execution_id]}", [0]),
        ("state=RUNNING", [2]),
        ("state=neq:RUNNING", [0, 1]),
        ("state=in:RUNNING,SUCCESS", [0, 1, 2]),
        ("name=std.noop", [1]),
        ("name=has:noop", [1, 2]),
        ("name=nin:std.noop,std.echo", [2]),
        ("description=lonely", [1]),
        ("accepted=true", [0, 1]),
        ("accepted=False", [2]),
        ("input=has:aye", [0]),
        ("output=has:aye", [0]),
        ("created_at=gte:{0[created_at]}", [0, 1, 2]),
        ("updated_at=gt:2100-01-01 00:00:00", []),
        ("project_id=<default-project>", [0, 1, 2]),
        ("id={1[id]}", [1]),
    ],
)
def test_filters(api, three, query, wanted):
    ids = {each["id"]: number for number, each in enumerate(three)}
    found = api.listed(f"{PATH}?{query.format(*three)}")

    assert sorted(ids[each["id"]] for each in found if each["id"] in ids) == wanted


def test_lists_leave_out_the_output(api, three):
    path = f"{PATH}?id={three[0]['id']}"

    assert set(api.listed(path)[0]) == LIGHT
    assert decoded(api.listed(f"{path}&include_output=true")[0]["output"]) == {"result": "aye"}
    assert set(api.listed(f"{path}&fields=output")[0]) == {"id", "output"}
