"""Dynamic actions: classes of uploaded code, each run in a process of its own that is thrown away after it.

The engine is asked for the code before every run, and sends it when it is not the code that is known here.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeAlias

import msgspec

from mistral.internal.v1.dynamic_action_pb2 import GetDynamicActionRequest, GetDynamicActionResponse
from mistral.internal.v1.envelope_pb2 import ActionTask
from mistral_core.errors import NotFound, Unavailable
from mistral_executor.actions.context import ActionContext
from mistral_executor.actions.errors import ActionError, InvalidInput
from mistral_executor.actions.registry import Action, Mode
from mistral_executor.actions.reply import Ending, Reply
from mistral_executor.actions.signature import Signature
from mistral_executor.sandbox.json_text import decoded
from mistral_executor.sandbox.limits import Limits
from mistral_executor.sandbox.worker import AnswerTooLarge, WorkerDied
from mistral_executor.sandbox.workers import Workers

LABEL = "dynamic"
"""What all of them are called where names must be few."""

_PROGRAM = "mistral_executor.sandbox.python_program"
_ANYTHING = Signature("**", (), None, None, frozenset())
_KEPT = 64
# Each use is a process of its own; what makes them is replaced now and then.
_USES = 1_000
_ASK_AGAIN_SECONDS = 0.5
_AROUND_KB = 64
_MOST_ANSWER_KB = 64 * 1024

_Name: TypeAlias = tuple[str, str, str]


class Engine(Protocol):
    """Who knows the code."""

    async def dynamic_action(self, request: GetDynamicActionRequest) -> GetDynamicActionResponse:
        """Raises NotFound if there is none of that name, Unavailable if nobody answers."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicSettings:
    """Whether there are dynamic actions, and how much each run may use.

    Attributes:
        seconds: Longest run.
        cpu_seconds: Of processor time.
        memory_mb: Address space beyond that of the interpreter, in MiB.
        file_mb: Largest file, in MiB.
        processes: Runs at once; further ones wait.
        network: Whether they may open connections, to anywhere.
    """

    enabled: bool = False
    seconds: float = 300.0
    cpu_seconds: int = 60
    memory_mb: int = 256
    file_mb: int = 16
    processes: int = 4
    network: bool = False


class DynamicFailed(Exception):
    """The message is part of the action's error."""


class DynamicActions:
    """Runs whatever name of an action nobody else knows, if there is code for it."""

    def __init__(self, engine: Engine, workers: Workers, settings: DynamicSettings) -> None:
        self._engine = engine
        self._workers = workers
        self._seconds = settings.seconds
        self._code: OrderedDict[_Name, tuple[str, str]] = OrderedDict()

    def action(self, task: ActionTask) -> Action:
        """The action that a task names; whether there is one shows when it is run."""
        return Action(
            name=LABEL,
            description="",
            signature=_ANYTHING,
            implementation="",
            idempotent=False,
            synchronous=True,
            mode=Mode.ASYNC,
            wants_context=True,
            light=False,
            call=partial(self._run, task),
        )

    async def _run(self, task: ActionTask, given: Mapping[str, Any], context: ActionContext | None) -> Reply:
        found, code = await self._found(task)
        request = msgspec.json.encode(
            {
                "action": task.action,
                "source": found.code_source_name,
                "code": code,
                "class_name": found.class_name,
                "input": given,
                "context": _told(task),
            }
        )
        try:
            return _reply(decoded(await self._workers.ask(request, seconds=self._seconds)))
        except TimeoutError:
            raise DynamicFailed(f"it took more than {self._seconds:g} seconds") from None
        except (WorkerDied, AnswerTooLarge) as error:
            raise DynamicFailed(str(error)) from None

    async def _found(self, task: ActionTask) -> tuple[GetDynamicActionResponse, str]:
        name = (task.project_id, task.namespace, task.action)
        digest, code = self._code.get(name, ("", ""))
        request = GetDynamicActionRequest(
            project_id=task.project_id, namespace=task.namespace, name=task.action, known_digest=digest
        )
        while True:
            try:
                found = await self._engine.dynamic_action(request)
                break
            except NotFound:
                self._code.pop(name, None)
                raise InvalidInput(f"Failed to find action [action_name={task.action}]") from None
            except Unavailable:
                await asyncio.sleep(_ASK_AGAIN_SECONDS)
        if found.HasField("content"):
            code = found.content
            self._code[name] = found.digest, code
            if len(self._code) > _KEPT:
                self._code.popitem(last=False)
        return found, code


def dynamic_workers(settings: DynamicSettings, *, answer_kb: int) -> Workers:
    """Return the children for dynamic actions; none is started before there is one to run.

    Args:
        answer_kb: Largest result, in KiB; negative for no limit but that of what we take at all.
    """
    limits = Limits(
        memory_mb=settings.memory_mb,
        cpu_seconds=settings.cpu_seconds,
        file_mb=settings.file_mb,
        network=settings.network,
    )
    most_kb = _MOST_ANSWER_KB if answer_kb < 0 else answer_kb + _AROUND_KB
    return Workers(_PROGRAM, limits, most=settings.processes, uses=_USES, answer_kb=most_kb)


def _told(task: ActionTask) -> dict[str, Any]:
    return {
        "project_id": task.project_id or None,
        "workflow_execution_id": task.execution_id or None,
        "task_execution_id": task.task_id or None,
        "action_execution_id": task.action_id,
        "workflow_name": task.workflow_name or None,
        "callback_url": f"/v2/action_executions/{task.action_id}",
        "with_items_index": task.index,
    }


def _reply(answer: Mapping[str, Any]) -> Reply:
    match answer:
        case {"value": value}:
            return Reply(Ending.DONE, value)
        case {"payload": payload}:
            raise ActionError(payload)
        case {"deferred": True}:
            return Reply(Ending.DEFERRED)
        case {"cancelled": True}:
            return Reply(Ending.CANCELLED)
        case {"refused": str(said)}:
            raise InvalidInput(said)
        case {"error": str(said)}:
            raise DynamicFailed(said)
    raise DynamicFailed("its process gave no answer that can be read")
