"""``std.javascript`` and ``std.js``: a script as the body of a function, in an engine without any way out of it.

The engine lives in a child process that is used again, so a script that goes astray costs its own child at most.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from mistral_executor.actions.declaration import action
from mistral_executor.actions.errors import InvalidInput
from mistral_executor.actions.registry import Action, described
from mistral_executor.sandbox.json_text import decoded
from mistral_executor.sandbox.limits import Limits
from mistral_executor.sandbox.worker import AnswerTooLarge, WorkerDied
from mistral_executor.sandbox.workers import Workers

NAMES = ("std.javascript", "std.js")

_PROGRAM = "mistral_executor.sandbox.javascript_program"
# A child is replaced now and then, in case something of what it ran stays behind.
_USES = 1_000
# So that a result a little too large is refused in the words of all actions.
_AROUND_KB = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptSettings:
    """How much a script may use.

    Attributes:
        seconds: Of processor time.
        memory_mb: Of the engine, in MiB.
        processes: Scripts that run at once; further ones wait.
    """

    seconds: float = 10.0
    memory_mb: int = 64
    processes: int = 2


class ScriptFailed(Exception):
    """The message is the action's error."""


class Scripts:
    """Runs scripts in the children of ``workers``."""

    def __init__(self, workers: Workers, settings: ScriptSettings) -> None:
        self._workers = workers
        self._seconds = settings.seconds
        # The engine stops by itself in time; this is for when the machine is busy, or the engine fails to.
        self._patience = 2 * settings.seconds + 1

    @property
    def actions(self) -> Mapping[str, Action]:
        """The actions by their names."""
        return {name: described(name, self.javascript) for name in NAMES}

    @action(idempotent=True)
    async def javascript(self, script: str, context: Any = None) -> Any:
        """Runs a JavaScript function whose body is `script` and returns what it returns; `$` is `context`."""
        if not isinstance(script, str):
            raise InvalidInput("JavaScriptAction failed: the script must be a text")
        request = msgspec.json.encode({"script": script, "context": context, "seconds": self._seconds})
        try:
            answer = decoded(await self._workers.ask(request, seconds=self._patience))
        except TimeoutError:
            raise ScriptFailed(f"JavaScriptAction failed: it took more than {self._seconds:g} seconds") from None
        except (WorkerDied, AnswerTooLarge) as error:
            raise ScriptFailed(f"JavaScriptAction failed: {error}") from None
        if "error" in answer:
            raise ScriptFailed(f"JavaScriptAction failed: {answer['error']}")
        return answer["value"]


def script_workers(settings: ScriptSettings, *, answer_kb: int) -> Workers:
    """Return the children for scripts; none is started before there is one to run.

    Args:
        answer_kb: Largest result, in KiB; negative for as large as the memory of a script lets it be.
    """
    limits = Limits(memory_mb=settings.memory_mb)
    most_kb = settings.memory_mb * 1024 if answer_kb < 0 else answer_kb
    return Workers(_PROGRAM, limits, most=settings.processes, uses=_USES, answer_kb=most_kb + _AROUND_KB)
