"""The ``mistral`` command of python-mistralclient, run in this process, and which of its commands were run."""

import io
import json
import logging
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

from mistralclient.shell import MistralShell


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
