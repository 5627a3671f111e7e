"""The REST contract of ``/v2/code_sources`` and ``/v2/dynamic_actions``."""

import pytest

from tests.api_gateway.contract import UNKNOWN_ID, Api, decoded, is_fault, is_text_fault, new_name

SOURCE_FIELDS = {
    "id",
    "name",
    "namespace",
    "content",
    "version",
    "project_id",
    "scope",
    "actions",
    "created_at",
    "updated_at",
}
ACTION_FIELDS = {
    "id",
    "name",
    "namespace",
    "class_name",
    "code_source_id",
    "code_source_name",
    "project_id",
    "scope",
    "created_at",
    "updated_at",
}
CODE = "class One:\n    def run(self):\n        return 1\n\n\nclass Two:\n    def run(self):\n        return 2\n"


def source(api: Api, **query: str) -> dict:
    return api.made("/v2/code_sources", CODE, **{"name": new_name(), **query})


class TestCodeSources:
    def test_are_answered_with_all_fields(self, api):
        name = new_name()

        answer = api.post(f"/v2/code_sources?name={name}&scope=public&namespace=ns", content=CODE)
        shown = answer.json()

        assert answer.status_code == 201
        assert set(shown) == SOURCE_FIELDS
        assert (shown["name"], shown["namespace"], shown["scope"]) == (name, "ns", "public")
        assert (shown["content"], shown["version"]) == (CODE, 1)
        assert api.get(f"/v2/code_sources/{name}?namespace=ns").json() == shown
        assert api.get(f"/v2/code_sources/{shown['id']}").json() == shown
        assert api.listed(f"/v2/code_sources?name={name}") == [shown]

    def test_get_a_version_with_each_update(self, api):
        made = source(api)

        answer = api.put(f"/v2/code_sources?identifier={made['name']}", content="a = 1\n")

        assert answer.status_code == 200
        assert (answer.json()["id"], answer.json()["version"]) == (made["id"], 2)
        assert answer.json()["content"] == "a = 1\n"
        assert api.put(f"/v2/code_sources?identifier={made['id']}", content=CODE).json()["version"] == 3

    def test_that_are_refused(self, api):
        made = source(api)

        is_text_fault(api.post(f"/v2/code_sources?name={made['name']}", content=CODE), 409)
        is_text_fault(api.post("/v2/code_sources", content=CODE), 400, "name")
        is_text_fault(api.post(f"/v2/code_sources?name={new_name()}&scope=all", content=CODE), 400, "cope")
        is_text_fault(api.put("/v2/code_sources?identifier=nothing", content=CODE), 404)
        is_text_fault(api.put("/v2/code_sources", content=CODE), 400)

    @pytest.mark.parametrize("key", ["id", "name"])
    def test_go_with_their_actions(self, api, key):
        made = source(api)
        action = {"name": new_name(), "class_name": "One", "code_source_id": made["id"]}
        action_id = api.made("/v2/dynamic_actions", action)["id"]

        answer = api.delete(f"/v2/code_sources/{made[key]}")

        assert (answer.status_code, answer.content) == (204, b"")
        is_fault(api.get(f"/v2/code_sources/{made['id']}"), 404)
        is_fault(api.get(f"/v2/dynamic_actions/{action_id}"), 404)


class TestDynamicActions:
    @pytest.mark.parametrize("attribute", ["code_source_id", "code_source_name"])
    def test_are_answered_with_all_fields(self, api, attribute):
        made, name = source(api), new_name()
        named = made["id"] if attribute == "code_source_id" else made["name"]

        answer = api.post("/v2/dynamic_actions", json={"name": name, "class_name": "One", attribute: named})
        shown = answer.json()

        assert answer.status_code == 201
        assert set(shown) == ACTION_FIELDS
        assert (shown["name"], shown["class_name"], shown["scope"]) == (name, "One", "private")
        assert (shown["code_source_id"], shown["code_source_name"]) == (made["id"], made["name"])
        assert api.get(f"/v2/dynamic_actions/{name}").json() == shown
        assert api.get(f"/v2/dynamic_actions/{shown['id']}").json() == shown
        assert api.listed(f"/v2/dynamic_actions?name={name}") == [shown]
        run = api.made("/v2/action_executions", {"name": name, "params": {"run_sync": True}})
        assert decoded(run["output"]) == {"result": 1}

    @pytest.mark.parametrize("key", ["id", "name"])
    def test_are_changed_by_what_the_body_names(self, api, key):
        action = {"name": new_name(), "class_name": "One", "code_source_id": source(api)["id"]}
        made = api.made("/v2/dynamic_actions", action)

        answer = api.put("/v2/dynamic_actions", json={key: made[key], "class_name": "Two"})

        assert answer.status_code == 200
        assert (answer.json()["id"], answer.json()["class_name"]) == (made["id"], "Two")

    def test_that_are_refused(self, api):
        made = source(api)
        action = {"name": new_name(), "class_name": "One", "code_source_id": made["id"]}
        api.made("/v2/dynamic_actions", action)

        is_fault(api.post("/v2/dynamic_actions", json=action), 409)
        is_fault(api.post("/v2/dynamic_actions", json={**action, "name": None}), 400)
        is_fault(api.post("/v2/dynamic_actions", json={"name": new_name(), "class_name": "One"}), 400)
        is_fault(api.post("/v2/dynamic_actions", json={**action, "name": "x", "code_source_id": UNKNOWN_ID}), 404)
        is_fault(api.put("/v2/dynamic_actions", json={"name": "nothing", "class_name": "One"}), 404)

    def test_are_deleted(self, api):
        action = {"name": new_name(), "class_name": "One", "code_source_id": source(api)["id"]}
        path = f"/v2/dynamic_actions/{api.made('/v2/dynamic_actions', action)['id']}"

        assert api.delete(path).status_code == 204
        is_fault(api.get(path), 404)
        is_fault(api.delete(path), 404)
