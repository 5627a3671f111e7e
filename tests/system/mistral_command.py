"""The ``mistral`` command of python-mistralclient, run in this process, and which of its commands were run."""

import io
import json
import logging
import time
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

from mistralclient.shell import MistralShell

PATIENCE_SECONDS = 60

FLOW = """version: '2.0'
{name}:
  description: a flow
  tags: [tagged]
  input: [host, {{port: 80}}]
  output: {{said: <% $.said %>, env: <% env().get(key) %>}}
  tasks:
    say:
      action: std.echo output=<% $.host %>
      publish: {{said: <% task().result %>}}
      on-success: {{publish: {{global: {{g: 1}}}}}}
"""
HELD = "version: '2.0'\n{name}: {{tasks: {{hold: {{action: std.async_noop}}}}}}\n"
FAILING = "version: '2.0'\n{name}: {{tasks: {{bad: {{action: std.fail error_data=<% env().get(why) %>}}}}}}\n"
NESTED = "version: '2.0'\n{name}: {{tasks: {{sub: {{workflow: {inner}}}}}}}\n"
ADHOC = "version: '2.0'\n{name}: {{base: std.echo output=<% $.x %>, input: [x], description: an action}}\n"
BOOK = "version: '2.0'\nname: {name}\nworkflows: {{w: {{tasks: {{t: {{action: std.noop}}}}}}}}\n"
CODE = """class Say:
    def __init__(self, word):
        self.word = word

    def run(self):
        return self.word
"""


class Mistral:
    """The command against one mesh; as the real one, but without a process for each call, which takes a second.

    Attributes:
        ran: Names of the commands that were run.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self.ran: set[str] = set()

    def text(self, command: str, *arguments: object) -> str:
        """Run a command that must succeed, and return what it printed."""
        status, out, err = self._run(command, *map(str, arguments))
        assert status == 0, f"{command}: {err or out}"
        return out

    def refused(self, command: str, *arguments: object) -> str:
        """Run a command that must fail, and return its complaint."""
        status, out, err = self._run(command, *map(str, arguments))
        assert status != 0, out
        return out + err

    def json(self, command: str, *arguments: object) -> Any:
        """Run a command and return what it printed as JSON."""
        return json.loads(self.text(command, *arguments, "-f", "json"))

    def one(self, command: str, *arguments: object) -> Mapping[str, Any]:
        """Run a command that shows one thing, and return that by the titles of its fields."""
        shown = self.json(command, *arguments)
        assert isinstance(shown, dict)
        return shown

    def rows(self, command: str, *arguments: object) -> list[Mapping[str, Any]]:
        """Run a command that shows a table, and return its rows by the titles of the columns."""
        shown = self.json(command, *arguments)
        assert isinstance(shown, list)
        return shown

    def until(self, kind: str, thing_id: str, state: str) -> Mapping[str, Any]:
        """Return a thing by the titles of its fields once it is in the state."""
        end = time.monotonic() + PATIENCE_SECONDS
        while (shown := self.one(f"{kind}-get", thing_id))["State"] != state:
            assert time.monotonic() < end, shown
        return shown

    def started(self, *arguments: object, state: str) -> str:
        """Start an execution and return its id once it is in the state."""
        execution_id = str(self.one("execution-create", *arguments)["ID"])
        self.until("execution", execution_id, state)
        return execution_id

    def task_of(self, execution_id: str) -> str:
        """Return the id of the one task of an execution."""
        (task,) = self.rows("task-list", execution_id)
        return str(task["ID"])

    def known(self) -> set[str]:
        """Return the names of all commands."""
        return {word for word in self.text("bash-completion").split() if not word.startswith("-")}

    def _run(self, command: str, *arguments: str) -> tuple[int, str, str]:
        self.ran.add(command)
        out, err, handlers = io.StringIO(), io.StringIO(), list(logging.root.handlers)
        # It writes to the streams of now only where nobody has set up logging before.
        logging.root.handlers[:] = []
        try:
            with redirect_stdout(out), redirect_stderr(err):
                # Its options are defined when it is made, its streams, too.
                shell = MistralShell()
                status = shell.run(["--os-mistral-url", f"{self._url}/v2", command, *arguments])
        except SystemExit as ended:
            status = int(ended.code or 0)
        finally:
            logging.root.handlers[:] = handlers
        return status, out.getvalue(), err.getvalue()
