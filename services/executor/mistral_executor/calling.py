"""Calling an action: from its input to an answer, or to the work that is still to be waited for."""

import logging
from collections.abc import Coroutine
from functools import partial
from inspect import iscoroutine
from typing import Any, TypeAlias

import msgspec

from mistral.internal.v1.envelope_pb2 import ActionTask
from mistral_executor import outcome
from mistral_executor.actions.context import ActionContext, CancelToken
from mistral_executor.actions.errors import ActionError, InvalidInput
from mistral_executor.actions.registry import Action, Mode
from mistral_executor.actions.reply import Ending, Reply
from mistral_executor.actions.ssh_access import SshAccess
from mistral_executor.actions.threads import Threads
from mistral_runtime.egress import Allowed

_log = logging.getLogger(__name__)
_actions_log = logging.getLogger("mistral_executor.action")

# An outcome and its JSON value.
Answer: TypeAlias = tuple[int, bytes]
Work: TypeAlias = Coroutine[Any, Any, Any]

_WITHOUT_VALUE = {Ending.DEFERRED: outcome.DEFERRED, Ending.CANCELLED: outcome.CANCELLED}
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Caller:
    """Calls actions; nothing that an action does or raises gets past it.

    Args:
        limit_kb: Most kilobytes of a result as JSON; negative for no limit.
        threads: Most threads for actions that block.
    """

    def __init__(self, egress: Allowed, *, limit_kb: int, threads: int, ssh: SshAccess) -> None:
        self._egress = egress
        self._ssh = ssh
        self._limit_kb = limit_kb
        self._threads = Threads(threads)

    def call(self, task: ActionTask, action: Action, given: bytes, token: CancelToken | None = None) -> Answer | Work:
        """Call an action with its input, a JSON object; no bytes mean no input."""
        try:
            arguments = _decode(given) if given else {}
            action.signature.check(arguments, action.name, action.implementation)
            context = self._context(task, token) if action.wants_context else None
            if action.mode is Mode.THREAD:
                return self._threads.run(partial(action.call, arguments, context), f"action {action.name}")
            value = action.call(arguments, context)
        except BaseException as error:  # not even SystemExit of an action ends the executor
            return self.failed(task, error)
        return value if iscoroutine(value) else self.succeeded(action, value)

    def succeeded(self, action: Action, value: Any) -> Answer:
        """The answer for what an action returned."""
        if isinstance(value, Reply):
            if value.ending is not Ending.DONE:
                return _WITHOUT_VALUE[value.ending], b""
            value = value.value
        elif not action.synchronous:
            return outcome.DEFERRED, b""
        try:
            return outcome.SUCCESS, outcome.encoded(value, self._limit_kb)
        except outcome.Unsendable as error:
            return outcome.ERROR, outcome.text(str(error))

    def failed(self, task: ActionTask, error: BaseException) -> Answer:
        """The answer for what an action raised."""
        match error:
            case ActionError():
                return self._payload(error.payload)
            case InvalidInput():
                return outcome.REFUSED, outcome.text(str(error))
            case msgspec.MsgspecError():
                return outcome.REFUSED, outcome.text(f"Invalid input [name={task.action}]: it is no JSON object")
        if not isinstance(error, Exception):
            _log.error("action %s raised %s", task.action, type(error).__name__)
        return outcome.ERROR, outcome.text(outcome.exception_text(task, error))

    def _payload(self, payload: Any) -> Answer:
        try:
            return outcome.ERROR, outcome.encoded(payload, self._limit_kb)
        except outcome.Unsendable as error:
            return outcome.ERROR, outcome.text(str(error))

    def _context(self, task: ActionTask, token: CancelToken | None) -> ActionContext:
        return ActionContext(
            action_id=task.action_id,
            attempt=task.attempt,
            task_id=task.task_id,
            execution_id=task.execution_id,
            workflow_name=task.workflow_name,
            project_id=task.project_id,
            index=task.index,
            cancel=token or CancelToken(),
            logger=_actions_log,
            egress=self._egress,
            ssh=self._ssh,
        )
