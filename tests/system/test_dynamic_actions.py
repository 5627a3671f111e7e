"""Uploaded code on a whole mesh of real processes: from the upload to the result of a workflow, and back to nothing."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from mistral_mesh import MeshStatus

CODE = """
import os
from mistral_lib import actions

class Add(actions.Action):
    def __init__(self, a, b=1):
        self.sum = a + b
    def run(self, context):
        return {"sum": self.sum, "workflow": context.execution.workflow_name}

class Later(actions.Action):
    def run(self, context):
        return None
    def is_sync(self):
        return False

class Nosy:
    def run(self):
        try:
            return open(f"/proc/{os.getppid()}/environ").read()
        except PermissionError:
            return sorted(name for name in os.environ if "MISTRAL" in name)
"""
WORKFLOW = """
version: '2.0'
summing:
  output: {first: <% $.first %>, second: <% $.second %>, third: <% $.third %>}
  tasks:
    one: {action: calc.add a=2, publish: {first: <% task().result.sum %>}, on-success: two}
    two: {action: twice n=4, publish: {second: <% task().result %>}, on-success: three}
    three:
      action: std.js
      input: {script: 'return $.x * 10', context: {x: <% $.second %>}}
      publish: {third: <% task().result %>}
"""
ADHOC = """
version: '2.0'
twice:
  base: calc.add
  base-input: {a: <% $.n %>, b: <% $.n %>}
  input: [n]
  output: <% $.sum %>
"""


@pytest.fixture(scope="module")
def switched_on(new_mesh: Callable[..., MeshStatus]) -> MeshStatus:
    return new_mesh(settings={"MISTRAL_DYNAMIC_ACTIONS": "true"})


@pytest.fixture
def ctl(switched_on: MeshStatus) -> Callable[..., Any]:
    """Call it with a command of ``mistralctl``; gives what it prints, as JSON if that is asked for."""
    program = str(Path(sys.executable).with_name("mistralctl"))

    def run(*arguments: str, stdin: str = "") -> Any:
        command = [program, *arguments, "--grpc-address", switched_on.grpc_address]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if "json" in arguments else done.stdout

    return run


def run_action(rest: httpx.Client, name: str, **given: Any) -> dict[str, Any]:
    answer = rest.post("/v2/action_executions", json={"name": name, "input": given, "params": {"run_sync": True}})
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return {**shown, "output": json.loads(shown["output"])}


def test_from_the_upload_to_the_result(switched_on: MeshStatus, ctl: Callable[..., Any]):
    stored = ctl("code-source", "create", "calc", "-", "-o", "json", stdin=CODE)
    assert (stored["name"], stored["version"]) == ("calc", 1)
    for name, class_name in (("calc.add", "Add"), ("calc.later", "Later"), ("calc.nosy", "Nosy")):
        ctl("dynamic-action", "create", name, class_name, "calc")
    assert [each["name"] for each in ctl("dynamic-action", "list", "-o", "json")] == [
        "calc.add",
        "calc.later",
        "calc.nosy",
    ]
    listed = {each["name"]: each["input"] for each in ctl("action", "list", "-o", "json", "--limit", "1000")}
    assert listed["calc.add"] == "a, b=1"
    ctl("action", "create", "-", stdin=ADHOC)

    with httpx.Client(base_url=switched_on.http_url, timeout=60) as rest:
        assert run_action(rest, "calc.add", a=5)["output"]["result"]["sum"] == 6
        ended = ctl("run", "-", "-o", "json", stdin=WORKFLOW)
        assert ended["output"] == {"first": 3, "second": 8, "third": 80}
        # Neither its parent's variables nor any of ours.
        assert run_action(rest, "calc.nosy")["output"] == {"result": []}
        wrong = rest.post("/v2/action_executions", json={"name": "calc.add", "input": {"c": 1}})
        assert wrong.status_code == 400
        assert "missing=['a'], unexpected=['c']" in wrong.json()["faultstring"]
        later = rest.post("/v2/action_executions", json={"name": "calc.later", "params": {"run_sync": True}})
        assert later.json()["faultstring"] == "Action does not support synchronous execution."
        begun = rest.post("/v2/action_executions", json={"name": "calc.later"}).json()
        assert begun["state"] == "RUNNING"
        ended = rest.put(f"/v2/action_executions/{begun['id']}", json={"state": "SUCCESS", "output": {"result": 1}})
        assert ended.json()["state"] == "SUCCESS"

        ctl("code-source", "update", "calc", "-", stdin=CODE.replace("a + b", "a * 100"))
        assert ctl("code-source", "get", "calc", "-o", "json")["version"] == 2
        assert run_action(rest, "calc.add", a=5)["output"]["result"]["sum"] == 500

        moved = ctl("dynamic-action", "update", "calc.later", "--class", "Add", "-o", "json")
        assert moved == ctl("dynamic-action", "get", "calc.later", "-o", "json")
        assert run_action(rest, "calc.later", a=2)["output"]["result"]["sum"] == 200
        assert "removed" in ctl("dynamic-action", "delete", "calc.later")

        assert "removed" in ctl("code-source", "delete", "calc")
        gone = rest.post("/v2/action_executions", json={"name": "calc.add", "input": {"a": 1}})
        assert (gone.status_code, gone.json()["faultstring"]) == (400, "Failed to find action [action_name=calc.add]")
        assert ctl("dynamic-action", "list", "-o", "json") == []


def test_code_that_goes_astray_leaves_the_mesh_as_it_was(switched_on: MeshStatus, ctl: Callable[..., Any]):
    code = "class Astray:\n    def __init__(self, how):\n        exec(how)\n    def run(self):\n        pass\n"
    ctl("code-source", "create", "astray", "-", stdin=code)
    ctl("dynamic-action", "create", "astray", "Astray", "astray")
    restarts = {each.name: each.restarts for each in switched_on.programs}

    with httpx.Client(base_url=switched_on.http_url, timeout=60) as rest:
        for how in (
            "all = [bytes(10**7) for _ in range(10**6)]",
            "import os; os.kill(os.getppid(), 9)",
            "import os; os._exit(1)",
        ):
            assert run_action(rest, "astray", how=how)["state"] == "ERROR"
            assert run_action(rest, "std.echo", output=1)["output"] == {"result": 1}
    programs = json.loads((switched_on.home / "run" / "mesh.json").read_text())["programs"]
    assert {each["name"]: each["restarts"] for each in programs} == restarts
