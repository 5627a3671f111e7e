"""The Python API of python-mistralclient, unchanged; its command is tested beside ``tests/system``."""

import json
import time

import pytest
from mistralclient.api import client as mistralclient
from mistralclient.api.base import APIException

from mistral_mesh import MeshStatus
from tests.api_gateway.contract import PATIENCE_SECONDS
from tests.system.mistral_command import FLOW


def test_the_python_api(whole_mesh: MeshStatus, name: str) -> None:
    client = mistralclient.client(mistral_url=f"{whole_mesh.http_url}/v2")
    (flow,) = client.workflows.create(FLOW.format(name=name))
    client.environments.create(name=name, variables={"key": "k"})
    started = client.executions.create(flow.id, workflow_input={"host": "h"}, env=name)
    end = time.monotonic() + PATIENCE_SECONDS
    while (done := client.executions.get(started.id)).state != "SUCCESS":
        assert time.monotonic() < end

    assert json.loads(done.output) == {"said": "h", "env": "k"}
    assert [each.id for each in client.executions.list(workflow_id=flow.id, limit=1)] == [started.id]
    (task,) = client.tasks.list(started.id)
    assert json.loads(client.tasks.get(task.id).result) == "h"
    (action,) = client.action_executions.list(task.id)
    assert json.loads(client.action_executions.get(action.id).output) == {"result": "h"}
    assert client.executions.get_report(started.id)["statistics"]["success_tasks_count"] in (0, 1)
    assert client.environments.get(name).variables == {"key": "k"}
    assert client.workflows.validate(FLOW.format(name=name))["valid"]
    client.executions.delete(started.id)
    with pytest.raises(APIException) as missed:
        client.executions.get(started.id)
    assert missed.value.error_code == 404
    with pytest.raises(APIException) as taken:
        client.workflows.create(FLOW.format(name=name))
    assert taken.value.error_code == 409
    client.workflows.delete(name)
