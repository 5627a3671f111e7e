"""The OpenAPI document agrees with what requests may hold."""

import jsonschema
import pytest

from mistral_api_gateway.rest.action_resource import ActionBody
from mistral_api_gateway.rest.action_runs import RunBody
from mistral_api_gateway.rest.dynamic_actions import DynamicActionBody
from mistral_api_gateway.rest.environments import EnvironmentBody
from mistral_api_gateway.rest.execution_resource import ExecutionBody
from mistral_api_gateway.rest.openapi_examples import BODIES, TEXTS
from mistral_api_gateway.rest.schemas import SCHEMAS
from mistral_api_gateway.rest.task_resource import TaskBody

REQUESTS = {
    "ExecutionStart": ExecutionBody,
    "ExecutionChange": ExecutionBody,
    "EnvironmentChange": EnvironmentBody,
    "TaskChange": TaskBody,
    "ActionChange": ActionBody,
    "ActionRun": RunBody,
    "DynamicActionChange": DynamicActionBody,
}


@pytest.mark.parametrize("schema", REQUESTS)
def test_what_is_described_of_a_request_is_taken(schema):
    assert set(SCHEMAS[schema]["properties"]) <= set(REQUESTS[schema].__struct_fields__)


async def test_examples_are_what_they_are_examples_of(rest):
    components = (await rest.get("/openapi.json")).json()["components"]

    for name, example in BODIES.items():
        jsonschema.validate(example, {"$ref": f"#/components/schemas/{name}", "components": components})
    for plural in ("workflows", "workbooks", "actions"):
        assert (await rest.post(f"/v2/{plural}/validate", content=TEXTS[plural])).json() == {"valid": True}


async def test_every_request_and_list_is_described(rest):
    paths = (await rest.get("/openapi.json")).json()["paths"]

    for path, methods in paths.items():
        for method, told in methods.items():
            # Some say all they have to say with their address.
            if method in ("post", "put") and "members" not in path and not path.endswith(("/test", "/resume")):
                assert "requestBody" in told, (method, path)
    arguments = {each["name"] for each in paths["/v2/executions"]["get"]["parameters"]}
    assert {"limit", "marker", "sort_keys", "sort_dirs", "fields", "nulls", "include_output", "tags"} <= arguments
