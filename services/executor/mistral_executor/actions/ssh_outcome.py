"""What became of a command on one host."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Ran:
    """The command ended; ``exit_code`` is negative if a signal ended it."""

    stdout: str
    stderr: str
    exit_code: int

    def why(self, keep: bool) -> str:
        """What is wrong with it; nothing if the results of failing commands are kept."""
        return f"exit code {self.exit_code}" if self.exit_code and not keep else ""

    def entry(self, keep: bool) -> Any:
        """Its entry of the action's result."""
        if not keep:
            return self.stdout
        return {"stdout": self.stdout, "stderr": self.stderr, "exit_code": self.exit_code}


@dataclass(frozen=True, slots=True)
class Failed:
    """The command did not come to an end there that anybody knows of."""

    reason: str

    def why(self, keep: bool) -> str:
        return self.reason

    def entry(self, keep: bool) -> Any:
        return {"error": self.reason}
