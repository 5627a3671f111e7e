"""Running an action written for mistral_lib: its context, the call, and what its result means here."""

import inspect
import logging
from collections.abc import Container, Mapping, Sequence
from typing import Any

from mistral_executor.actions.context import ActionContext
from mistral_executor.actions.errors import ActionError, InvalidInput
from mistral_executor.actions.mistral_lib import discovery, options
from mistral_executor.actions.mistral_lib.discovery import Found
from mistral_executor.actions.mistral_lib.inputs import signature_from, signature_of
from mistral_executor.actions.registry import Action, Mode
from mistral_executor.actions.reply import Ending, Reply
from mistral_lib import actions, utils
from mistral_lib.actions import context as library

_log = logging.getLogger(__name__)

# Where Mistral keeps the security context of a thread besides, and where mistral-extra looks for it.
_SECURITY = "MISTRAL_APP_CTX_THREAD_LOCAL"


def offered(taken: Container[str], *, patterns: Sequence[str], config_file: str) -> dict[str, Action]:
    """Load the actions of all installed packages.

    Args:
        taken: Names that no package may have.
        patterns: Names that are wanted, with ``*`` and ``?`` as in file names.
        config_file: Settings of those packages, in the form of ``oslo.config``; empty for none.

    Raises:
        SettingError: If that file cannot be read.
    """
    options.read(config_file)
    found = discovery.offered(taken, patterns, described)
    options.complete()
    return found


def described(found: Found) -> Action:
    """Turn a class into an action.

    Raises:
        TypeError: If it is no class, or has no method ``run``.
    """
    target, name = found.target, found.name
    if not inspect.isclass(target) or not callable(getattr(target, "run", None)):
        raise TypeError(f"{target!r} is no class with a method run")
    implementation = f"{target.__module__}.{target.__name__}"
    return Action(
        name=name,
        description=found.description or inspect.getdoc(target) or "",
        signature=signature_of(target.__init__) if found.arguments is None else signature_from(found.arguments),
        implementation=implementation,
        idempotent=False,
        synchronous=_presumably_synchronous(target),
        mode=Mode.THREAD,
        wants_context=True,
        light=False,
        call=lambda given, context: _run(_made(target, given, name, implementation), context),
    )


def _presumably_synchronous(target: Any) -> bool:
    """Ask an action without any input; the answer is for lists, each run asks again."""
    if getattr(target, "is_sync", None) in (None, actions.Action.is_sync):
        return True
    try:
        return bool(target.__new__(target).is_sync())
    except Exception as error:
        # It depends on its input.
        _log.debug("%s does not say whether it is synchronous: %s", target.__name__, type(error).__name__)
        return True


def _made(target: type, given: Mapping[str, Any], name: str, implementation: str) -> Any:
    try:
        return target(**given)
    except Exception as error:
        said = str(error) or type(error).__name__
        raise InvalidInput(
            f"Failed to instantiate an action [name={name}, class={implementation}, msg='{said}']"
        ) from None


def _run(action: Any, context: ActionContext | None) -> Reply:
    assert context is not None
    told = _told(context)
    utils.set_thread_local(_SECURITY, told.security)
    # Others than those derived from the library's class were never given a context.
    result = action.run(told) if isinstance(action, actions.Action) else action.run()
    if not isinstance(result, actions.Result):
        result = actions.Result(data=result)
    if result.is_error():
        raise ActionError(_plain(result.error))
    if hasattr(action, "is_sync") and not action.is_sync():
        return Reply(Ending.DEFERRED)
    return Reply(Ending.CANCELLED) if result.is_cancel() else Reply(Ending.DONE, _plain(result.data))


def _told(context: ActionContext) -> library.ActionContext:
    """Make the library's context of ours; what we do not know is None, as for an action without a workflow."""
    return library.ActionContext(
        library.SecurityContext(project_id=context.project_id or None),
        library.ExecutionContext(
            workflow_execution_id=context.execution_id or None,
            task_execution_id=context.task_id or None,
            action_execution_id=context.action_id,
            workflow_name=context.workflow_name or None,
            callback_url=f"/v2/action_executions/{context.action_id}",
            with_items_index=context.index,
        ),
    )


def _plain(value: Any) -> Any:
    """Turn a value into JSON's types, the way the library does: objects by their attributes, dates as text.

    Raises:
        ActionError: If it has no such form.
    """
    try:
        return utils.from_json_str(utils.to_json_str(value))
    except (TypeError, ValueError, RecursionError) as error:
        raise ActionError(f"The result is not JSON: {error}") from None
