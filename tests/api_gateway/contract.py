"""What tests of the REST contract share: a client of a whole mesh, definitions to upload, and waiting for states."""

import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx

UNKNOWN_ID = "7a7a7a7a-1111-4222-8333-944444444444"
PATIENCE_SECONDS = 60

ECHO = """version: '2.0'
# a comment that is kept
{name}:
  description: says it again
  tags: [first, second]
  input: [text, {{times: 2}}]
  output: {{said: <% $.said %>}}
  tasks:
    say:
      action: std.echo output=<% $.text %>
      publish: {{said: <% task().result %>}}
"""
HELD = "version: '2.0'\n{name}: {{tasks: {{hold: {{action: std.async_noop}}}}}}\n"
FAILING = "version: '2.0'\n{name}: {{tasks: {{bad: {{action: std.fail}}}}}}\n"
ADHOC = """version: '2.0'
{name}:
  description: greets
  tags: [polite]
  base: std.echo
  base-input: {{output: Hello <% $.whom %>}}
  input: [whom]
"""
BOOK = """version: '2.0'
name: {name}
tags: [bound]
actions:
  greet: {{input: [whom], base: std.echo output="Hi <% $.whom %>"}}
workflows:
  main: {{tasks: {{t: {{action: greet whom=you}}}}}}
"""


class Api(httpx.Client):
    """Requests to ``/v2`` and what they mean; a method that makes a thing returns it as it was answered."""

    def made(self, path: str, body: Any, **query: Any) -> dict[str, Any]:
        """POST JSON, or a definition, which must be answered with 201."""
        sent = {"content": body} if isinstance(body, str) else {"json": body}
        answer = self.post(path, params=query or None, **sent)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def workflow(self, text: str = ECHO, **query: Any) -> dict[str, Any]:
        """Store a workflow under a new name."""
        return self.made("/v2/workflows", text.format(name=new_name()), **query)["workflows"][0]

    def execution(self, workflow: dict[str, Any], **body: Any) -> dict[str, Any]:
        """Start a workflow."""
        return self.made("/v2/executions", {"workflow_id": workflow["id"], **body})

    def ended(self, text: str = ECHO, *, state: str = "SUCCESS", **body: Any) -> dict[str, Any]:
        """Store a workflow, run it, and return the execution that has got to the state."""
        given = {"input": {"text": "aye"}} if text is ECHO else {}
        return self.until(f"/v2/executions/{self.execution(self.workflow(text), **given, **body)['id']}", state)

    def held(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """Start a workflow that waits for somebody; return the execution, its task and its action."""
        execution = self.execution(self.workflow(HELD))
        task = self.first(f"/v2/executions/{execution['id']}/tasks")
        return execution, task, self.first(f"/v2/tasks/{task['id']}/action_executions")

    def until(self, path: str, state: str) -> dict[str, Any]:
        """Return what is at the path once it is in the state."""
        return self.asked(path, lambda answer: answer.json().get("state") == state).json()

    def several(self, path: str, count: int) -> list[dict[str, Any]]:
        """Return the things of a list once there are so many."""
        self.asked(path, lambda _: len(self.listed(path)) >= count)
        return self.listed(path)

    def first(self, path: str) -> dict[str, Any]:
        """Return the first thing of a list once there is one."""
        return self.several(path, 1)[0]

    def asked(self, path: str, enough: Callable[[httpx.Response], bool]) -> httpx.Response:
        """Return the answer for a path once it is the one that is waited for."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not enough(answer := self.get(path)):
            assert time.monotonic() < end, f"{path} is still {answer.text}"
            time.sleep(0.02)
        return answer

    def listed(self, path: str) -> list[dict[str, Any]]:
        """Return the things of a list."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        (things,) = (value for name, value in answer.json().items() if name != "next")
        return things


def new_name() -> str:
    """Return a name that nothing has."""
    return f"n{uuid4().hex[:12]}"


def is_fault(answer: httpx.Response, status: int, said: str = "") -> None:
    """Hold an answer against an error of an endpoint that takes JSON."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert set(body) == {"faultcode", "faultstring", "debuginfo"}
    assert body["faultcode"] == ("Client" if status < 500 else "Server")
    assert body["debuginfo"] is None
    assert said in body["faultstring"], body


def is_text_fault(answer: httpx.Response, status: int, said: str = "") -> None:
    """Hold an answer against an error of an endpoint that takes text."""
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"faultstring"}
    assert said in answer.json()["faultstring"], answer.text


def decoded(text: Any) -> Any:
    """Return what a string of JSON holds; it must be a string."""
    assert isinstance(text, str), text
    return json.loads(text)
