"""Actions of a package written for mistral_lib on a whole mesh: listed, run by workflows, and run on their own."""

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

WORKFLOW = """
version: '2.0'
harbour:
  tasks:
    arrive:
      action: harbour.moor ship="Alma"
      publish:
        berth: <% task().result.berth %>
      on-success: papers
    papers:
      action: harbour.refuse
      publish-on-error:
        reason: <% task().result.reason %>
      on-error: noop
"""


@pytest.mark.slow
def test_a_mesh_lists_them_and_workflows_use_them(new_mesh: Any, folder: Path):
    mesh = new_mesh(settings={"PYTHONPATH": str(folder)})
    with httpx.Client(base_url=f"{mesh.http_url}/v2", timeout=30) as client:
        listed = {action["name"]: action for action in client.get("/actions").json()["actions"]}
        client.post("/workflows", content=WORKFLOW, headers={"Content-Type": "text/plain"}).raise_for_status()
        started = client.post("/executions", json={"workflow_name": "harbour"}).json()
        execution = _ended(client, started["id"])
        alone = client.post("/action_executions", json={"name": "dock.north", "input": json.dumps({"ship": "Alma"})})
        missing = client.post("/action_executions", json={"name": "harbour.moor", "input": "{}"})

    assert listed["harbour.moor"]["input"] == 'ship, berth=1, lines=["bow", "stern"], tug=null'
    assert listed["dock.north"]["description"] == "The north dock."
    assert (execution["state"], json.loads(execution["output"])) == ("SUCCESS", {"berth": 1, "reason": "no papers"})
    assert json.loads(alone.json()["output"]) == {"result": {"dock": "north", "ship": "Alma"}}
    assert (missing.status_code, "missing=['ship']" in missing.text) == (400, True)


def _ended(client: httpx.Client, execution_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        execution: dict[str, Any] = client.get(f"/executions/{execution_id}").json()
        if execution["state"] in ("SUCCESS", "ERROR"):
            return execution
        time.sleep(0.1)
    raise AssertionError("it does not end")
