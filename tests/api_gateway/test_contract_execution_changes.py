"""The REST contract of ``/v2/executions``: changing, deleting and copying them."""

import pytest

from tests.api_gateway.contract import FAILING, UNKNOWN_ID, decoded, is_fault
from tests.api_gateway.test_contract_executions import FIELDS

PAUSED = """version: '2.0'
{name}:
  tasks:
    a: {{action: std.noop, on-success: [pause, b]}}
    b: {{action: std.noop}}
"""


class TestChanges:
    def test_pause_and_resume(self, api):
        execution, _, action = api.held()
        path = f"/v2/executions/{execution['id']}"

        paused = api.put(path, json={"state": "PAUSED"})
        again = api.put(path, json={"state": "PAUSED"})
        running = api.put(path, json={"state": "RUNNING"})

        assert (paused.status_code, paused.json()["state"]) == (200, "PAUSED")
        assert set(paused.json()) == FIELDS
        assert (again.status_code, again.json()["state"]) == (200, "PAUSED")
        assert (running.status_code, running.json()["state"]) == (200, "RUNNING")
        api.put(f"/v2/action_executions/{action['id']}", json={"state": "SUCCESS", "output": {}})
        api.until(path, "SUCCESS")

    @pytest.mark.parametrize("state", ["SUCCESS", "ERROR", "CANCELLED"])
    def test_stopping(self, api, state):
        execution, _, _ = api.held()
        path = f"/v2/executions/{execution['id']}"

        answer = api.put(path, json={"state": state, "state_info": "enough"})

        assert (answer.status_code, answer.json()["state"]) == (200, state)
        assert answer.json()["state_info"] == "enough"
        output = decoded(api.get(path).json()["output"])
        assert output.get("result") == ("enough" if state != "SUCCESS" else None)

    def test_stopping_without_a_reason(self, api):
        execution, _, _ = api.held()

        answer = api.put(f"/v2/executions/{execution['id']}", json={"state": "ERROR"})

        assert (answer.json()["state"], answer.json()["state_info"]) == ("ERROR", None)

    def test_the_description(self, api):
        done = api.ended()

        answer = api.put(f"/v2/executions/{done['id']}", json={"description": "another"})

        assert answer.status_code == 200
        assert answer.json()["description"] == "another"
        assert api.get(f"/v2/executions/{done['id']}").json()["description"] == "another"

    def test_the_environment_of_one_that_is_held(self, api):
        execution = api.until(f"/v2/executions/{api.execution(api.workflow(PAUSED))['id']}", "PAUSED")
        path = f"/v2/executions/{execution['id']}"

        answer = api.put(path, json={"params": '{"env": {"k1": "v1"}}'})

        assert answer.status_code == 200
        assert decoded(answer.json()["params"])["env"] == {"k1": "v1"}
        resumed = api.put(path, json={"state": "RUNNING", "params": {"env": {"k2": 2}}})
        assert resumed.status_code == 200
        assert decoded(api.until(path, "SUCCESS")["params"])["env"] == {"k1": "v1", "k2": 2}

    def test_the_environment_of_one_that_runs(self, api):
        execution, _, _ = api.held()

        is_fault(api.put(f"/v2/executions/{execution['id']}", json={"params": {"env": {"a": 1}}}), 403)

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ({}, "state, description, or env is not provided"),
            ({"state": "PAUSED", "description": "x"}, "separately"),
            ({"state": "PAUSED", "params": {"env": {"a": 1}}}, "env"),
            ({"state": "ERROR", "params": '{"env": {"a": 1}}'}, "env"),
            ({"state": "IDLE"}, "Cannot change state to IDLE. Allowed states are: "),
            ({"state": "DELAYED"}, "Cannot change state to DELAYED. Allowed states are: "),
            ({"state": "nonsense"}, "Cannot change state to nonsense. Allowed states are: "),
            ({"params": "[]"}, "JsonType field value must be a dictionary"),
            ({"bogus": 1}, "Unknown attribute for argument wf_ex: bogus"),
        ],
    )
    def test_what_is_refused(self, api, body, said):
        execution, _, _ = api.held()

        is_fault(api.put(f"/v2/executions/{execution['id']}", json=body), 400, said)
        assert api.get(f"/v2/executions/{execution['id']}").json()["state"] == "RUNNING"

    @pytest.mark.parametrize(("state", "status"), [("RUNNING", 200), ("PAUSED", 400), ("SUCCESS", 400)])
    def test_of_one_that_is_over(self, api, state, status):
        done = api.ended(FAILING, state="ERROR")

        answer = api.put(f"/v2/executions/{done['id']}", json={"state": state})

        assert answer.status_code == status
        assert api.get(f"/v2/executions/{done['id']}").json()["state"] == "ERROR"

    def test_of_none(self, api):
        is_fault(api.put(f"/v2/executions/{UNKNOWN_ID}", json={"state": "PAUSED"}), 404)
        is_fault(api.put(f"/v2/executions/{UNKNOWN_ID}", json={"state": "nonsense"}), 404)
        is_fault(api.put("/v2/executions/1a2b3c", json={"description": "x"}), 404)


class TestDeletion:
    def test_with_all_below(self, api):
        done = api.ended()
        (task,) = api.listed(f"/v2/executions/{done['id']}/tasks")
        (action,) = api.listed(f"/v2/tasks/{task['id']}/action_executions")

        answer = api.delete(f"/v2/executions/{done['id']}")

        assert (answer.status_code, answer.content) == (204, b"")
        is_fault(api.get(f"/v2/executions/{done['id']}"), 404)
        is_fault(api.get(f"/v2/tasks/{task['id']}"), 404)
        is_fault(api.get(f"/v2/action_executions/{action['id']}"), 404)
        is_fault(api.delete(f"/v2/executions/{done['id']}"), 404)

    @pytest.mark.parametrize("query", ["", "?force=false", "?force="])
    def test_of_one_that_runs(self, api, query):
        execution, _, _ = api.held()

        answer = api.delete(f"/v2/executions/{execution['id']}{query}")
        is_fault(answer, 403, "Only completed executions can be deleted.")
        assert api.get(f"/v2/executions/{execution['id']}").status_code == 200

    @pytest.mark.parametrize("query", ["force=true", "force=True", "force=1"])
    def test_by_force(self, api, query):
        execution, task, _ = api.held()

        assert api.delete(f"/v2/executions/{execution['id']}?{query}").status_code == 204
        is_fault(api.get(f"/v2/tasks/{task['id']}"), 404)

    def test_wrong_arguments(self, api):
        is_fault(api.delete(f"/v2/executions/{UNKNOWN_ID}?bogus=1"), 400)
        is_fault(api.delete(f"/v2/executions/{UNKNOWN_ID}?force=perhaps"), 400)


class TestCopies:
    def test_take_what_is_not_given(self, api):
        done = api.ended(description="first", params={"env": {"a": 1, "b": 2}})

        copy = api.made("/v2/executions", {"source_execution_id": done["id"]})

        assert copy["id"] != done["id"]
        assert copy["workflow_id"] == done["workflow_id"]
        assert decoded(copy["input"]) == decoded(done["input"])
        assert decoded(copy["params"])["env"] == {"a": 1, "b": 2}
        assert copy["description"] == f"first Based on the execution '{done['id']}'"

    def test_take_what_is_given(self, api):
        done = api.ended(description="first", params={"env": {"a": 1, "b": 2}})

        copy = api.made(
            "/v2/executions",
            {
                "source_execution_id": done["id"],
                "input": {"text": "new"},
                "params": {"env": {"b": 3}},
                "description": "second",
            },
        )

        assert decoded(copy["input"]) == {"text": "new", "times": 2}
        assert decoded(copy["params"])["env"] == {"a": 1, "b": 3}
        assert copy["description"] == f"second Based on the execution '{done['id']}'"
